import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../test-kit/api-client';
import { SimulatedMikrotik, type LoginOutcome, type Session } from '../../test-kit/mikrotik';
import { make, type Json } from '../../test-kit/story';
import type { Dice } from './dice';
import type { Product } from './product';
import { Witness } from './witness';

export type PackageName = 'plain' | 'short' | 'fair' | 'capped';
type Service = 'pppoe' | 'hotspot';

/** How a town lives. */
export interface TownLife {
  /** What is sold; who lives there has one of them at random, those named twice twice as often. */
  sold: readonly PackageName[];
  packages: Record<PackageName, Json>;
  /** A session moves traffic and reports it about so often. */
  report_ms: number;
  /** A device that was thrown off or refused dials again after so long. */
  redial_ms: number;
  /** The share of people who come by the hotspot; all others dial PPPoE. */
  hotspotShare: number;
  /** Dials of people who have run out meanwhile are answered by a refusal; without it everybody must be online once. */
  mayHaveRunOut: boolean;
}

/** `short` runs out again and again, `fair` is throttled beyond its data, `capped` is cut. */
const days: TownLife = {
  sold: ['plain', 'plain', 'short', 'fair', 'capped'],
  packages: {
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
  },
  report_ms: 1000,
  redial_ms: 1500,
  hotspotShare: 0,
  mayHaveRunOut: false,
};
/** Of every package. */
export const price_cents = 10_000;

/** Somebody who bought a package and whose device dials again whenever it is thrown off. */
export interface Resident {
  username: string;
  subscriptionId: string;
  sold: PackageName;
  service: Service;
  /** Digits, as M-Pesa writes it. */
  msisdn: string;
  router: SimulatedMikrotik;
}

export interface TownSize {
  routers: number;
  residents: number;
}

/** People who are taken in at once. */
const AT_ONCE = 8;

const password = 'karibu-nyumbani';
let towns = 0;

/** Simulated routers full of people who are always online when they may be, with everything a router reports witnessed. */
export class Town {
  readonly routers: SimulatedMikrotik[] = [];
  readonly residents: Resident[] = [];
  readonly witness = new Witness();
  private readonly lastLogin = new Map<string, string>();
  private readonly packageIds = new Map<string, string>();
  private readonly number = (towns += 1);
  private living: Promise<void>[] = [];
  private over = false;

  private constructor(
    private readonly product: Product,
    private readonly dice: Dice,
    private readonly life: TownLife,
  ) {}

  /** Takes routers and people in through the API, switches the routers on and dials for everybody. */
  static async settle(product: Product, size: TownSize, dice: Dice, life: TownLife = days): Promise<Town> {
    const town = new Town(product, dice, life);
    for (const service of ['pppoe', 'hotspot'] as const) {
      if (service === 'hotspot' && life.hotspotShare === 0) continue;
      for (const [name, terms] of Object.entries(life.packages)) await town.addPackage(service, name, terms);
    }
    for (let i = 0; i < size.routers; i++) await town.addRouter();
    const waiting = Array.from({ length: size.residents }, (_, i) => i);
    const office = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await town.addResident(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, office));
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
        if (event.kind !== 'login') return;
        const { kind } = event.outcome;
        if (kind === 'online' || (kind === 'rejected' && this.life.mayHaveRunOut)) online.add(event.username);
      }),
    );
    const end = Date.now() + 30_000 + this.residents.length * 20;
    const missing = (): Resident[] => this.residents.filter((one) => !online.has(one.username));
    while (missing().length > 0 && Date.now() < end) await sleep(100);
    for (const off of stop) off();
    const [first] = missing();
    if (first)
      throw new Error(
        `${missing().length} of ${this.residents.length} people could not get online at first; ${first.username}: ${this.lastLoginOf(first)}`,
      );
  }

  /** From now on every session moves traffic and reports it, each report when the one before is through. */
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

  private async addPackage(service: Service, name: string, terms: Json): Promise<void> {
    const made = await make(this.product.api, '/packages', {
      name: `Town ${this.number} ${service} ${name}`,
      type: service,
      price_cents,
      currency: 'KES',
      interim_s: Math.max(5, Math.ceil(this.life.report_ms / 1000)),
      ...terms,
    });
    this.packageIds.set(`${service} ${name}`, String(made['id']));
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
    const sold = this.dice.pick(this.life.sold);
    const service = this.life.hotspotShare > 0 && this.dice.chance(this.life.hotspotShare) ? 'hotspot' : 'pppoe';
    const router = this.dice.pick(this.routers);
    const username = `resident-${this.number}-${n}`;
    const msisdn = `2547${String(this.number * 1_000_000 + n).padStart(8, '0')}`;
    const client = await make(api, '/clients', { name: username, phone: `+${msisdn}` });
    const made = await make(api, '/subscriptions', {
      client_id: String(client['id']),
      package_id: this.packageIds.get(`${service} ${sold}`),
      username,
      password,
    });
    const subscriptionId = String(made['id']);
    await must(api, `/subscriptions/${subscriptionId}/activate`);
    this.residents.push({ username, subscriptionId, sold, service, msisdn, router });
  }

  private dial(resident: Resident): void {
    const { router, username, service } = resident;
    const { redial_ms } = this.life;
    const dialled =
      service === 'hotspot'
        ? router.connectHotspot({ username, password, authentication: 'chap', redial_ms })
        : router.connectPppoe({ username, password, authentication: 'mschap2', redial_ms });
    void dialled.catch(() => undefined);
  }

  private async lead(resident: Resident, dice: Dice): Promise<void> {
    const { report_ms } = this.life;
    await this.pause(dice.between(0, report_ms));
    while (!this.over) {
      const session = this.sessionOf(resident);
      const pause = this.pause(dice.between(0.8 * report_ms, 1.2 * report_ms));
      // A hundred people use up 40 MB in half a minute or so; now and then one reports nothing new or hangs up.
      if (session && dice.chance(0.9)) session.addTraffic(dice.between(0, 200_000), dice.between(0, 2_000_000));
      if (session?.live) await (dice.chance(0.01) ? session.end('Lost-Carrier') : session.interim());
      await pause;
    }
  }

  /** Waits, or less when the town comes to rest. */
  private async pause(for_ms: number): Promise<void> {
    for (const end = Date.now() + for_ms; !this.over;) {
      const left_ms = end - Date.now();
      if (left_ms <= 0) return;
      await sleep(Math.min(left_ms, 1000));
    }
  }
}

/** An action of staff or money (`payShare` of them, in cash) on a resident, and what the API said; undefined when no answer came. */
export async function act(
  product: Product,
  resident: Resident,
  dice: Dice,
  payShare = 0.5,
): Promise<{ what: string; status?: number }> {
  const path = `/subscriptions/${resident.subscriptionId}`;
  const pay = dice.chance(payShare);
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
