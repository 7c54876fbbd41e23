import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../test-kit/api-client';
import { SimulatedMikrotik, type LoginOutcome, type Session } from '../../test-kit/mikrotik';
import { make, type Json } from '../../test-kit/story';
import type { Dice } from './dice';
import type { Product } from './product';
import { Witness } from './witness';

/** Packages sold in the town. `short` runs out again and again, `fair` is throttled beyond its data, `capped` is cut. */
const packages = {
  plain: { validity: { count: 1, unit: 'day' }, down_kbps: 10_000, up_kbps: 5000 },
  short: { validity: { count: 15, unit: 'second' }, down_kbps: 8000, up_kbps: 4000 },
  fair: {
    validity: { count: 1, unit: 'day' },
    down_kbps: 6000,
    up_kbps: 3000,
    quota_bytes: 40_000_000,
    on_quota: 'throttle',
    throttle_down_kbps: 1000,
    throttle_up_kbps: 500,
  },
  capped: {
    validity: { count: 1, unit: 'day' },
    down_kbps: 4000,
    up_kbps: 2000,
    quota_bytes: 40_000_000,
    on_quota: 'cut',
  },
} as const;
export type PackageName = keyof typeof packages;
const price_cents = 10_000;

/** Somebody who bought a package and whose device dials again whenever it is thrown off. */
export interface Resident {
  username: string;
  subscriptionId: string;
  sold: PackageName;
  router: SimulatedMikrotik;
}

export interface TownSize {
  routers: number;
  residents: number;
}

const password = 'karibu-nyumbani';
const redial_ms = 1500;
let towns = 0;

/** Simulated routers full of people who are always online when they may be, with everything a router reports witnessed. */
export class Town {
  readonly routers: SimulatedMikrotik[] = [];
  readonly residents: Resident[] = [];
  readonly witness = new Witness();
  private readonly lastLogin = new Map<string, string>();
  private readonly packageIds = new Map<PackageName, string>();
  private readonly number = (towns += 1);
  private living: Promise<void>[] = [];
  private over = false;

  private constructor(
    private readonly product: Product,
    private readonly dice: Dice,
  ) {}

  /** Takes routers and people in through the API, switches the routers on and dials for everybody. */
  static async settle(product: Product, size: TownSize, dice: Dice): Promise<Town> {
    const town = new Town(product, dice);
    for (const [name, terms] of Object.entries(packages)) {
      const made = await make(product.api, '/packages', {
        name: `Town ${town.number} ${name}`,
        type: 'pppoe',
        price_cents,
        currency: 'KES',
        interim_s: 5,
        ...terms,
      });
      town.packageIds.set(name as PackageName, String(made['id']));
    }
    for (let i = 0; i < size.routers; i++) await town.addRouter();
    for (let i = 0; i < size.residents; i++) await town.addResident(i);
    // A new router acts within 2 s.
    await sleep(2500);
    const online = town.moveIn();
    for (const resident of town.residents) town.dial(resident);
    await online;
    return town;
  }

  /** Everybody is online once, or nothing that follows would mean anything. */
  private async moveIn(): Promise<void> {
    const online = new Set<string>();
    const stop = this.routers.map((router) =>
      router.events.on((event) => {
        if (event.kind === 'login' && event.outcome.kind === 'online') online.add(event.username);
      }),
    );
    const end = Date.now() + 30_000;
    const missing = (): Resident[] => this.residents.filter((one) => !online.has(one.username));
    while (missing().length > 0 && Date.now() < end) await sleep(100);
    for (const off of stop) off();
    const [first] = missing();
    if (first)
      throw new Error(
        `${missing().length} of ${this.residents.length} people could not get online at first; ${first.username}: ${this.lastLoginOf(first)}`,
      );
  }

  /** From now on every session moves traffic and reports it about once a second, each report when the one before is through. */
  live(): void {
    this.over = false;
    this.living = this.residents.map((resident) => this.lead(resident, this.dice.fork()));
  }

  /** No more traffic; what was on its way is through when this resolves. */
  async rest(): Promise<void> {
    this.over = true;
    await Promise.all(this.living);
    this.living = [];
  }

  /** How the last login of a resident ended, in words. */
  lastLoginOf(resident: Resident): string {
    return this.lastLogin.get(resident.username) ?? 'no login has ended';
  }

  /** The session a resident has on the router now. */
  sessionOf(resident: Resident): Session | undefined {
    return resident.router.session(resident.username);
  }

  /** Reports every session once more until it is acknowledged (nine tries), so that rows and routers can be compared. */
  async lastWords(): Promise<void> {
    const sessions = this.routers.flatMap((router) => router.sessions);
    await Promise.all(
      sessions.map(async (session) => {
        for (let tries = 0; tries < 3 && session.live; tries++) {
          await session.interim();
          if (session.reports.at(-1)?.acknowledged) return;
        }
      }),
    );
  }

  async close(): Promise<void> {
    this.over = true;
    await Promise.all(this.routers.map((router) => router.close()));
    await Promise.all(this.living);
  }

  private async addRouter(): Promise<void> {
    const n = this.routers.length + 1;
    const address = `127.${70 + (process.pid % 20)}.${this.number}.${n}`;
    const secret = `tower-secret-${this.number}-${n}`;
    const router = await SimulatedMikrotik.start({
      identity: `tower-${this.number}-${n}`,
      address,
      secret,
      // A NAS that tries each packet three times.
      timeout_ms: 1000,
      tries: 3,
      accountingOn: false,
      automaticInterims: false,
      servers: [{ address: '127.0.0.1', authPort: this.product.authPort, acctPort: this.product.acctPort }],
      seed: this.dice.between(1, 1_000_000),
    });
    this.routers.push(router);
    this.witness.watch(router);
    router.events.on((event) => {
      if (event.kind === 'login') this.lastLogin.set(event.username, tellOutcome(event.outcome));
    });
    const told = { name: router.identity, address, secret, type: 'mikrotik', coa_port: router.coaPort };
    await make(this.product.api, '/routers', told);
  }

  private async addResident(n: number): Promise<void> {
    const { api } = this.product;
    const sold = this.dice.pick(['plain', 'plain', 'short', 'fair', 'capped'] as const);
    const username = `resident-${this.number}-${n}`;
    const client = await make(api, '/clients', { name: username, phone: phoneOf(this.number, n) });
    const made = await make(api, '/subscriptions', {
      client_id: String(client['id']),
      package_id: this.packageIds.get(sold),
      username,
      password,
    });
    const subscriptionId = String(made['id']);
    await must(api, `/subscriptions/${subscriptionId}/activate`);
    this.residents.push({ username, subscriptionId, sold, router: this.dice.pick(this.routers) });
  }

  private dial(resident: Resident): void {
    void resident.router
      .connectPppoe({ username: resident.username, password, authentication: 'mschap2', redial_ms })
      .catch(() => undefined);
  }

  private async lead(resident: Resident, dice: Dice): Promise<void> {
    await sleep(dice.between(0, 1000));
    while (!this.over) {
      const session = this.sessionOf(resident);
      const pause = sleep(dice.between(800, 1200));
      // A hundred people use up 40 MB in half a minute or so; now and then one reports nothing new or hangs up.
      if (session && dice.chance(0.9)) session.addTraffic(dice.between(0, 200_000), dice.between(0, 2_000_000));
      if (session?.live) await (dice.chance(0.01) ? session.end('Lost-Carrier') : session.interim());
      await pause;
    }
  }
}

/** An action of staff or money on a resident, and what the API said; undefined when no answer came. */
export async function act(
  product: Product,
  resident: Resident,
  dice: Dice,
): Promise<{ what: string; status?: number }> {
  const path = `/subscriptions/${resident.subscriptionId}`;
  const pay = dice.chance(0.5);
  const what = pay ? 'pay' : dice.pick(['suspend', 'resume', 'resume', 'top-up']);
  const body: Json = pay
    ? {
        subscription_id: resident.subscriptionId,
        amount_cents: price_cents,
        method: 'cash',
        reference: `receipt-${dice.seed}-${dice.between(0, 2 ** 31)}`,
      }
    : what === 'suspend'
      ? { reason: 'proof' }
      : { bytes: 10_000_000 };
  try {
    const answer = await product.api.post(pay ? '/billing/transactions' : `${path}/${what}`, body);
    return { what, status: answer.status };
  } catch {
    return { what };
  }
}

async function must(api: ApiClient, path: string): Promise<void> {
  const answer = await api.post(path);
  if (answer.status !== 200) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

function tellOutcome(outcome: LoginOutcome): string {
  const at = new Date().toISOString().slice(11, 19);
  if (outcome.kind === 'rejected') return `rejected at ${at}: ${outcome.messages.join(' ')}`;
  return `${outcome.kind === 'failed' ? outcome.reason : outcome.kind} at ${at}`;
}

function phoneOf(town: number, n: number): string {
  return `+2547${String(town * 1_000_000 + n).padStart(8, '0')}`;
}
