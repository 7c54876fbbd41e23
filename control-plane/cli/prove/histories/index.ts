import { Client } from 'pg';
import { accountingPool } from '../../../../radius/accounting/store';
import { Dice } from '../dice';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import type { TestDatabase } from '../../../test-kit/database';
import { proofDatabase } from '../proof-database';
import { sumsAgree } from '../witness';
import { makeHistory, type History } from './history';
import { expectedOf, tell, type Expected } from './oracle';
import { play, type Cast } from './play';

const ROUND = { small: 200, full: 2000 };
/** So long ago that the archive takes what is closed, and a late packet has to bring it back. */
const AGO_MS = 36 * 3_600_000;

/** Random histories of routers against an oracle that stands at the routers. */
export const histories: Proof = {
  name: 'histories',
  shows:
    'whatever is lost, late, repeated, wrapped or re-used, each life of a session counts what its router last managed to say, and hours, cycles and sessions are one number',
  minutes: 3,
  run: async (input) => {
    const database = await proofDatabase();
    try {
      return await proveHistories(input, database);
    } finally {
      await database.drop();
    }
  },
};

/** The same on a database that is there. Small: one round. */
export async function proveHistories(input: ProofInput, database: TestDatabase): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  // The listener's own connections: what they plan by is part of what is proven.
  const pool = accountingPool(database.urls.accounting);
  const done = {
    histories: 0,
    packets: 0,
    lives: 0,
    repeated: 0,
    'without a believable clock': 0,
    'with 32-bit counters': 0,
  };
  try {
    const cast = await assemble(owner, ROUND[input.size]);
    const end = Date.now() + input.minutes * 60_000;
    do {
      const round = Array.from({ length: ROUND[input.size] }, () => makeHistory(dice.fork()));
      const base_ms = Math.floor((Date.now() - AGO_MS) / 1000) * 1000;
      done.packets += await play(pool, owner, cast, round, base_ms, dice.fork());
      await compare(owner, cast, round, violations);
      note(done, round);
      await owner.query(
        'TRUNCATE session_live, session_closed, usage_hour, usage_cycle, enforcement, accounting_quarantine CASCADE',
      );
      input.progress(`${done.histories} histories, ${done.packets} packets`);
    } while (input.size === 'full' && Date.now() < end && violations.found.length === 0);
    return { done, violations: violations.found };
  } finally {
    await pool.end();
    await owner.end();
  }
}

async function compare(
  owner: Client,
  cast: readonly Cast[],
  round: readonly History[],
  violations: Violations,
): Promise<void> {
  const { rows } = await owner.query<{
    nas: string;
    sid: string;
    up: string;
    down: string;
    s: string;
    closed_by: string | null;
  }>(
    `SELECT nas_id::text AS nas, acct_session_id AS sid, input_bytes AS up, output_bytes AS down, session_time_s AS s, closed_by
     FROM session_all ORDER BY nas_id, acct_session_id, started_at, radacctid`,
  );
  const found = new Map<string, Expected[]>();
  for (const row of rows) {
    const life = {
      sid: row.sid,
      up: BigInt(row.up),
      down: BigInt(row.down),
      seconds: Number(row.s),
      stopped: row.closed_by === 'stop',
    };
    found.set(row.nas, [...(found.get(row.nas) ?? []), life]);
  }
  for (const [i, history] of round.entries()) {
    const wanted = expectedOf(history);
    const there = found.get(cast[i]!.nas.id) ?? [];
    for (const sid of new Set([...wanted, ...there].map((life) => life.sid))) {
      const [is, should] = [there, wanted].map((lives) => tell(lives.filter((life) => life.sid === sid)));
      if (is !== should)
        violations.add(`history ${history.seed}, ${describe(history)}, session ${sid}: ${is}; expected ${should}`);
    }
  }
  const refused = await owner.query<{ error: string; n: string }>(
    'SELECT error, count(*) AS n FROM accounting_quarantine GROUP BY 1',
  );
  for (const { error, n } of refused.rows) violations.add(`${n} good records were put into quarantine: ${error}`);
  await sumsAgree({ ask: async (sql, values) => (await owner.query(sql, values)).rows as never }, violations);
}

function describe(history: History): string {
  return `clock ${history.clock}, ${history.wide ? '64' : '32'}-bit counters, ${history.echoesClass ? 'with' : 'without'} Class`;
}

function note(done: Record<string, number>, round: readonly History[]): void {
  const add = (what: string, n: number): void => void (done[what] = (done[what] ?? 0) + n);
  for (const history of round) {
    add('histories', 1);
    add('lives', history.lives.length);
    add('repeated', history.arrivals.length - new Set(history.arrivals.map((a) => a.report ?? a)).size);
    if (history.clock !== 'right' && history.clock !== 'behind') add('without a believable clock', 1);
    if (!history.wide) add('with 32-bit counters', 1);
  }
}

/** Routers and subscriptions for one round; later rounds use them again. */
async function assemble(owner: Client, size: number): Promise<Cast[]> {
  const one = async (sql: string, values: unknown[]): Promise<string> => {
    const { rows } = await owner.query<{ id: string }>(sql, values);
    return rows[0]?.id ?? '';
  };
  // Every listener has spoken and holds nothing back, so that ghosts may be swept.
  await owner.query(
    `INSERT INTO accounting_spool (instance, host, pending_packets, beat_at, drained_at) VALUES ('history', 'history', 0, clock_timestamp() + interval '12 hours', now() - interval '1 day')`,
  );
  const tenantId = await one(
    `INSERT INTO tenant (name, slug, status) VALUES ('Histories', 'histories', 'approved') RETURNING id`,
    [],
  );
  const subscriber = await one(
    `INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Zawadi', '+254700000009') RETURNING id`,
    [tenantId],
  );
  const plan = await one(`INSERT INTO plan (tenant_id, name, kind) VALUES ($1, 'Any', 'pppoe') RETURNING id`, [
    tenantId,
  ]);
  const version = await one(
    `INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps, simultaneous_use)
     VALUES ($1, $2, 1, 100, 'KES', 1, 'month', 1000, 1000, 1000) RETURNING id`,
    [tenantId, plan],
  );
  const cast: Cast[] = [];
  for (let i = 0; i < size; i++) {
    const username = `history-${i}`;
    const address = `10.${i >> 8}.${i & 255}.1`;
    const subscriptionId = await one(
      `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
       VALUES ($1, $2, $3, $4, 'active', now() - interval '3 days', now() + interval '300 days', 1) RETURNING id`,
      [tenantId, subscriber, version, username],
    );
    const id = await one(
      `INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type) VALUES ($1, $2, $3::text, $3::text, 'history-secret', 'other') RETURNING id`,
      [tenantId, address, username],
    );
    cast.push({
      nas: { id, tenantId, name: username, address, secret: Buffer.from('history-secret'), type: 'other' },
      username,
      subscriptionId,
    });
  }
  return cast;
}
