import type { Row } from '../../../../radius/routeros';
import { matchesQuery } from '../api-query';
import { realClock, type RouterClock } from '../clock';
import type { RouterOsVersion } from '../profile';
import type { Definition } from './definition';
import { definitionsOf } from './definitions';
import { exportText, type ExportOptions } from './export';
import { fetchCommand } from './fetch';
import { RouterFiles } from './files';
import { Interfaces } from './interfaces';
import { Menu } from './menu';
import type { Command, Reply } from './reply';
import { commandTree, type CommandTree } from './schema';
import { SystemState } from './system';

export interface RouterConfigOptions {
  version: RouterOsVersion;
  /** `/system identity`. Default MikroTik. */
  identity?: string;
  clock?: RouterClock;
  /** Where /tool/fetch calls from. Default: wherever the machine likes. */
  address?: string;
  /** Only what lies under flash/ outlives a reboot. Default false: everything does. */
  flash?: boolean;
  /** Room for files. Default 16 MiB. */
  disk_bytes?: number;
}

/** What is configured on a router, and what it says to commands about it: CONTEXT.md. */
export class RouterConfig {
  readonly version: RouterOsVersion;
  readonly tree: CommandTree;
  readonly clock: RouterClock;
  readonly files: RouterFiles;
  readonly system: SystemState;
  readonly interfaces: Interfaces;
  private readonly menus = new Map<string, Menu>();
  private readonly served = new Map<string, Command>();
  private readonly listeners = new Map<string, Set<(row?: Row) => void>>();
  private readonly definitions: Record<string, Definition>;

  constructor(readonly options: RouterConfigOptions) {
    this.version = options.version;
    this.clock = options.clock ?? realClock;
    this.tree = commandTree(options.version);
    this.definitions = definitionsOf(options.version, options.identity ?? 'MikroTik');
    this.files = new RouterFiles(this);
    this.system = new SystemState(this);
    this.interfaces = new Interfaces(this);
    this.serve('/tool/fetch', fetchCommand(this));
    for (const menu of Object.keys(this.definitions)) if (this.tree.hasMenu(menu)) this.menu(menu);
  }

  /** The rows of a list as they are kept, secrets and all; empty where this version has no such menu. */
  rows(menu: string): readonly Row[] {
    return this.menu(menu)?.rows ?? [];
  }

  /** The one row of a menu of settings. */
  settings(menu: string): Row {
    return this.menu(menu)?.rows[0] ?? {};
  }

  /** The first row of a list that has these fields. */
  find(menu: string, where: Row): Row | undefined {
    return this.rows(menu).find((row) => Object.entries(where).every(([name, value]) => row[name] === value));
  }

  /** Runs one command, by its whole path: what the API is asked and what a script says. Refusals are replies. */
  run(path: string, args: Row = {}, queries: readonly string[] = []): Promise<Reply> | Reply {
    const refusal = this.refusal(path, args);
    if (refusal !== undefined) return { trap: refusal };
    const served = this.served.get(path);
    if (served) return served(args, queries);
    const at = path.lastIndexOf('/');
    const menu = this.menu(path.slice(0, at));
    if (menu === undefined) return { trap: 'no such command' };
    return menu.run(path.slice(at + 1), args, queries);
  }

  /** Puts a row past every rule: dynamic rows, and what a test plants. */
  plant(menu: string, values: Row): Row {
    const found = this.menu(menu);
    if (found === undefined) throw new Error(`RouterOS ${this.version} has no ${menu}`);
    return found.plant(values);
  }

  /** Takes a row away past every rule. */
  uproot(menu: string, id: string): void {
    this.menu(menu)?.uproot(id);
  }

  /** Answers a command from outside the rows; the version need not know it. */
  serve(path: string, command: Command): void {
    this.served.set(path, command);
  }

  /** Calls after each change of a menu, with the row as it is, or with `.dead` when it went. The result ends it. */
  on(menu: string, listener: (row?: Row) => void): () => void {
    const all = this.listeners.get(menu) ?? new Set();
    this.listeners.set(menu, all.add(listener));
    return () => all.delete(listener);
  }

  /** Fields of a menu that only who has the policy `sensitive` sees. */
  sensitive(menu: string): readonly string[] {
    return this.definitions[menu]?.sensitive ?? [];
  }

  /** Whether an interface of that name is there. */
  hasInterface(name: string): boolean {
    return this.interfaces.has(name);
  }

  /** What /export says. */
  exported(options: ExportOptions = {}): string {
    return exportText(this, options);
  }

  /** A menu with what it was defined by; undefined where the version has none. */
  menu(path: string): Menu | undefined {
    const known = this.menus.get(path);
    if (known) return known;
    if (!this.tree.hasMenu(path) || path === '/file') return undefined;
    const definition = this.definitions[path] ?? this.guess(path);
    if (definition === undefined) return undefined;
    const menu = new Menu(this, path, definition, (row) => this.changed(path, row));
    this.menus.set(path, menu);
    return menu;
  }

  /** Files and rows that do not outlive a reboot are gone. */
  rebooted(): void {
    this.files.rebooted();
    this.system.rebooted();
    for (const menu of this.menus.values()) menu.rebooted();
  }

  private changed(menu: string, row: Row): void {
    for (const listener of this.listeners.get(menu) ?? []) listener(row);
  }

  /** A menu that nobody described: rows of what is given. */
  private guess(path: string): Definition | undefined {
    if (this.tree.hasCommand(`${path}/add`)) return { kind: 'list', defaults: { disabled: 'false' } };
    if (this.tree.hasCommand(`${path}/set`)) return { kind: 'settings', defaults: {} };
    return this.tree.hasCommand(`${path}/print`) ? { kind: 'list', defaults: {}, fixed: true } : undefined;
  }

  private refusal(path: string, args: Row): string | undefined {
    const known = this.tree.hasCommand(path);
    if (!known && !this.served.has(path)) {
      const above = path.slice(0, path.lastIndexOf('/'));
      return above === '' || this.tree.hasMenu(above) ? 'no such command' : 'no such command prefix';
    }
    if (!known) return undefined;
    const unknown = Object.keys(args).find((name) => !this.tree.takes(path, name.replace(/^!/, '')));
    return unknown === undefined ? undefined : `unknown parameter ${unknown}`;
  }
}

/** Rows that answer the queries of a sentence. */
export function answering(rows: readonly Row[], queries: readonly string[]): Row[] {
  return rows.filter((row) => matchesQuery(row, queries));
}
