import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Client, type Pool } from 'pg';
import type { AccountingLog } from './log';
import type { Nas } from './nas';

interface NasRow {
  id: string;
  tenant_id: string;
  name: string;
  address: string;
  secret: string;
  type: string;
  realm?: string | null;
}

export interface NasTableOptions {
  databaseUrl: string;
  pool: Pool;
  /** Where the table is kept for a start without the database. Holds secrets: mode 0600. */
  file: string;
  log: AccountingLog;
}

const RELOAD_EVERY_MS = 30_000;
const RECONNECT_MS = 1000;
const SETTLE_MS = 50;

/**
 * The routers, by source address. Follows changes within a second by LISTEN lango_nas, reads everything again every 30 s in
 * case a notice was lost, and starts from its file when the database is away.
 */
export class NasTable {
  private byAddress = new Map<string, Nas>();
  private client: Client | undefined;
  private stopped = false;
  private loading: Promise<void> | undefined;
  private loadAgain = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private written = '';

  constructor(private readonly o: NasTableOptions) {}

  /** Fills the table from the database or else from the file, and keeps it fresh from then on. */
  async start(): Promise<void> {
    this.fromFile();
    await Promise.all([this.listen(), this.load()]);
    const every = setInterval(() => void this.load(), RELOAD_EVERY_MS);
    this.timers.add(every);
  }

  get size(): number {
    return this.byAddress.size;
  }

  /** The router with this source address (see plainAddress), or undefined. */
  find(address: string): Nas | undefined {
    return this.byAddress.get(address);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
    await this.loading;
  }

  private async listen(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.o.databaseUrl,
      application_name: 'lango-accounting-nas',
      connectionTimeoutMillis: 3000,
      keepAlive: true,
    });
    const lost = (): void => {
      if (this.client !== client && this.client !== undefined) return;
      this.client = undefined;
      client.removeAllListeners('end');
      client.end().catch(() => undefined);
      this.later(RECONNECT_MS, () => void this.listen());
    };
    client.on('error', () => undefined);
    try {
      await client.connect();
      client.once('end', lost);
      client.on('notification', () => this.later(SETTLE_MS, () => void this.load()));
      await client.query('LISTEN lango_nas');
      this.client = client;
      // What changed while nobody listened.
      await this.load();
    } catch {
      lost();
    }
  }

  private later(delay_ms: number, work: () => void): void {
    if (this.stopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, delay_ms);
    this.timers.add(timer);
  }

  private load(): Promise<void> {
    if (this.loading) {
      this.loadAgain = true;
      return this.loading;
    }
    this.loading = this.read().finally(() => {
      this.loading = undefined;
      if (!this.loadAgain || this.stopped) return;
      this.loadAgain = false;
      void this.load();
    });
    return this.loading;
  }

  private async read(): Promise<void> {
    try {
      const { rows } = await this.o.pool.query<NasRow>(
        'SELECT id, tenant_id, name, host(address) AS address, secret, type, realm FROM aaa_nas_table() ORDER BY realm NULLS FIRST, id',
      );
      this.fill(rows);
      this.toFile(rows);
    } catch (error) {
      this.o.log.debug({ err: error }, 'the routers could not be read; the last known ones are used');
    }
  }

  private fill(rows: readonly NasRow[]): void {
    const next = new Map<string, Nas>();
    for (const row of rows) {
      const { id, tenant_id: tenantId, name, address } = row;
      const nas: Nas = {
        id,
        tenantId,
        name,
        address,
        secret: Buffer.from(row.secret),
        type: row.type === 'mikrotik' ? 'mikrotik' : 'other',
      };
      const first = next.get(address);
      if (!first) next.set(address, nas);
      else if (row.realm) first.behind = new Map([...(first.behind ?? []), [row.realm, nas]]);
    }
    this.byAddress = next;
  }

  private fromFile(): void {
    try {
      const text = readFileSync(this.o.file, 'utf8');
      this.fill(JSON.parse(text) as NasRow[]);
      this.written = text;
    } catch {
      // None yet, or unreadable: the database will tell.
    }
  }

  private toFile(rows: readonly NasRow[]): void {
    const text = JSON.stringify(rows);
    if (text === this.written) return;
    try {
      mkdirSync(dirname(this.o.file), { recursive: true, mode: 0o700 });
      const draft = `${this.o.file}.${randomBytes(4).toString('hex')}`;
      writeFileSync(draft, text, { mode: 0o600 });
      chmodSync(draft, 0o600);
      renameSync(draft, this.o.file);
      this.written = text;
    } catch (error) {
      this.o.log.warn(
        { err: error },
        'the routers could not be kept on disk; a start without the database would know none',
      );
    }
  }
}
