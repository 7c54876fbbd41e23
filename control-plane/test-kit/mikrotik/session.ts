import type { RouterClock } from './clock';
import type { Entitlement } from './entitlement';
import type { Rate } from './rate-limit';

export type Service = 'pppoe' | 'hotspot';

/** Acct-Terminate-Cause by its name in the dictionary. */
export type TerminateCause =
  | 'User-Request'
  | 'Lost-Carrier'
  | 'Lost-Service'
  | 'Idle-Timeout'
  | 'Session-Timeout'
  | 'Admin-Reset'
  | 'Admin-Reboot'
  | 'NAS-Request'
  | 'NAS-Reboot';

/** Octets of a session: up is what the router received from the client. */
export interface Counters {
  up: bigint;
  down: bigint;
}

/** What does not change while a session lives. */
export interface SessionIdentity {
  service: Service;
  /** Acct-Session-Id: eight lower-case hex digits. */
  id: string;
  username: Buffer;
  mac: string;
  address: string;
  /** The device's own address; only a hotspot has one that differs. */
  hostAddress: string;
  nasPort: number;
  interface: string;
}

/** What a session tells its router to do. */
export interface SessionHost {
  clock: RouterClock;
  automaticInterims: boolean;
  interimDefault_s: number;
  sendInterim(session: Session): Promise<unknown>;
  terminate(session: Session, cause: TerminateCause): Promise<unknown>;
}

/** One accounting record that was sent, and what became of it. */
export interface Report {
  status: 'Start' | 'Interim-Update' | 'Stop';
  counters: Counters;
  at_ms: number;
  acknowledged: boolean;
}

const REPORTS_KEPT = 200;

/**
 * One subscriber on the router: counters that grow by hand or by a rate, and the limits of its Access-Accept, by which
 * it ends itself. It keeps no sockets; what must be sent goes through its host.
 */
export class Session {
  readonly startedAt_ms: number;
  /** What ended it; undefined while it lives. */
  endedBy: TerminateCause | 'vanished' | undefined;
  /** Its accounting, the newest last. */
  readonly reports: Report[] = [];
  entitlement: Entitlement;
  private readonly counted: Counters = { up: 0n, down: 0n };
  private readonly fraction = { up: 0, down: 0 };
  private offered: Rate = { up_bps: 0, down_bps: 0 };
  private settledAt_ms: number;
  private activeAt_ms: number;
  private lastInterim_ms: number;
  private timeoutFrom_ms: number;
  private cancelTimer: () => void = () => undefined;

  constructor(
    readonly identity: SessionIdentity,
    entitlement: Entitlement,
    private readonly host: SessionHost,
  ) {
    this.entitlement = entitlement;
    this.startedAt_ms = host.clock.now_ms();
    this.settledAt_ms = this.activeAt_ms = this.lastInterim_ms = this.timeoutFrom_ms = this.startedAt_ms;
  }

  get id(): string {
    return this.identity.id;
  }

  get username(): string {
    return this.identity.username.toString();
  }

  get live(): boolean {
    return this.endedBy === undefined;
  }

  /** Octets until now. */
  get counters(): Counters {
    this.settle();
    return { ...this.counted };
  }

  /** Seconds since the start; after the end, until the end. */
  get elapsed_s(): number {
    return Math.max(
      0,
      Math.floor(((this.live ? this.host.clock.now_ms() : this.settledAt_ms) - this.startedAt_ms) / 1000),
    );
  }

  /** Seconds until Session-Timeout ends it; undefined without one. */
  get timeLeft_s(): number | undefined {
    const at_ms = this.timeoutAt_ms();
    return at_ms === Infinity ? undefined : Math.max(0, Math.ceil((at_ms - this.host.clock.now_ms()) / 1000));
  }

  /** The rate it moves at now: what the subscriber offers, capped by the rate limit. */
  get rate(): Rate {
    const limit = this.entitlement.rateLimit;
    return {
      up_bps: capped(this.offered.up_bps, limit?.up_bps),
      down_bps: capped(this.offered.down_bps, limit?.down_bps),
    };
  }

  /** Starts its timers; the router calls it once it stands. */
  begin(): void {
    this.reschedule();
  }

  /** Moves octets at once, whatever the rate limit. A limit that is reached ends the session. */
  addTraffic(up: number | bigint, down: number | bigint): void {
    this.settle();
    this.counted.up += BigInt(up);
    this.counted.down += BigInt(down);
    this.activeAt_ms = this.settledAt_ms;
    this.tick();
  }

  /** Sets the counters, for a session that has been there for long or is about to wrap. */
  presetCounters(counters: Counters): void {
    this.settle();
    Object.assign(this.counted, counters);
    this.tick();
  }

  /** From now on the subscriber tries to move that much; the rate limit caps it. */
  setTraffic(rate: Rate): void {
    this.settle();
    this.offered = { ...rate };
    this.reschedule();
  }

  /** Sends an interim now. */
  interim(): Promise<unknown> {
    return this.host.sendInterim(this);
  }

  /** The subscriber hangs up (PPP) or logs out (hotspot). */
  logout(): Promise<unknown> {
    return this.host.terminate(this, 'User-Request');
  }

  /** Ends it for another reason, with a Stop. */
  end(cause: TerminateCause): Promise<unknown> {
    return this.host.terminate(this, cause);
  }

  /** Changes what it is entitled to while it lives, as a CoA does. A new Session-Timeout counts from `timeoutFrom_ms`. */
  change(part: Partial<Entitlement>, timeoutFrom_ms = this.startedAt_ms): void {
    this.settle();
    this.entitlement = { ...this.entitlement, ...part };
    if (part.sessionTimeout_s !== undefined) this.timeoutFrom_ms = timeoutFrom_ms;
    this.tick();
  }

  /** Stops the clock of the session; the router calls it when it takes the session from its table. */
  close(cause: TerminateCause | 'vanished'): void {
    this.settle();
    this.endedBy = cause;
    this.cancelTimer();
  }

  record(report: Report): void {
    this.reports.push(report);
    if (this.reports.length > REPORTS_KEPT) this.reports.shift();
  }

  /** For logs and failed assertions: no password is in it. */
  toJSON() {
    const { up, down } = this.counters;
    return { ...this.identity, username: this.username, up: String(up), down: String(down), endedBy: this.endedBy };
  }

  private settle(): void {
    if (!this.live) return;
    const now_ms = this.host.clock.now_ms();
    const passed_ms = now_ms - this.settledAt_ms;
    if (passed_ms <= 0) return;
    const { up_bps, down_bps } = this.rate;
    this.move('up', (up_bps * passed_ms) / 8000);
    this.move('down', (down_bps * passed_ms) / 8000);
    if (up_bps > 0 || down_bps > 0) this.activeAt_ms = now_ms;
    this.settledAt_ms = now_ms;
  }

  private move(direction: 'up' | 'down', octets: number): void {
    const sum = this.fraction[direction] + octets;
    const whole = Math.floor(sum);
    this.fraction[direction] = sum - whole;
    this.counted[direction] += BigInt(whole);
  }

  /** Does what is due and sets the timer for what comes next. */
  private tick(): void {
    if (!this.live) return;
    this.settle();
    const now_ms = this.host.clock.now_ms();
    const cause = this.dueEnd(now_ms);
    if (cause !== undefined) {
      void this.host.terminate(this, cause);
      return;
    }
    if (now_ms >= this.nextInterim_ms()) {
      this.lastInterim_ms = now_ms;
      void this.host.sendInterim(this);
    }
    this.reschedule();
  }

  private dueEnd(now_ms: number): TerminateCause | undefined {
    if (this.timeoutAt_ms() <= now_ms) return 'Session-Timeout';
    if (this.octetsLeft().some((rest) => rest !== undefined && rest.octets <= 0n)) return 'NAS-Request';
    if (this.idleAt_ms() <= now_ms) return 'Idle-Timeout';
    return undefined;
  }

  private reschedule(): void {
    this.cancelTimer();
    if (!this.live) return;
    const next_ms = Math.min(this.timeoutAt_ms(), this.limitAt_ms(), this.idleAt_ms(), this.nextInterim_ms());
    if (next_ms === Infinity) return;
    this.cancelTimer = this.host.clock.after(Math.max(0, next_ms - this.host.clock.now_ms()), () => this.tick());
  }

  private timeoutAt_ms(): number {
    const timeout_s = this.entitlement.sessionTimeout_s ?? 0;
    return timeout_s === 0 ? Infinity : this.timeoutFrom_ms + timeout_s * 1000;
  }

  private idleAt_ms(): number {
    const idle_s = this.entitlement.idleTimeout_s ?? 0;
    const moving = this.rate.up_bps > 0 || this.rate.down_bps > 0;
    return idle_s === 0 || moving ? Infinity : this.activeAt_ms + idle_s * 1000;
  }

  private nextInterim_ms(): number {
    const interim_s = this.entitlement.interim_s ?? this.host.interimDefault_s;
    return this.host.automaticInterims && interim_s > 0 ? this.lastInterim_ms + interim_s * 1000 : Infinity;
  }

  /** When the first volume limit is reached at the present rate. */
  private limitAt_ms(): number {
    const times = this.octetsLeft().map((rest) => {
      if (rest === undefined || rest.bps === 0) return rest !== undefined && rest.octets <= 0n ? 0 : Infinity;
      return (Number(rest.octets) * 8000) / rest.bps;
    });
    // One millisecond more, as the counters are whole octets and the division is not.
    return this.settledAt_ms + Math.ceil(Math.min(...times)) + 1;
  }

  private octetsLeft() {
    const { up, down } = this.counted;
    const { up_bps, down_bps } = this.rate;
    const { recvLimit_bytes, xmitLimit_bytes, totalLimit_bytes } = this.entitlement;
    return [
      left(recvLimit_bytes, up, up_bps),
      left(xmitLimit_bytes, down, down_bps),
      left(totalLimit_bytes, up + down, up_bps + down_bps),
    ];
  }
}

/** A rate under a limit, 0 being no limit. */
function capped(offered_bps: number, limit_bps = 0): number {
  return limit_bps === 0 ? offered_bps : Math.min(offered_bps, limit_bps);
}

/** What a volume limit leaves, and how fast that is used up; undefined without a limit. */
function left(limit: bigint | undefined, counted: bigint, bps: number) {
  return limit === undefined || limit === 0n ? undefined : { octets: limit - counted, bps };
}
