import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { insertCompany, insertRouter, insertSubscription, insertVersion } from '../test-kit/rows';

/** A test database with one company, one plan per behaviour at its cap, and ways to put routers, subscriptions and sessions into it. */
export interface EnforcementWorld {
  database: TestDatabase;
  owner: Client;
  tenantId: string;
  /** Adds a router; returns its id. */
  router(o: {
    address: string;
    port: number;
    secret?: string;
    type?: 'mikrotik' | 'other';
    name?: string;
  }): Promise<string>;
  /** Adds an active subscription on a plan of its own; returns its id. Times in seconds from now on Lango's clock. */
  subscription(o: SubscriptionInput): Promise<string>;
  /** Adds a version of a plan of its own; returns its id. */
  planVersion(columns: Record<string, unknown>): Promise<string>;
  /** Adds an open session as the listener would have; returns its id. */
  session(o: SessionInput): Promise<string>;
  /** What the API would show of an enforcement. */
  enforcement(id: string): Promise<EnforcementRow>;
  enforcementsOf(sessionId: string): Promise<EnforcementRow[]>;
  attempts(id: string): Promise<{ via: string; outcome: string; error_cause: number | null }[]>;
  /** Sets Lango's clock this far from the real one and tells everybody. */
  shiftClock(interval: string): Promise<void>;
  /** Ends a session as a Stop does in the listener. */
  stop(sessionId: string): Promise<void>;
  end(): Promise<void>;
}

export interface SubscriptionInput {
  username: string;
  expiresInS?: number;
  quotaBytes?: number;
  usedBytes?: number;
  onQuota?: 'cut' | 'throttle';
  status?: 'pending' | 'active' | 'suspended' | 'paused' | 'ended';
  /** Further columns of its plan. */
  plan?: Record<string, unknown>;
}

export interface SessionInput {
  routerId: string;
  subscriptionId: string;
  acctSessionId: string;
  mode?: 'full' | 'throttled' | 'garden' | null;
  service?: 'ppp' | 'hotspot' | 'other';
  framedIp?: string | null;
  startedAgoS?: number;
  heardAgoS?: number;
  interimS?: number;
  mac?: string;
}

export interface EnforcementRow {
  id: string;
  kind: string;
  reason: string;
  state: string;
  proven_by: string | null;
  attempts: number;
  params: Record<string, unknown>;
  due_in_s: number;
}

/** What plans slow to at their cap. */
const atCap = { throttle_down_kbps: 512, throttle_up_kbps: 256 };

const SHOWN = `id, kind, reason, state, proven_by, attempts, params, extract(epoch FROM next_attempt_at - lango_now())::float AS due_in_s`;

/** On a database of its own unless one is given; end() drops it. */
export async function createEnforcementWorld(given?: TestDatabase): Promise<EnforcementWorld> {
  const database = given ?? (await createTestDatabase());
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const one = async <T>(sql: string, values: unknown[] = []): Promise<T> => {
    const { rows } = await owner.query(sql, values);
    if (!rows[0]) throw new Error(`nothing came of ${sql}`);
    return rows[0] as T;
  };
  const tenantId = await insertCompany(owner, 'Duka Net');
  return {
    database,
    owner,
    tenantId,
    router: ({ port, ...o }) => insertRouter(owner, tenantId, { ...o, coaPort: port }),
    subscription: (o) =>
      insertSubscription(owner, tenantId, {
        username: o.username,
        status: o.status,
        expiresIn_s: o.expiresInS,
        usedBytes: o.usedBytes ?? 0,
        plan: {
          quota_bytes: o.quotaBytes ?? null,
          on_quota: o.onQuota ?? 'cut',
          ...atCap,
          ...o.plan,
        },
      }),
    planVersion: (columns) => insertVersion(owner, tenantId, { ...atCap, ...columns }),
    session: (o) => insertSession(one, tenantId, o),
    enforcement: (id) => one<EnforcementRow>(`SELECT ${SHOWN} FROM enforcement WHERE id = $1`, [id]),
    enforcementsOf: async (sessionId) =>
      (
        await owner.query<EnforcementRow>(`SELECT ${SHOWN} FROM enforcement WHERE session_id = $1 ORDER BY id`, [
          sessionId,
        ])
      ).rows,
    attempts: async (id) =>
      (
        await owner.query(
          `SELECT via, outcome, error_cause FROM enforcement_attempt WHERE enforcement_id = $1 ORDER BY id`,
          [id],
        )
      ).rows,
    shiftClock: async (interval) => {
      await owner.query(`UPDATE platform_clock SET shift = $1::interval`, [interval]);
      await owner.query(`SELECT pg_notify('lango_clock', '')`);
    },
    stop: async (sessionId) => {
      await owner.query(
        `UPDATE session_live SET stopped_at = lango_now(), closed_by = 'stop', terminate_cause = 'Admin-Reset' WHERE radacctid = $1`,
        [sessionId],
      );
      await owner.query(`SELECT enforcement_prove_closed(ARRAY[$1::bigint])`, [sessionId]);
    },
    end: async () => {
      await owner.end();
      await database.drop();
    },
  };
}

type One = <T>(sql: string, values?: unknown[]) => Promise<T>;

async function insertSession(one: One, tenantId: string, o: SessionInput): Promise<string> {
  const session = await one<{ radacctid: string }>(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, framed_ip, mac, started_at, updated_at, received_at, session_time_s, interim_s, mode)
     SELECT $1, n.id, $3, s.id, s.username, n.nasname::inet, $5, $6, $11, lango_now() - make_interval(secs => $7), lango_now() - make_interval(secs => $8), lango_now() - make_interval(secs => $8), $7::int - $8::int, $9, $10
     FROM nas n, subscription s WHERE n.id = $2 AND s.id = $4 RETURNING radacctid`,
    [
      tenantId,
      o.routerId,
      o.acctSessionId,
      o.subscriptionId,
      o.service ?? 'ppp',
      o.framedIp === undefined ? '10.9.0.7' : o.framedIp,
      o.startedAgoS ?? 60,
      o.heardAgoS ?? 5,
      o.interimS ?? 300,
      o.mode === undefined ? 'full' : o.mode,
      o.mac ?? null,
    ],
  );
  return session.radacctid;
}
