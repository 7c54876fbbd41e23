import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAccounting } from '../../../radius/accounting';
import { get } from '../../../radius/attributes';
import { startEnforcer } from '../../../radius/enforcer';
import { createSecretBox } from '../../platform/crypto';
import { createEnforcementWorld, type EnforcementWorld } from '../../scenarios/enforcement-world';
import type { TestDatabase } from '../../test-kit/database';
import { parseRateLimit, SimulatedMikrotik, type CoaBehaviour, type Session } from '../../test-kit/mikrotik';
import { FakeAaa } from '../../test-kit/mikrotik/fake-aaa';
import { Dice } from './dice';
import { Violations, type Proof, type ProofInput, type ProofResult } from './proof';
import { proofDatabase } from './proof-database';

const SECRET = 'router-secret';
const API_PASSWORD = 'proof';
const QUOTA_BYTES = 500_000_000;
/** What the world's plan sells, and what it slows to at the cap (scenarios/enforcement-world.ts). */
const FULL = '5000k/10000k';
const SLOW = '256k/512k';
/** The network has this long to agree once its faults are mended; more than any machine needs that is not standing still. */
const AGREES_WITHIN_MS = 30_000;
/** Ends of validity are moved by an hour. */
const SAME_END_S = 60;
/** Of what is bought in the moments between an Accept and its Start nobody is told: the session ends at its old end, and the next login has the new one. */
const MOMENTS_MS = 1_000;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet };
function quiet(): void {
  return undefined;
}

/** What was done to whom, at random. */
const DEEDS = ['pay', 'expire', 'suspend', 'activate', 'use', 'top_up', 'lose', 'fault', 'wait'] as const;
const FAULTS: readonly CoaBehaviour[] = ['normal', 'silent', 'nak', 'ack_without_effect', 'wrong_secret'];

/** Random interleavings of payments, expiries, caps, suspensions and routers that lose, refuse or ignore what they are told. */
export const enforcement: Proof = {
  name: 'enforcement',
  shows:
    'whatever crosses what, within seconds the network does what was sold: nobody rides free, nobody who paid is out or slow, or will be thrown off before his time',
  minutes: 3,
  run: async (input) => {
    const db = await proofDatabase();
    return proveEnforcement(input, db);
  },
};

/** The same on a database that is dropped at the end. Small: one round of 25 deeds. */
export async function proveEnforcement(input: ProofInput, db: TestDatabase): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const done = { rounds: 0, deeds: 0, disagreements: 0, 'slowest agreement ms': 0 };
  const town = await Town.build(db);
  const end = Date.now() + input.minutes * 60_000;
  try {
    do {
      done.rounds++;
      for (let n = 0; n < (input.size === 'small' ? 25 : 60); n++) {
        done.deeds++;
        await town.does(dice);
      }
      const took = await town.agrees(violations, `seed ${input.seed}, round ${done.rounds}`);
      done['slowest agreement ms'] = Math.max(done['slowest agreement ms'], Math.round(took));
      input.progress(`${done.deeds} deeds, agreed after ${Math.round(took)} ms`);
    } while (input.size === 'full' && Date.now() < end && violations.found.length === 0);
    return { done, violations: violations.found };
  } finally {
    await town.close();
  }
}

interface Customer {
  subscriptionId: string;
  /** When money last moved the end. */
  paidAt_ms?: number;
  username: string;
  router: SimulatedMikrotik;
}

interface Standing {
  state: string;
  slow: boolean;
  /** Until its validity ends. */
  left_s: number;
}

/** Two routers, one with its API on, and customers whose devices dial again whenever they are thrown off. */
class Town {
  private readonly customers: Customer[] = [];
  private readonly standing = new Map<string, Standing>();
  /** Whose router has said yes and done nothing, and has not been told anything since: nobody can know that their end is the old one. */
  private readonly lied = new WeakSet<Session>();
  private logins = 0;
  private stopped = false;
  private watching: Promise<void> = Promise.resolve();
  private readonly undo: (() => Promise<unknown> | void)[] = [];

  private constructor(
    private readonly world: EnforcementWorld,
    private readonly routers: SimulatedMikrotik[],
  ) {}

  static async build(db: TestDatabase): Promise<Town> {
    const world = await createEnforcementWorld(db);
    const town = new Town(world, []);
    town.undo.push(() => world.end());
    try {
      await town.begin();
      return town;
    } catch (error) {
      await town.close();
      throw error;
    }
  }

  /** One deed of the dice. */
  async does(dice: Dice): Promise<void> {
    const customer = dice.pick(this.customers);
    const { subscriptionId: id, router, username } = customer;
    const { owner } = this.world;
    const change = async (sql: string, reason: string): Promise<void> => {
      await owner.query('BEGIN');
      await owner.query(`UPDATE subscription SET ${sql}, updated_at = lango_now() WHERE id = $1`, [id]);
      await owner.query('SELECT enforce_subscription($1, $2)', [id, reason]);
      await owner.query('COMMIT');
    };
    switch (dice.pick(DEEDS)) {
      case 'pay':
        customer.paidAt_ms = Date.now();
        // From here on his router is to know the new end, whatever it made of the last one.
        for (const session of router.sessions) if (session.username === username) this.lied.delete(session);
        return change(`expires_at = greatest(expires_at, lango_now()) + interval '1 hour'`, 'payment');
      case 'expire':
        // The sleeper's work: no row is written here.
        await owner.query(`UPDATE subscription SET expires_at = lango_now() + interval '50 ms' WHERE id = $1`, [id]);
        return;
      case 'suspend':
        return change(`status = 'suspended'`, 'suspended');
      case 'activate':
        return change(`status = 'active'`, 'resumed');
      case 'use': {
        const session = router.session(username);
        session?.addTraffic(0, QUOTA_BYTES / 2);
        await session?.interim();
        return;
      }
      case 'top_up':
        return change(`topup_bytes = topup_bytes + ${QUOTA_BYTES}`, 'topped_up');
      case 'lose':
        // As after an hour without a word: whatever was under way is closed with it, and it is heard of again.
        await owner.query(
          `SELECT accounting_close(array_agg(radacctid), 'stale', lango_now()) FROM session_live WHERE subscription_id = $1 AND stopped_at IS NULL HAVING count(*) > 0`,
          [id],
        );
        return;
      case 'fault':
        dice.pick(this.routers).faults.coa = dice.pick(FAULTS);
        return;
      case 'wait':
        await sleep(dice.between(5, 60));
    }
  }

  /** Mends the routers and waits until they do what was sold; returns the milliseconds it took. */
  async agrees(violations: Violations, where: string): Promise<number> {
    for (const router of this.routers) router.faults.coa = 'normal';
    const begun = performance.now();
    let differences: string[] = [];
    do {
      // Pauses between tries are minutes by now; a round must not wait for them.
      await this.world.owner.query(
        `UPDATE enforcement SET next_attempt_at = lango_now() WHERE state = 'open' AND claimed_by IS NULL AND next_attempt_at > lango_now()`,
      );
      await this.world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
      for (const router of this.routers) for (const session of router.sessions) await session.interim();
      await sleep(100);
      differences = await this.differences();
    } while (differences.length > 0 && performance.now() - begun < AGREES_WITHIN_MS);
    for (const difference of differences) violations.add(`${where}: ${difference}`);
    return performance.now() - begun;
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.watching;
    for (const step of this.undo.splice(0).reverse()) await step();
  }

  private async differences(): Promise<string[]> {
    await this.look();
    const found: string[] = [];
    for (const { subscriptionId, username, router, paidAt_ms = 0 } of this.customers) {
      const { state, slow, left_s } = this.standing.get(subscriptionId) ?? { state: 'unknown', slow: false, left_s: 0 };
      const sessions = router.sessions.filter((session) => session.username === username);
      const entitled = ['active', 'grace', 'throttled'].includes(state);
      if (!entitled && sessions.length > 0) found.push(`${username} is ${state} and online`);
      if (entitled && sessions.length === 0) found.push(`${username} is ${state} and not online`);
      const wanted = parseRateLimit(slow ? SLOW : FULL);
      for (const session of sessions) {
        const { rateLimit } = session.entitlement;
        if (entitled && (rateLimit?.up_bps !== wanted?.up_bps || rateLimit?.down_bps !== wanted?.down_bps))
          found.push(`${username} is ${state} and runs at ${rateLimit?.up_bps}/${rateLimit?.down_bps}`);
        const told = !this.lied.has(session) && Math.abs(paidAt_ms - session.startedAt_ms) > MOMENTS_MS;
        if (entitled && told && !(Math.abs((session.timeLeft_s ?? Infinity) - left_s) < SAME_END_S))
          found.push(`${username} has ${Math.round(left_s)} s left and its router ends it in ${session.timeLeft_s} s`);
      }
    }
    return found;
  }

  private async begin(): Promise<void> {
    const { database, tenantId } = this.world;
    const dataDir = mkdtempSync(join(tmpdir(), 'lango-prove-spool-'));
    const aaa = await FakeAaa.listen(SECRET);
    const accounting = await startAccounting({
      databaseUrl: database.urls.accounting,
      bind: '127.0.0.1',
      port: 0,
      dataDir,
      log,
      workers: 0,
    });
    const secrets = createSecretBox(database.masterKey);
    const enforcer = await startEnforcer({
      databaseUrl: database.urls.enforcer,
      bind: '127.0.0.1',
      log,
      resendAfterMs: [100, 100, 100],
      sweepEveryMs: 300,
      openApiPassword: (tenant, sealed) => secrets.open('nas.api_password', tenant, sealed),
    });
    this.undo.push(
      () => rmSync(dataDir, { recursive: true, force: true }),
      () => aaa.close(),
      () => accounting.stop(),
      () => enforcer.stop(),
    );
    aaa.authorize = (request) => this.authorize(get(request, 'User-Name') ?? '');
    const servers = [{ address: '127.0.0.1', authPort: aaa.row.authPort, acctPort: accounting.port }];
    for (const n of [1, 2])
      await this.addRouter(n, servers, secrets.seal('nas.api_password', BigInt(tenantId), API_PASSWORD));
    this.watching = this.watch();
    for (let n = 0; n < 6; n++) await this.addCustomer(n);
    await this.look();
    for (const { router, username } of this.customers) {
      const mac = `02:00:00:00:00:${username.slice(-1).padStart(2, '0')}`;
      await router.connectPppoe({ username, password: 'x', authentication: 'pap', mac, redial_ms: 150 });
    }
  }

  private async addRouter(
    n: number,
    servers: { address: string; authPort: number; acctPort: number }[],
    sealed: Buffer,
  ): Promise<void> {
    const address = `127.9.${70 + n}.1`;
    const router = await SimulatedMikrotik.start({
      identity: `proof-${n}`,
      address,
      secret: SECRET,
      version: n === 1 ? '7.18' : '6.49',
      servers,
      automaticInterims: false,
      ...(n === 1 && { api: { users: [{ name: 'lango', password: API_PASSWORD }] } }),
    });
    this.routers.push(router);
    router.events.on((event) => {
      if (event.kind !== 'coa' || !event.session || event.outcome.kind !== 'ack') return;
      if (router.faults.coa === 'ack_without_effect') this.lied.add(event.session);
      else this.lied.delete(event.session);
    });
    this.undo.push(() => router.close());
    const id = await this.world.router({ address, port: router.coaPort, secret: SECRET });
    if (n === 1)
      await this.world.owner.query(
        `UPDATE nas SET api_username = 'lango', api_password_enc = $2, api_port = $3 WHERE id = $1`,
        [id, sealed, router.api.port],
      );
  }

  private async addCustomer(n: number): Promise<void> {
    const username = `customer${n}`;
    const subscriptionId = await this.world.subscription({
      username,
      quotaBytes: QUOTA_BYTES,
      onQuota: n % 3 === 0 ? 'cut' : 'throttle',
    });
    const router = this.routers[n % this.routers.length];
    if (router === undefined) throw new Error('a town needs routers');
    this.customers.push({ subscriptionId, username, router });
  }

  /** As aaa_authorize would, by what was last seen: what has changed since is exactly the race that must be survived. */
  private authorize(username: string): ReturnType<FakeAaa['authorize']> {
    const customer = this.customers.find((one) => one.username === username);
    const standing = customer && this.standing.get(customer.subscriptionId);
    if (!customer || !standing || !['active', 'grace', 'throttled'].includes(standing.state)) return { reject: 'no' };
    this.logins += 1;
    const login = this.logins.toString(16).padStart(16, '0');
    return {
      accept: [
        ['Mikrotik-Rate-Limit', standing.slow ? SLOW : FULL],
        ['Session-Timeout', String(Math.max(1, Math.round(standing.left_s)))],
        ['Class', Buffer.from(`L1:${customer.subscriptionId}:${login}:${standing.slow ? 't' : 'f'}`)],
      ],
    };
  }

  private async watch(): Promise<void> {
    while (!this.stopped) {
      await this.look().catch(() => undefined);
      await sleep(25);
    }
  }

  private async look(): Promise<void> {
    const { rows } = await this.world.owner.query<{ id: string; state: string; left_s: number }>(
      'SELECT id, state, extract(epoch FROM valid_until - lango_now())::float8 AS left_s FROM subscription_now',
    );
    for (const { id, state, left_s } of rows) this.standing.set(id, { state, slow: state === 'throttled', left_s });
  }
}
