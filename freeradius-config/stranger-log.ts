import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import type { Pool } from 'pg';

const chunk_bytes = 1 << 20;
const keep_bytes = 64 << 20;
const stranger = /from unknown client (\S+) port \d+/g;

/** Reads in FreeRADIUS' own log who was refused because their address is no router of ours: the first thing to look at when a new router stays dark. */
export class StrangerLog {
  /** From the end of the file as it is when we come: what stands there already was counted by those before us. */
  private position: number;

  constructor(
    private readonly path: string,
    private readonly pool: Pool,
  ) {
    this.position = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Counts what was written since the last time. */
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
      return '';
    }
    try {
      const size = fstatSync(file).size;
      const from = Math.min(this.position, size);
      const bytes = Buffer.alloc(Math.min(chunk_bytes, size - from));
      const got = readSync(file, bytes, 0, bytes.length, size - bytes.length);
      this.position = size;
      if (size > keep_bytes) {
        // Anybody can make this log grow, by packets from anywhere; it is emptied before it fills the disk.
        truncateSync(this.path);
        this.position = 0;
      }
      return bytes.toString('latin1', 0, got);
    } finally {
      closeSync(file);
    }
  }
}
