import { writeFileSync } from 'node:fs';
import { SimulatedMikrotik, Testimony, type Session } from '../../test-kit/mikrotik';
import { seededRandom } from '../../test-kit/mikrotik/random';
import { withToken } from '../demo/api';
import { StartError } from '../start-error';
import { Books, type Verdict } from './books';
import { ensureCompany, keepBoots, type MadeRouter, type MadeSubscriber } from './company';
import type { FleetOptions } from './fleet-options';
import { Tally, type Counts } from './tally';

const TICK_MS = 50;
/** A device that was refused or heard nothing tries again after this. */
const RETRY_MS = 10_000;
const REBOOT_TAKES_MS = 3000;
/** FreeRADIUS and the listener know new routers within this. */
const KNOWN_MS = 2500;
/** Stops that nobody answers are not waited for longer. */
const LAST_WORDS_MS = 15_000;
const DIFFERENCES_SHOWN = 20;

/** One subscriber's device. */
interface Device {
  router: SimulatedMikrotik;
  as: MadeSubscriber;
}

/**
 * `lango simulate --routers=…`: so many simulated routers with so many subscribers each, against any Lango. Says every few seconds how it goes, and at the end
 * (Ctrl-C, or after --duration) sends the Stops, sums up, and compares Lango's count of each session with what its router reported.
 * @throws StartError when it cannot begin, or when a session differs
 */
export async function simulateFleet(o: FleetOptions): Promise<void> {
  const say = (text: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
  const api = withToken(o.baseUrl, o.token);
  const made = await ensureCompany(o, api, say);
  const books = await Books.open(api);
  const stopped = new Promise<void>((over) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over());
  });
  const fleet = new Fleet(o, say);
  const boots = (): ReadonlyMap<string, number> =>
    new Map(made.map(({ name, boots: before }) => [name, before + 1 + fleet.rebootsOf(name)]));
  try {
    keepBoots(o, boots());
    await pause(KNOWN_MS, stopped);
    await fleet.start(made);
    await pause(o.duration_s === 0 ? Infinity : o.duration_s * 1000, stopped);
  } finally {
    await fleet.stop();
    keepBoots(o, boots());
  }
  say('comparing what Lango counted with what the routers reported …');
  const verdict = await books.compare(fleet.testimony, new Set(made.map((one) => one.name)));
  fleet.sumUp(verdict);
  if (verdict.kind === 'different')
    throw new StartError(
      `${verdict.differences.length} of ${verdict.sessions} sessions are counted otherwise than their routers reported:\n${verdict.differences.slice(0, DIFFERENCES_SHOWN).join('\n')}`,
    );
}

/** A Stop for each session; those of sessions that have just ended are waited for too. */
async function lastWords(router: SimulatedMikrotik): Promise<void> {
  await Promise.all(router.sessions.map((session) => session.end('Admin-Reboot')));
  await router.idle();
}

function pause(ms: number, stopped: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    if (ms !== Infinity) timer = setTimeout(resolve, ms);
    // Something must keep the process alive.
    else timer = setInterval(() => undefined, 60_000);
  });
  return Promise.race([over, stopped]).finally(() => clearTimeout(timer));
}

class Fleet {
  readonly testimony = new Testimony();
  private readonly tally = new Tally();
  private readonly random: () => number;
  private readonly routers: SimulatedMikrotik[] = [];
  /** Those who are to dial next. */
  private readonly line: Device[] = [];
  private readonly bySession = new Map<Session, Device>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private total = 0;
  private began_ms = 0;
  private ended_ms = 0;
  private mostOnline = 0;
  private owed = 0;
  private told: { at_ms: number; counts: Counts };
  private stopping = false;

  constructor(
    private readonly o: FleetOptions,
    private readonly say: (text: string) => void,
  ) {
    this.random = seededRandom(o.seed);
    this.told = { at_ms: performance.now(), counts: { ...this.tally.counts } };
  }

  async start(made: readonly MadeRouter[]): Promise<void> {
    const booted = await Promise.allSettled(made.map((one, n) => this.boot(one, n)));
    const refused = booted.find((one) => one.status === 'rejected');
    if (refused)
      throw new StartError(`A simulated router cannot start: ${String(refused.reason)}. Set --address or --coa-port.`);
    // In an order of the seed's choosing.
    for (let at = this.line.length - 1; at > 0; at -= 1) {
      const other = Math.floor(this.random() * (at + 1));
      [this.line[at], this.line[other]] = [this.line[other]!, this.line[at]!];
    }
    this.total = this.line.length;
    this.began_ms = performance.now();
    this.told.at_ms = this.began_ms;
    this.say(`${this.routers.length} routers with ${this.total} subscribers; ${this.o.rate} dials a second`);
    this.every(TICK_MS, () => this.dialSome());
    this.every(this.o.every_s * 1000, () => this.tell());
    if (this.o.faults.reboot_s > 0) this.every(1000, () => this.rebootSome());
  }

  /** How often a router lost its power in this run. */
  rebootsOf(name: string): number {
    return this.routers.find((router) => router.identity === name)?.reboots ?? 0;
  }

  /** Ends every session with a Stop. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.ended_ms = performance.now();
    for (const timer of this.timers) clearInterval(timer);
    this.mostOnline = Math.max(this.mostOnline, this.online());
    const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
    await Promise.race([Promise.all(this.routers.map(lastWords)), late]);
    await Promise.all(this.routers.map((router) => router.close()));
  }

  sumUp(verdict: Verdict): void {
    const { counts, reasons } = this.tally;
    const seconds = Math.max(0.001, (this.ended_ms - this.began_ms) / 1000);
    const summary = {
      routers: this.routers.length,
      subscribers: this.total,
      seconds: Math.round(seconds),
      seed: this.o.seed,
      most_online: this.mostOnline,
      counts,
      logins_per_second: Math.round((counts.online / seconds) * 10) / 10,
      records_per_second: Math.round((counts.acknowledged / seconds) * 10) / 10,
      login_ms: { p50: this.tally.within_ms(0.5), p95: this.tally.within_ms(0.95), p99: this.tally.within_ms(0.99) },
      books: verdict.kind === 'different' ? { ...verdict, differences: verdict.differences.length } : verdict,
      refused_because: Object.fromEntries([...reasons].sort(([, a], [, b]) => b - a).slice(0, 20)),
    };
    this.say(
      `${summary.seconds} s: ${counts.online} logins (${summary.logins_per_second}/s, half within ${summary.login_ms.p50 ?? '–'} ms, 99 % within ${summary.login_ms.p99 ?? '–'} ms), ${counts.rejected} refused, ${counts.unanswered} unanswered, ${counts.failed} of no use; ${counts.acknowledged} records acknowledged (${summary.records_per_second}/s), ${counts.lost} lost; ${counts.orders} orders, ${counts.reboots} reboots; at most ${this.mostOnline} online`,
    );
    if (verdict.kind === 'equal') this.say(`Lango counts each of the ${verdict.sessions} sessions as its router does`);
    if (verdict.kind === 'unknown') this.say(`Lango's count could not be compared: ${verdict.why}`);
    for (const [reason, times] of Object.entries(summary.refused_because)) this.say(`  ${times} × ${reason}`);
    if (this.o.json !== undefined) writeFileSync(this.o.json, `${JSON.stringify(summary, undefined, 2)}\n`);
  }

  private async boot(one: MadeRouter, n: number): Promise<void> {
    const { loss, replyLoss, duplicate, reorder, coa } = this.o.faults;
    const router = await SimulatedMikrotik.start({
      identity: one.name,
      address: one.address,
      secret: one.secret,
      version: this.o.version,
      servers: [this.o.server],
      incoming: { port: one.coaPort },
      pppoe: { dialsInFlight: 50 },
      seed: this.o.seed + n + 1,
      boots: one.boots,
    });
    this.testimony.watch(router);
    Object.assign(router.faults, { loss, replyLoss, duplicate, reorder, coa });
    router.events.on((event) => {
      this.tally.take(event);
      if (event.kind === 'ended') this.ended(event.session);
    });
    this.routers.push(router);
    for (const as of one.subscribers) this.line.push({ router, as });
  }

  private dialSome(): void {
    this.owed = Math.min(this.owed + (this.o.rate * TICK_MS) / 1000, this.o.rate + 1);
    for (; this.owed >= 1; this.owed -= 1) {
      const device = this.line.shift();
      if (device === undefined) return;
      void this.dial(device);
    }
  }

  private async dial(device: Device): Promise<void> {
    const { router, as } = device;
    const share = this.random() ** 3;
    const traffic = { up_bps: this.o.up_kbps * 900 * share, down_bps: this.o.down_kbps * 900 * share };
    const login = { ...as, traffic };
    const began_ms = performance.now();
    const outcome = await (this.o.service === 'hotspot' ? router.connectHotspot(login) : router.connectPppoe(login));
    if (outcome.kind !== 'online') return this.later(RETRY_MS, () => this.line.push(device));
    this.tally.took(performance.now() - began_ms);
    const { session } = outcome;
    // It may be over already.
    if (!session.live) return this.later(RETRY_MS, () => this.line.push(device));
    this.bySession.set(session, device);
    if (this.o.session_s === 0) return;
    // Most are short and some are long, as people's are.
    const ms = -Math.log(1 - this.random()) * this.o.session_s * 1000;
    this.later(ms, () => void session.logout());
  }

  private ended(session: Session): void {
    const device = this.bySession.get(session);
    if (device === undefined) return;
    this.bySession.delete(session);
    this.later(1000, () => this.line.push(device));
  }

  private rebootSome(): void {
    for (const router of this.routers)
      if (this.random() < 1 / this.o.faults.reboot_s) void router.reboot({ downtime_ms: REBOOT_TAKES_MS });
  }

  private online(): number {
    return this.routers.reduce((sum, router) => sum + router.sessions.length, 0);
  }

  private tell(): void {
    const now_ms = performance.now();
    const seconds = (now_ms - this.told.at_ms) / 1000;
    const { counts } = this.tally;
    const since = (name: keyof Counts): number => counts[name] - this.told.counts[name];
    const online = this.online();
    this.mostOnline = Math.max(this.mostOnline, online);
    this.say(
      `${online} of ${this.total} online · ${(since('online') / seconds).toFixed(1)} logins/s · ${(since('acknowledged') / seconds).toFixed(1)} records/s · ${since('rejected')} refused · ${since('unanswered')} unanswered · ${since('lost')} records lost · ${since('orders')} orders`,
    );
    this.told = { at_ms: now_ms, counts: { ...counts } };
  }

  private later(ms: number, work: () => void): void {
    if (this.stopping) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms);
    this.timers.add(timer);
  }

  private every(ms: number, work: () => void): void {
    this.timers.add(setInterval(work, ms));
  }
}
