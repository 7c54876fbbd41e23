import type { Row } from '../../../../radius/routeros';
import { matchesQuery } from '../api-query';
import type { RouterConfig } from './config';
import type { Definition } from './definition';
import { derived, inventedName } from './derived';
import type { Reply } from './reply';
import { readValue } from './values';

type Kept = Record<string, string>;

/** One menu: its rows in their order, and what its commands do. A refused command changes nothing. */
export class Menu {
  readonly rows: Kept[] = [];
  private made = 0;

  constructor(
    private readonly config: RouterConfig,
    readonly path: string,
    readonly definition: Definition,
    private readonly changed: (row: Row) => void,
  ) {
    if (definition.kind === 'settings') this.rows.push({ ...definition.defaults, ...definition.initial?.[0] });
    else for (const row of definition.initial ?? []) this.plant(row);
  }

  run(command: string, args: Row, queries: readonly string[]): Reply {
    switch (command) {
      case 'print':
        return { rows: this.rows.filter((row) => matchesQuery(row, queries)).map((row) => this.shown(row)) };
      case 'get':
        return this.get(args);
      case 'find':
        return {
          ret: this.rows
            .filter((row) => matchesQuery(row, queries))
            .map((row) => row['.id'])
            .join(';'),
        };
      case 'add':
        return this.add(args);
      case 'set':
        return this.set(args);
      case 'enable':
      case 'disable':
        return this.change(args, () => ({ disabled: String(command === 'disable') }));
      case 'comment':
        return this.change(args, () => ({ comment: args['comment'] ?? '' }));
      case 'unset':
        return this.unset(args);
      case 'remove':
        return this.remove(args);
      case 'move':
        return this.move(args);
      case 'reset-counters':
      case 'reset-counters-all':
        return { done: true };
      default:
        return { trap: 'no such command' };
    }
  }

  plant(values: Row): Kept {
    this.made += 1;
    const row: Kept = { '.id': `*${this.made.toString(16).toUpperCase()}`, ...this.definition.defaults, ...values };
    this.rows.push(row);
    this.changed(row);
    return row;
  }

  uproot(id: string): void {
    const at = this.rows.findIndex((row) => row['.id'] === id);
    if (at >= 0) this.rows.splice(at, 1);
    this.changed({ '.id': id, '.dead': 'true' });
  }

  /** Dynamic rows are made anew by whoever made them. */
  rebooted(): void {
    for (const row of this.rows.filter((candidate) => candidate['dynamic'] === 'true')) this.uproot(row['.id'] ?? '');
  }

  private shown(row: Row): Row {
    const hidden = this.definition.hidden ?? [];
    // Without a comment there is none in a row.
    return Object.fromEntries(
      Object.entries(row).filter(([name, value]) => !hidden.includes(name) && (name !== 'comment' || value !== '')),
    );
  }

  private get(args: Row): Reply {
    const [row] = this.definition.kind === 'settings' ? this.rows : this.targets(args);
    if (row === undefined) return { trap: 'no such item' };
    const name = args['value-name'];
    return name === undefined ? { rows: [this.shown(row)] } : { ret: row[name] ?? '' };
  }

  private add(args: Row): Reply {
    const { definition } = this;
    if (definition.kind !== 'list' || definition.fixed) return { trap: 'no such command' };
    const source = args['copy-from'] === undefined ? undefined : this.targets({ numbers: args['copy-from'] })[0];
    const { 'copy-from': _from, 'place-before': before, ...given } = args;
    const read = this.read(given);
    if ('trap' in read) return read;
    const { '.id': _id, ...copied } = source ?? {};
    const missing = (definition.required ?? []).filter((name) => !(read.values[name] ?? copied[name]));
    if (missing.length > 0) return { trap: `missing value(s) of argument(s) ${missing.join(' ')}` };
    const values: Kept = { ...definition.defaults, ...copied, ...read.values };
    if ('name' in definition.defaults && !given['name'])
      values['name'] = inventedName(this.path, this.rows, definition.defaults['name']);
    const taken = this.taken(values);
    if (taken !== undefined) return { trap: taken };
    const row = this.plant(derived(this.path, values));
    if (before !== undefined) this.place(row, before);
    return { ret: row['.id'] ?? '' };
  }

  private set(args: Row): Reply {
    const { '.id': id, numbers, ...given } = args;
    const read = this.read(given);
    if ('trap' in read) return read;
    if (this.definition.kind === 'settings') {
      const [row] = this.rows;
      this.assign(row ?? {}, read.values);
      return { done: true };
    }
    return this.change(
      { ...(id !== undefined && { '.id': id }), ...(numbers !== undefined && { numbers }) },
      () => read.values,
    );
  }

  private unset(args: Row): Reply {
    const name = args['value-name'] ?? '';
    return this.change(args, () => ({ [name]: this.definition.defaults[name] ?? '' }));
  }

  private change(args: Row, values: () => Kept): Reply {
    const rows = this.targets(args);
    if (rows.length === 0) return { trap: 'no such item' };
    if (rows.some((row) => row['dynamic'] === 'true')) return { trap: 'failure: can not change dynamic object' };
    for (const row of rows) {
      const taken = this.taken({ ...row, ...values() }, row);
      if (taken !== undefined) return { trap: taken };
    }
    for (const row of rows) this.assign(row, values());
    return { done: true };
  }

  private assign(row: Kept, values: Kept): void {
    Object.assign(row, values);
    Object.assign(row, derived(this.path, row));
    this.changed(row);
  }

  private remove(args: Row): Reply {
    const rows = this.targets(args);
    if (rows.length === 0) return { trap: 'no such item' };
    if (this.definition.fixed) return { trap: 'no such command' };
    if (rows.some((row) => row['dynamic'] === 'true')) return { trap: 'failure: can not remove dynamic object' };
    if (rows.some((row) => row['default'] === 'true')) return { trap: 'failure: can not remove default object' };
    for (const row of rows) this.uproot(row['.id'] ?? '');
    return { done: true };
  }

  private move(args: Row): Reply {
    if (!this.definition.ordered) return { trap: 'no such command' };
    const rows = this.targets(args);
    if (rows.length === 0) return { trap: 'no such item' };
    for (const row of rows) this.place(row, args['destination']);
    return { done: true };
  }

  private place(row: Kept, before: string | undefined): void {
    this.rows.splice(this.rows.indexOf(row), 1);
    const [other] = before === undefined ? [] : this.targets({ numbers: before });
    if (other === undefined) this.rows.push(row);
    else this.rows.splice(this.rows.indexOf(other), 0, row);
    this.changed(row);
  }

  /** The rows that `.id` or `numbers` names: ids, names, or places in the order of print. */
  private targets(args: Row): Kept[] {
    const named = (args['.id'] ?? args['numbers'] ?? args['number'] ?? '').split(/[,;]/).filter((text) => text !== '');
    const rows = named.map(
      (text) =>
        this.rows.find((row) => row['.id'] === text || row['name'] === text || row['default-name'] === text) ??
        (/^\d+$/.test(text) ? this.rows[Number(text)] : undefined),
    );
    return rows.every((row) => row !== undefined) ? rows : [];
  }

  private read(given: Row): { values: Kept } | { trap: string } {
    const values: Kept = {};
    for (const [name, text] of Object.entries(given)) {
      const read = readValue(this.config, this.path, name, text, this.definition.defaults[name]);
      if ('trap' in read) return read;
      values[name] = read.value;
    }
    return { values };
  }

  private taken(values: Row, but?: Row): string | undefined {
    const { once } = this.definition;
    if (once === undefined) return undefined;
    const same = this.rows.some((row) => row !== but && once.fields.every((field) => row[field] === values[field]));
    return same ? once.refusal : undefined;
  }
}
