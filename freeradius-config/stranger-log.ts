import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Pool } from 'pg';

const chunk_bytes = 1 << 20;
const stranger = /from unknown client (\S+) port \d+/g;

/** Reads in FreeRADIUS' own log who was refused because their address is no router of ours: the first thing to look at when a new router stays dark. */
export class StrangerLog {
  private position: number | undefined;

  constructor(
    private readonly path: string,
    private readonly pool: Pool,
  ) {}

  /** Counts what was written since the last time, from the end of the file as it was first found. */
  async load(): Promise<void> {
    const text = this.read();
    const packets = new Map<string, number>();
    for (const [, address] of text.matchAll(stranger)) {
      if (address) packets.set(address, (packets.get(address) ?? 0) + 1);
    }
    if (packets.size === 0) return;
    await this.pool.query('SELECT access_note_strangers($1::inet[], $2::bigint[])', [
      [...packets.keys()],
      [...packets.values()],
    ]);
  }

  private read(): string {
    let file: number;
    try {
      file = openSync(this.path, 'r');
    } catch {
      this.position ??= 0;
      return '';
    }
    try {
      const size = fstatSync(file).size;
      const from = this.position ?? size;
      if (from >= size) {
        this.position = size;
        return '';
      }
      const bytes = Buffer.alloc(Math.min(chunk_bytes, size - from));
      const got = readSync(file, bytes, 0, bytes.length, from);
      const end = bytes.subarray(0, got).lastIndexOf(0x0a) + 1;
      this.position = from + (end || got);
      return bytes.toString('latin1', 0, end || got);
    } finally {
      closeSync(file);
    }
  }
}
