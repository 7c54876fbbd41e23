import { Client, Pool } from 'pg';
import { addBytes, addText, type AttributeName } from '../../radius/attributes';
import { Code, decodePacket, PacketBuilder } from '../../radius/packet';
import type { Nas } from '../../radius/accounting/nas';
import { readRecord } from '../../radius/accounting/read-record';
import type { AccountingRecord } from '../../radius/accounting/record';
import { AccountingStore } from '../../radius/accounting/store';
import { RecordQueue } from '../../radius/accounting/record-queue';
import { writeBatch } from '../../radius/accounting/write-batch';
import { newCounters } from '../../radius/accounting/counters';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { insertCompany, insertRouter, insertSubscription, type SubscriptionRow } from '../test-kit/rows';

/** Attributes of a packet by name, as text; undefined ones are left out. */
export type Attributes = Record<string, string | number | Buffer | undefined>;

export interface SessionRow {
  radacctid: string;
  acct_session_id: string;
  generation: number;
  subscription_id: string | null;
  input_bytes: string;
  output_bytes: string;
  session_time_s: string;
  started_at: Date;
  updated_at: Date;
  stopped_at: Date | null;
  closed_by: string | null;
  terminate_cause: string | null;
  mode: string | null;
}

/** A test database with one company, and ways to report sessions to it as the listener does. */
export interface AccountingWorld {
  database: TestDatabase;
  owner: Client;
  store: AccountingStore;
  /** Login of the accounting role. */
  pool: Pool;
  tenantId: string;
  router(o: { address: string; secret?: string; type?: 'mikrotik' | 'other'; tenantId?: string }): Promise<Nas>;
  subscription(o?: SubscriptionInput): Promise<string>;
  /** The record of a packet that arrived `ago_s` seconds ago. Event-Timestamp is that moment too unless the attributes say otherwise (or undefined). */
  record(nas: Nas, ago_s: number, attributes: Attributes): AccountingRecord;
  /** Writes records in order through the batches that the listener would make. */
  write(records: readonly AccountingRecord[]): Promise<void>;
  /** record + write of one packet. */
  report(nas: Nas, ago_s: number, attributes: Attributes): Promise<void>;
  sessions(acctSessionId?: string): Promise<SessionRow[]>;
  usage(subscriptionId: string): Promise<{ hours: Usage; cycles: Usage; sessions: Usage }>;
  shiftClock(interval: string): Promise<void>;
  end(): Promise<void>;
}

export interface Usage {
  input: bigint;
  output: bigint;
  seconds: bigint;
}

export interface SubscriptionInput {
  username?: string;
  quotaBytes?: number;
  onQuota?: 'cut' | 'throttle';
  simultaneousUse?: number;
  interim_s?: number;
  status?: SubscriptionRow['status'];
  expiresIn_s?: number;
}

const SHOWN = `radacctid, acct_session_id, generation, subscription_id, input_bytes, output_bytes, session_time_s, started_at, updated_at, stopped_at,
  closed_by, terminate_cause, mode`;

let names = 0;
let identifier = 0;

export async function createAccountingWorld(): Promise<AccountingWorld> {
  const database = await createTestDatabase();
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const pool = new Pool({ connectionString: database.urls.accounting, max: 4 });
  pool.on('error', () => undefined);
  const store = new AccountingStore(pool);
  const tenantId = await insertCompany(owner, 'Duka Net');
  const counters = newCounters();
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

  const record = (nas: Nas, ago_s: number, attributes: Attributes): AccountingRecord => {
    const reading = readAttributes(nas, Date.now() - ago_s * 1000, attributes);
    if (reading.kind !== 'record') throw new Error(`the packet is ${reading.kind}`);
    return reading.record;
  };
  const write = async (records: readonly AccountingRecord[]): Promise<void> => {
    const queue = new RecordQueue<{ record: AccountingRecord }>();
    for (const item of records) queue.add({ record: item });
    while (queue.size > 0) {
      const items = queue.take(1000);
      const ok = await writeBatch(
        { store, counters, log },
        items.map((item) => item.record),
      );
      queue.release(items);
      if (!ok) throw new Error('the database did not take the records');
    }
  };
  return {
    database,
    owner,
    store,
    pool,
    tenantId,
    router: async (o) => {
      const tenant = o.tenantId ?? tenantId;
      const type = o.type ?? 'mikrotik';
      const secret = o.secret ?? 'router-secret';
      const nasId = await insertRouter(owner, tenant, { ...o, type, secret });
      return {
        id: nasId,
        tenantId: tenant,
        name: `router ${o.address}`,
        address: o.address,
        secret: Buffer.from(secret),
        type,
      };
    },
    subscription: (o = {}) =>
      insertSubscription(owner, tenantId, {
        username: o.username ?? `user${(names += 1)}`,
        status: o.status,
        startedAgo_s: 0,
        expiresIn_s: o.expiresIn_s,
        plan: {
          quota_bytes: o.quotaBytes ?? null,
          on_quota: o.onQuota ?? 'cut',
          throttle_down_kbps: 1000,
          throttle_up_kbps: 500,
          simultaneous_use: o.simultaneousUse ?? 1,
          interim_s: o.interim_s ?? 300,
        },
      }),
    record,
    write,
    report: (nas, ago_s, attributes) => write([record(nas, ago_s, attributes)]),
    sessions: async (acctSessionId) => {
      const { rows } = await owner.query<SessionRow>(
        `SELECT ${SHOWN} FROM session_all WHERE $1::text IS NULL OR acct_session_id = $1 ORDER BY acct_session_id, generation`,
        [acctSessionId ?? null],
      );
      return rows;
    },
    usage: async (subscriptionId) => ({
      hours: await usageOf(owner, 'usage_hour_all', 'seconds', subscriptionId),
      cycles: await usageOf(owner, 'usage_cycle', 'seconds', subscriptionId),
      sessions: await usageOf(owner, 'session_all', 'session_time_s', subscriptionId),
    }),
    shiftClock: async (interval) => {
      await owner.query('UPDATE platform_clock SET shift = $1::interval', [interval]);
    },
    end: async () => {
      await owner.end();
      await pool.end();
      await database.drop();
    },
  };
}

/** Reads a packet of these attributes as the listener would at `received_ms`. */
export function readAttributes(nas: Nas, received_ms: number, attributes: Attributes): ReturnType<typeof readRecord> {
  const builder = PacketBuilder.request(Code.AccountingRequest, (identifier = (identifier + 1) % 256));
  const all: Attributes = { 'Event-Timestamp': Math.floor(received_ms / 1000), ...attributes };
  for (const [name, value] of Object.entries(all)) {
    if (value instanceof Buffer) addBytes(builder, name as AttributeName, value);
    else if (value !== undefined && !addText(builder, name, String(value)))
      throw new Error(`${name} ${String(value)} is not understood`);
  }
  const decoded = decodePacket(builder.seal(nas.secret));
  if (decoded.kind !== 'packet') throw new Error('the packet is malformed');
  return readRecord(decoded.packet, nas, received_ms);
}

async function usageOf(owner: Client, table: string, seconds: string, subscriptionId: string): Promise<Usage> {
  const { rows } = await owner.query<{ i: string; o: string; s: string }>(
    `SELECT coalesce(sum(input_bytes), 0) AS i, coalesce(sum(output_bytes), 0) AS o, coalesce(sum(${seconds}), 0) AS s FROM ${table} WHERE subscription_id = $1`,
    [subscriptionId],
  );
  return { input: BigInt(rows[0]!.i), output: BigInt(rows[0]!.o), seconds: BigInt(rows[0]!.s) };
}

function quiet(): void {
  // Tests look at rows, not at log lines.
}
