import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import type { Pool } from 'pg';

const chunk_bytes = 1 << 20;
const keep_bytes = 16 << 20;
/** Anybody can send from anywhere: no more addresses are remembered between two writings. */
const addresses_max = 1000;
const stranger = /from unknown client (\S+) port \d+/g;
const wrongSecret = /Received packet from (\S+) with invalid Message-Authenticator/g;

/**
 * Reads in FreeRADIUS' own log whose packets it drops without a word: those of addresses that are no router of ours, and those of routers with another
 * secret than ours. The first things to look at when a router stays dark.
 */
export class StrangerLog {
  /** From the end of the file as it is when we come: what stands there already was counted by those before us. */
  private position: number;
  private strangers = new Map<string, number>();
  private readonly wrong = new Set<string>();

  constructor(
    private readonly path: string,
    private readonly pool: Pool,
  ) {
    this.position = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Counts what was written since the last time, and keeps the log small. Needs no database: the log grows also while that is away. */
  take(): void {
    const text = this.read();
    for (const [, address] of text.matchAll(stranger)) {
      if (address && (this.strangers.has(address) || this.strangers.size < addresses_max))
        this.strangers.set(address, (this.strangers.get(address) ?? 0) + 1);
    }
    for (const [, address] of text.matchAll(wrongSecret)) {
      if (address && this.wrong.size < addresses_max) this.wrong.add(address);
    }
  }

  /** Writes down what was counted. Rejects when the database is away; then it is counted again next time. */
  async load(): Promise<void> {
    this.take();
    const { strangers, wrong } = this;
    if (strangers.size > 0) {
      this.strangers = new Map();
      await this.pool
        .query('SELECT access_note_strangers($1::inet[], $2::bigint[])', [
          [...strangers.keys()],
          [...strangers.values()],
        ])
        .catch((error: unknown) => {
          for (const [address, packets] of strangers)
            this.strangers.set(address, (this.strangers.get(address) ?? 0) + packets);
          throw error;
        });
    }
    if (wrong.size > 0) {
      await this.pool.query('SELECT access_note_wrong_secrets($1::text[])', [[...wrong]]);
      for (const address of wrong) this.wrong.delete(address);
    }
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
