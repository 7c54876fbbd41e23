import { startEnforcer, type Enforcer } from '../../radius/enforcer';
import {
  createEnforcementWorld,
  type EnforcementRow,
  type EnforcementWorld,
  type SessionInput,
  type SubscriptionInput,
} from './enforcement-world';
import { startScriptedRouter, until, type ScriptedRouter } from './enforcement-router';

export interface Online {
  router: ScriptedRouter;
  routerId: string;
  subscriptionId: string;
  sessionId: string;
  acctSessionId: string;
  username: string;
}

/**
 * An enforcer for each test of a file, scripted routers at 127.9.<block>.x, and what tests ask of its rows. Registers its own hooks: call it once, at the
 * top of a file.
 */
export function enforcementAtWork(block: number) {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: jest.fn() };
  let world: EnforcementWorld;
  let enforcer: Enforcer;
  let routers: ScriptedRouter[] = [];
  let serial = 0;

  beforeAll(async () => {
    world = await createEnforcementWorld();
    // A listener that is alive: only then does silence prove anything.
    await world.owner.query(
      `INSERT INTO platform_heartbeat (part, instance, beat_at) VALUES ('accounting', 'test', 'infinity')`,
    );
    // Sweeps are the tests' own: the enforcer's would find what a test has half done, and have its order begun anew.
    await world.owner.query(`SELECT pg_advisory_lock(hashtext('enforcement_sweep'))`);
  });
  beforeEach(async () => {
    enforcer = await startEnforcer({
      databaseUrl: world.database.urls.enforcer,
      bind: '127.0.0.1',
      log,
      resendAfterMs: [100, 200, 200],
    });
  });
  afterEach(async () => {
    await enforcer.stop();
    for (const router of routers) await router.close();
    routers = [];
    await world.shiftClock('0');
    await world.owner.query('DELETE FROM enforcement');
    await world.owner.query('DELETE FROM session_live');
    await world.owner.query('DELETE FROM nas_status');
  });
  afterAll(() => world.end());

  /** A router of its own with one session on it. */
  async function online(
    o: { subscription?: Partial<SubscriptionInput>; session?: Partial<SessionInput>; type?: 'mikrotik' | 'other' } = {},
  ): Promise<Online> {
    serial += 1;
    const address = `127.9.${block}.${serial}`;
    const router = await startScriptedRouter({ address });
    routers.push(router);
    const routerId = await world.router({ address, port: router.port, ...(o.type ? { type: o.type } : {}) });
    const username = `user${serial}`;
    const subscriptionId = await world.subscription({ username, ...o.subscription });
    const acctSessionId = `813000${serial.toString(16).padStart(2, '0')}`;
    const sessionId = await world.session({ routerId, subscriptionId, acctSessionId, ...o.session });
    return { router, routerId, subscriptionId, sessionId, acctSessionId, username };
  }

  const suspend = async (id: string): Promise<void> => {
    await world.owner.query(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [id]);
    await world.owner.query(`SELECT enforce_subscription($1, 'suspended')`, [id]);
  };
  const only = async (sessionId: string): Promise<EnforcementRow> => {
    const rows = await world.enforcementsOf(sessionId);
    expect(rows).toHaveLength(1);
    return rows[0]!;
  };
  const becomes = (sessionId: string, state: string): Promise<EnforcementRow> =>
    until(
      async () => (await world.enforcementsOf(sessionId)).find((row) => row.state === state),
      20_000,
      `an enforcement that is ${state}`,
    );
  const outcomes = async (id: string): Promise<string[]> =>
    (await world.attempts(id)).map((a) => `${a.via} ${a.outcome}${a.error_cause === null ? '' : ` ${a.error_cause}`}`);
  const tried = (sessionId: string, times: number): Promise<EnforcementRow> =>
    until(
      async () => (await world.enforcementsOf(sessionId)).find((row) => row.attempts >= times),
      20_000,
      `${times} tries`,
    );
  /**
   * Brings the next try of every row to now, as if the pause were over, when the enforcer has none of them in hand: what it then writes of a row whose time was
   * changed under it is void, and the row waits for the end of its lease.
   */
  const hurry = async (): Promise<void> => {
    await until(async () => {
      const { rows } = await world.owner.query(
        `WITH hurried AS (
         UPDATE enforcement SET next_attempt_at = lango_now() WHERE state = 'open' AND claimed_by IS NULL
           AND NOT EXISTS (SELECT FROM enforcement WHERE state = 'open' AND claimed_by IS NOT NULL) RETURNING id)
       SELECT (SELECT count(*) FROM hurried) = (SELECT count(*) FROM enforcement WHERE state = 'open') AS done`,
      );
      return rows[0].done as boolean;
    });
    await world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
  };

  /** What the listener does with an accounting record that says this rate. */
  const report = async (sessionId: string, rate: string | null): Promise<void> => {
    await world.owner.query('UPDATE session_live SET received_at = lango_now(), rate_limit = $2 WHERE radacctid = $1', [
      sessionId,
      rate,
    ]);
    await world.owner.query(
      'SELECT enforcement_prove_reported(ARRAY[$1::bigint], ARRAY[$2], ARRAY[lango_now()], ARRAY[false])',
      [sessionId, rate],
    );
  };
  const change = async (subscriptionId: string, set: string, reason: string): Promise<void> => {
    await world.owner.query(`UPDATE subscription SET ${set} WHERE id = $1`, [subscriptionId]);
    await world.owner.query('SELECT enforce_subscription($1, $2)', [subscriptionId, reason]);
  };
  const rates = (on: Online): (string | undefined)[] => on.router.asked.map((asked) => asked.rateLimit);

  return {
    get world() {
      return world;
    },
    log,
    online,
    suspend,
    only,
    becomes,
    outcomes,
    tried,
    hurry,
    report,
    change,
    rates,
  };
}
