import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAccounting } from '../../../../radius/accounting';
import { startEnforcer } from '../../../../radius/enforcer';
import { createSecretBox } from '../../../platform/crypto';
import { createEnforcementWorld, type EnforcementWorld } from '../../../scenarios/enforcement-world';
import type { TestDatabase } from '../../../test-kit/database';
import { parseRateLimit, SimulatedMikrotik, type CoaBehaviour, type Session } from '../../../test-kit/mikrotik';
import { startTestFreeradius } from '../../../test-kit/freeradius';
import { until } from '../../../test-kit/until';
import type { Dice } from '../dice';

const SECRET = 'router-secret';
const PASSWORD = 'open-sesame';
const API_PASSWORD = 'proof';
const QUOTA_BYTES = 500_000_000;
/** Beside the plan that everybody begins with (scenarios/enforcement-world.ts), by columns: other rates, and another price for the same. */
const OTHER_PLANS = [
  { down_kbps: 20_000, up_kbps: 8000, throttle_down_kbps: 900, throttle_up_kbps: 300 },
  { price_cents: 120_000 },
];
/** Ends of validity are moved by an hour. */
const SAME_END_S = 60;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet };
function quiet(): void {
  return undefined;
}

/** What was done to whom, at random. */
export const DEEDS = [
  'pay',
  'expire',
  'suspend',
  'activate',
  'use',
  'top_up',
  'change_plan',
  'lose',
  'fault',
  'wait',
] as const;
/** Of routers; `fault` picks one. */
const FAULTS: readonly CoaBehaviour[] = ['normal', 'silent', 'nak', 'ack_without_effect', 'wrong_secret'];

interface Customer {
  subscriptionId: string;
  username: string;
  router: SimulatedMikrotik;
  /** Versions that he may move to, all with his cap. */
  plans: string[];
}

interface Standing {
  state: string;
  /** What his plan says now, in the words of Mikrotik-Rate-Limit. */
  rate: string;
  /** Until its validity ends. */
  left_s: number;
}

/** Two routers, one with its API on, a real FreeRADIUS, and customers whose devices dial again whenever they are thrown off. */
export class Town {
  private readonly customers: Customer[] = [];
  /** Whose router has said yes and done nothing, and has not been told anything since: nobody can know that their end is the old one. */
  private readonly lied = new WeakSet<Session>();
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

  /** One deed of these. */
  async does(dice: Dice, deeds: readonly (typeof DEEDS)[number][]): Promise<void> {
    const customer = dice.pick(this.customers);
    const { subscriptionId: id, router, username } = customer;
    const { owner } = this.world;
    const change = (sql: string, reason: string): Promise<void> => this.change(id, sql, reason);
    switch (dice.pick(deeds)) {
      case 'pay':
        return this.pay(customer);
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
      case 'change_plan': {
        const version = dice.pick(customer.plans);
        if (dice.chance(0.5))
          return change(`plan_version_id = ${version}, next_plan_version_id = NULL`, 'plan_changed');
        // His next payment buys it; often that is what it was chosen for.
        await owner.query('UPDATE subscription SET next_plan_version_id = $2 WHERE id = $1', [id, version]);
        return dice.chance(0.5) ? this.pay(customer) : undefined;
      }
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

  /** What was chosen for it begins with it. */
  private async pay({ subscriptionId, router, username }: Customer): Promise<void> {
    // From here on his router is to know the new end, whatever it made of the last one.
    for (const session of router.sessions) if (session.username === username) this.lied.delete(session);
    const end = `greatest(expires_at, lango_now()) + interval '1 hour'`;
    const plan = 'coalesce(next_plan_version_id, plan_version_id)';
    await this.change(
      subscriptionId,
      `expires_at = ${end}, plan_version_id = ${plan}, next_plan_version_id = NULL`,
      'payment',
    );
  }

  /** As a command does: the change and what the network is told of it, in one transaction. */
  private async change(id: string, sql: string, reason: string): Promise<void> {
    const { owner } = this.world;
    await owner.query('BEGIN');
    await owner.query(`UPDATE subscription SET ${sql}, updated_at = lango_now() WHERE id = $1`, [id]);
    await owner.query('SELECT enforce_subscription($1, $2)', [id, reason]);
    await owner.query('COMMIT');
  }

  /** Ends the routers' faults. */
  mend(): void {
    for (const router of this.routers) router.faults.coa = 'normal';
  }

  /** Every session reports now, and not at its interval. */
  async reports(): Promise<void> {
    for (const router of this.routers) for (const session of router.sessions) await session.interim();
  }

  /** Seconds from now at which each open order will be looked at by itself; it is Infinity for one that never is. */
  async dueIn(): Promise<{ order: string; seconds: number }[]> {
    const { rows } = await this.world.owner.query<{ order: string; seconds: number | null }>(
      `SELECT kind || ' of session ' || session_id || ' after ' || attempts || ' tries' AS "order",
         -- One that is being worked may fail this time too, or be acknowledged and not done, which the next interim would show (of a minute here).
         CASE WHEN claimed_by IS NULL THEN extract(epoch FROM next_attempt_at - lango_now()) ELSE 70 END::float8 AS seconds
       FROM enforcement WHERE state = 'open'`,
    );
    return rows.map(({ order, seconds }) => ({ order, seconds: seconds ?? Infinity }));
  }

  /** Has what waits tried at once. */
  async hurries(): Promise<void> {
    await this.world.owner.query(
      `UPDATE enforcement SET next_attempt_at = lango_now() WHERE state = 'open' AND claimed_by IS NULL AND next_attempt_at > lango_now()`,
    );
    await this.world.owner.query(`SELECT pg_notify('lango_enforcement', '')`);
  }

  async close(): Promise<void> {
    for (const step of this.undo.splice(0).reverse()) await step();
  }

  /** Where the network does not what was sold. */
  async differences(): Promise<string[]> {
    const standing = await this.standing();
    const found: string[] = [];
    for (const { subscriptionId, username, router } of this.customers) {
      const { state, rate, left_s } = standing.get(subscriptionId) ?? { state: 'unknown', rate: '', left_s: 0 };
      const sessions = router.sessions.filter((session) => session.username === username && !inGarden(session));
      const waiting = router.sessions.filter((session) => session.username === username && inGarden(session));
      const entitled = ['active', 'grace', 'throttled'].includes(state);
      // Whoever only has to pay may wait in the garden.
      if (waiting.length > 0 && !['expired', 'capped', 'pending'].includes(state))
        found.push(`${username} is ${state} and in the garden`);
      if (!entitled && sessions.length > 0) found.push(`${username} is ${state} and online`);
      if (entitled && sessions.length === 0) found.push(`${username} is ${state} and not online`);
      const wanted = parseRateLimit(rate);
      for (const session of sessions) {
        const { rateLimit } = session.entitlement;
        if (entitled && (rateLimit?.up_bps !== wanted?.up_bps || rateLimit?.down_bps !== wanted?.down_bps))
          found.push(`${username} is ${state}, sold ${rate}, and runs at ${rateLimit?.up_bps}/${rateLimit?.down_bps}`);
        if (entitled && !this.lied.has(session) && !(Math.abs((session.timeLeft_s ?? Infinity) - left_s) < SAME_END_S))
          found.push(`${username} has ${Math.round(left_s)} s left and its router ends it in ${session.timeLeft_s} s`);
      }
    }
    return found;
  }

  private async begin(): Promise<void> {
    const { database, tenantId } = this.world;
    const dataDir = mkdtempSync(join(tmpdir(), 'lango-prove-spool-'));
    const freeradius = await startTestFreeradius({ db: database });
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
      () => freeradius.stop(),
      () => accounting.stop(),
      () => enforcer.stop(),
    );
    const servers = [{ address: '127.0.0.1', authPort: freeradius.authPort, acctPort: accounting.port }];
    for (const n of [1, 2])
      await this.addRouter(n, servers, secrets.seal('nas.api_password', BigInt(tenantId), API_PASSWORD));
    for (let n = 0; n < 6; n++) await this.addCustomer(n);
    for (const { router, username } of this.customers) {
      const mac = `02:00:00:00:00:${username.slice(-1).padStart(2, '0')}`;
      // FreeRADIUS hears of new routers within a second.
      await until(
        () => router.connectPppoe({ username, password: PASSWORD, authentication: 'mschap2', mac, redial_ms: 150 }),
        ({ kind }) => kind === 'online',
        20_000,
      );
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
    const onQuota = n % 3 === 0 ? 'cut' : 'throttle';
    const subscriptionId = await this.world.subscription({ username, quotaBytes: QUOTA_BYTES, onQuota });
    const { rows } = await this.world.owner.query<{ plan_version_id: string }>(
      'SELECT plan_version_id FROM subscription WHERE id = $1',
      [subscriptionId],
    );
    const plans = rows.map((row) => row.plan_version_id);
    for (const other of OTHER_PLANS)
      plans.push(await this.world.planVersion({ quota_bytes: QUOTA_BYTES, on_quota: onQuota, ...other }));
    await this.world.owner.query(
      `INSERT INTO radcheck (tenant_id, username, attribute, op, value) VALUES ($1, $2, 'Cleartext-Password', ':=', $3)`,
      [this.world.tenantId, username, PASSWORD],
    );
    const router = this.routers[n % this.routers.length];
    if (router === undefined) throw new Error('a town needs routers');
    this.customers.push({ subscriptionId, username, router, plans });
  }

  private async standing(): Promise<Map<string, Standing>> {
    const { rows } = await this.world.owner.query<Standing & { id: string }>(
      `SELECT n.id, n.state, extract(epoch FROM n.valid_until - lango_now())::float8 AS left_s,
         CASE n.state WHEN 'throttled' THEN format('%sk/%sk', v.throttle_up_kbps, v.throttle_down_kbps) ELSE format('%sk/%sk', v.up_kbps, v.down_kbps) END AS rate
       FROM subscription_now n JOIN plan_version v ON v.id = n.plan_version_id`,
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}

const inGarden = (session: Session): boolean => session.entitlement.addressLists.includes('expired');
