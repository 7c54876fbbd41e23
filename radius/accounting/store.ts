import { Pool, type PoolClient } from 'pg';
import { keyedPlans, SlowPlans } from '../part';
import { BatchColumns } from './columns';
import { readDetails } from './read-record';
import { type RestartRecord, type SessionRecord, Status } from './record';

/**
 * What became of a write. `bad_data`: the database refuses a value, so the batch must be split until the packet is found.
 * `again`: two writers were in each other's way (deadlock); the same batch will do. `away`: nothing can be written now.
 */
export type Written =
  | { kind: 'ok' }
  | { kind: 'bad_data'; error: Error }
  | { kind: 'again'; error: Error }
  | { kind: 'away'; error: Error };

const APPLY = {
  name: 'accounting_apply',
  text: 'SELECT needs FROM accounting_apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)',
};
/** A full batch takes some 30 ms. */
const SLOW_MS = 150;
const RESTARTED = {
  name: 'accounting_router_restarted',
  text: 'SELECT accounting_router_restarted($1, $2, $3, $4, $5, $6, $7, $8)',
};

/** The listener's connections: few, because group commit makes the batches larger instead. */
export function accountingPool(databaseUrl: string): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 4,
    application_name: 'lango-accounting',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
    // A few hundred keys against large tables: always one index look-up per key, in the order of the keys.
    options: keyedPlans(),
    onConnect: (client) => {
      // A connection that breaks in hand tells of it through its query, and also by an event that would end the process if nobody heard it.
      client.on('error', () => undefined);
    },
  });
  // A lost idle connection is nobody's error; the next query opens a new one.
  pool.on('error', () => undefined);
  return pool;
}

/** Writes batches through the SQL functions of prisma/functions/accounting.sql. */
export class AccountingStore {
  private readonly plans = new SlowPlans();

  constructor(
    private readonly pool: Pool,
    /** A write that takes longer is given up; what it may still do is harmless, because writing twice changes nothing. */
    private readonly giveUpAfter_ms = 15_000,
  ) {}

  /** Writes at most one record per session; sorts them, so that concurrent batches lock in one order. */
  async apply(records: readonly SessionRecord[]): Promise<Written> {
    if (records.length === 0) return { kind: 'ok' };
    const sorted = [...records].sort(byKey);
    const together = await this.send(sorted, false);
    if (together.written.kind !== 'ok' || together.needs.length === 0) return together.written;
    // Lives of sessions that are not the open one, and sessions that we thought were known. The others of the batch are written already, which is harmless twice.
    return (await this.send(together.needs, true)).written;
  }

  /** Closes what a router had open when it restarted. */
  async restarted(r: RestartRecord): Promise<Written> {
    const values = [
      r.nas.id,
      r.nas.tenantId,
      Math.round(r.event_ms),
      Math.round(r.received_ms),
      r.identifier,
      r.nasIp,
      r.realm,
      r.boot,
    ];
    return this.run({ ...RESTARTED, values });
  }

  /** Keeps a packet that cannot be stored for a person to look at. */
  async quarantine(tenantId: string | null, address: string, packet: Buffer, error: string): Promise<Written> {
    return this.run({
      text: 'SELECT accounting_keep_aside($1, $2, $3, $4)',
      values: [tenantId, address, packet, error.slice(0, 1000)],
    });
  }

  /** Whether the database answers. */
  async probe(): Promise<boolean> {
    return (await this.run({ text: 'SELECT 1', values: [] }, 2000)).kind === 'ok';
  }

  private async send(
    sorted: readonly SessionRecord[],
    each: boolean,
  ): Promise<{ written: Written; needs: SessionRecord[] }> {
    const columns = new BatchColumns();
    for (const record of sorted)
      columns.add(record, each || record.status === Status.Start ? readDetails(record) : null);
    let needs: SessionRecord[] = [];
    const written = await this.run({ ...APPLY, values: [...columns.values(), each] }, this.giveUpAfter_ms, ([row]) => {
      const numbers = (row?.['needs'] ?? []) as number[];
      needs = numbers.map((n) => sorted[n - 1]!);
    });
    return { written, needs };
  }

  private async run(
    query: { name?: string; text: string; values: unknown[] },
    limit_ms = this.giveUpAfter_ms,
    read?: (rows: Record<string, unknown>[]) => void,
  ): Promise<Written> {
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      return { kind: 'away', error: error as Error };
    }
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`the database did not answer for ${limit_ms} ms`)), limit_ms);
    });
    const begun_ms = performance.now();
    try {
      const work = client.query<Record<string, unknown>>(query);
      // Given up, the query ends with its connection; nobody waits for it then.
      work.catch(() => undefined);
      const { rows } = await Promise.race([work, tooLong]);
      read?.(rows);
      await this.plans.look(client, performance.now() - begun_ms, SLOW_MS);
      client.release();
      return { kind: 'ok' };
    } catch (error) {
      const written = classify(error as Error);
      client.release(written.kind === 'away' ? (error as Error) : undefined);
      return written;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** SQLSTATE classes: 22 data exception, 23 integrity, 40 transaction rollback. All else, also a missing function, is not the packet's fault. */
function classify(error: Error): Written {
  const state = (error as { code?: unknown }).code;
  if (typeof state !== 'string' || state.length !== 5) return { kind: 'away', error };
  // Two processes wrote the same session at the same moment (unique violation): the next look finds what the other one made.
  if (state === '23505') return { kind: 'again', error };
  const family = state.slice(0, 2);
  if (family === '22' || family === '23') return { kind: 'bad_data', error };
  if (family === '40') return { kind: 'again', error };
  return { kind: 'away', error };
}

function byKey(a: SessionRecord, b: SessionRecord): number {
  if (a.nas.id !== b.nas.id) return a.nas.id.length - b.nas.id.length || (a.nas.id < b.nas.id ? -1 : 1);
  return a.sessionId < b.sessionId ? -1 : a.sessionId > b.sessionId ? 1 : 0;
}
