import type { Row } from '../../../../radius/routeros';
import { matchesQuery } from '../api-query';
import type { RouterConfig } from './config';
import type { Reply } from './reply';

interface Kept {
  id: string;
  contents: Buffer;
  at_ms: number;
}

/** Files whose octets a print shows and a set takes: RouterOS 6 stops at 4,095, 7 at about 60 KB. */
const SHOWN_BYTES = { v6: 4095, v7: 60_000 };
/** `/file/read` gives at most this much in one go. */
const CHUNK_BYTES = 32_768;

/** `/file`: what lies on a router's disk. Only what is under flash/ outlives a reboot of a router that has such a folder. */
export class RouterFiles {
  private readonly kept = new Map<string, Kept>();
  private made = 0;
  /** The next write and all after it fail, as on a full or broken disk. */
  broken = false;

  constructor(private readonly config: RouterConfig) {
    for (const [name, reply] of Object.entries({
      print: (_: Row, queries: readonly string[]): Reply => ({ rows: this.rows(queries) }),
      find: (_: Row, queries: readonly string[]): Reply => ({
        ret: this.rows(queries)
          .map((row) => row['.id'])
          .join(';'),
      }),
      get: (args: Row): Reply => this.get(args),
      add: (args: Row): Reply => this.add(args),
      set: (args: Row): Reply => this.set(args),
      remove: (args: Row): Reply => this.remove(args),
      read: (args: Row): Reply => this.chunk(args),
    }))
      if (config.tree.hasCommand(`/file/${name}`)) config.serve(`/file/${name}`, reply);
  }

  get names(): string[] {
    return [...this.kept.keys()];
  }

  read(name: string): Buffer | undefined {
    return this.kept.get(trimmed(name))?.contents;
  }

  /** Whether there is something under this folder. */
  hasFolder(name: string): boolean {
    return this.names.some((known) => known.startsWith(`${trimmed(name)}/`));
  }

  /** Writes a file with the folders above it; the words of the refusal when there is no room. */
  write(name: string, contents: Buffer): string | undefined {
    const at = trimmed(name);
    const room = (this.config.options.disk_bytes ?? 16 * 1024 * 1024) - this.used() + (this.read(at)?.length ?? 0);
    if (this.broken || contents.length > room) return 'failure: not enough space on disk';
    const known = this.kept.get(at);
    if (known === undefined) this.made += 1;
    this.kept.set(at, {
      id: known?.id ?? `*${this.made.toString(16).toUpperCase()}`,
      contents,
      at_ms: this.config.clock.now_ms(),
    });
    return undefined;
  }

  delete(name: string): void {
    this.kept.delete(trimmed(name));
  }

  used(): number {
    return [...this.kept.values()].reduce((sum, { contents }) => sum + contents.length, 0);
  }

  rebooted(): void {
    if (!this.config.options.flash) return;
    for (const name of this.names) if (!name.startsWith('flash/')) this.kept.delete(name);
  }

  private get shown_bytes(): number {
    return this.config.version === '6.49' ? SHOWN_BYTES.v6 : SHOWN_BYTES.v7;
  }

  private rows(queries: readonly string[]): Row[] {
    const folders = new Set<string>();
    for (const name of this.names)
      for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) folders.add(name.slice(0, at));
    const rows = [
      ...[...folders].map((name, n): Row => ({
        '.id': `*F${n.toString(16).toUpperCase()}`,
        name,
        type: 'directory',
        ...this.when(0),
      })),
      ...[...this.kept].map(([name, file]) => this.row(name, file)),
    ];
    return rows.filter((row) => matchesQuery(row, queries));
  }

  private row(name: string, { id, contents, at_ms }: Kept): Row {
    const isText = !contents.includes(0);
    const kind = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
    const type = { backup: 'backup', rsc: 'script' }[kind] ?? (kind === '' ? 'file' : `.${kind} file`);
    return {
      '.id': id,
      name,
      type,
      size: String(contents.length),
      ...this.when(at_ms),
      ...(isText && contents.length <= this.shown_bytes && { contents: contents.toString('utf8') }),
    };
  }

  private when(at_ms: number): Row {
    const text = this.config.system.moment(at_ms || this.config.clock.now_ms());
    return this.config.version === '6.49' || this.config.version === '7.10'
      ? { 'creation-time': text }
      : { 'last-modified': text };
  }

  private named(args: Row): string | undefined {
    const wanted = args['.id'] ?? args['numbers'] ?? args['number'] ?? args['file'] ?? '';
    return this.names.find((name) => name === trimmed(wanted) || this.kept.get(name)?.id === wanted);
  }

  private get(args: Row): Reply {
    const name = this.named(args);
    const file = name === undefined ? undefined : this.kept.get(name);
    if (name === undefined || file === undefined) return { trap: 'no such item' };
    const row = this.row(name, file);
    return args['value-name'] === undefined ? { rows: [row] } : { ret: row[args['value-name']] ?? '' };
  }

  private add(args: Row): Reply {
    const { name = '', contents = '' } = args;
    if (name === '') return { trap: 'missing value(s) of argument(s) name' };
    if (this.read(name) !== undefined) return { trap: 'failure: file already exists' };
    return this.put(name, contents) ?? { ret: this.kept.get(trimmed(name))?.id ?? '' };
  }

  private set(args: Row): Reply {
    const name = this.named(args);
    if (name === undefined) return { trap: 'no such item' };
    return this.put(name, args['contents'] ?? '') ?? { done: true };
  }

  private put(name: string, text: string): Reply | undefined {
    const contents = Buffer.from(text, 'utf8');
    if (contents.length > this.shown_bytes) return { trap: 'failure: file content too long' };
    const refusal = this.write(name, contents);
    return refusal === undefined ? undefined : { trap: refusal };
  }

  private remove(args: Row): Reply {
    const wanted = (args['.id'] ?? args['numbers'] ?? '').split(',');
    const names = wanted.map((one) => this.named({ '.id': one }));
    if (names.includes(undefined)) return { trap: 'no such item' };
    for (const name of names) this.kept.delete(name ?? '');
    return { done: true };
  }

  private chunk(args: Row): Reply {
    const name = this.named(args);
    if (name === undefined) return { trap: 'no such item' };
    const size = Number(args['chunk-size'] ?? CHUNK_BYTES);
    if (!(size > 0 && size <= CHUNK_BYTES)) return { trap: `value of chunk-size out of range (1..${CHUNK_BYTES})` };
    const from = Number(args['offset'] ?? 0);
    return { rows: [{ data: (this.read(name) ?? Buffer.alloc(0)).subarray(from, from + size).toString('utf8') }] };
  }
}

function trimmed(name: string): string {
  return name.replace(/^\/+/, '').replace(/\/+$/, '');
}
