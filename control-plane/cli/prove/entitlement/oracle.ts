import { DateTime } from 'luxon';
import type { Rule, Terms } from './terms';

/** What a login would be told. `until` is when time alone ends it; null without service. */
export interface Verdict {
  decision: 'accept' | 'garden' | 'reject';
  reason: string;
  /** up/down in kbit/s. */
  rate: string | null;
  until_ms: number | null;
}

const HALF_HOUR_MS = 1_800_000;
const FOR_EVER_MS = Date.parse('9999-12-31T00:00:00Z');

/**
 * A subscription as docs/reference/plans.md and subscriptions.md describe it, written without a look at the SQL: hours are found by looking at the clock
 * of a moment, ends by trying every half hour.
 */
export class Oracle {
  status: 'pending' | 'active' | 'suspended' | 'paused' = 'pending';
  starts_ms: number | null = null;
  expires_ms: number | null = null;
  private pausedAt_ms: number | null = null;
  private waiting = 0;
  private topup = 0;
  private used = 0;
  private seconds = 0;
  private cycleEnds_ms: number | null = null;
  /** Open sessions: when each was last heard of. */
  readonly open = new Map<string, { heard_ms: number; seconds: number; bytes: number }>();

  constructor(
    readonly terms: Terms,
    private readonly zone: string,
  ) {}

  /** A purchase without money: activation and renewal are the same. */
  buy(at_ms: number): void {
    this.turn(at_ms);
    const early = this.starts_ms !== null && this.expires_ms !== null && at_ms < this.expires_ms;
    if (early) this.topup = this.limited ? this.carried() : 0;
    else this.topup = 0;
    const firstUse = this.terms.starts_on === 'first_use';
    const running = this.waiting === 0 && this.expires_ms !== null && at_ms < this.expires_ms;
    if (firstUse && !running && (this.waiting > 0 || this.open.size === 0)) {
      this.waiting++;
      this.starts_ms ??= at_ms;
      this.expires_ms = FOR_EVER_MS;
    } else {
      this.starts_ms = early ? this.starts_ms : at_ms;
      this.expires_ms = this.add(early ? this.expires_ms! : at_ms, 1);
    }
    this.status = 'active';
    this.used = 0;
    this.seconds = 0;
    this.cycleEnds_ms = this.periodEnd(at_ms);
  }

  extend(at_ms: number, hours: number): void {
    this.turn(at_ms);
    const running = this.pausedAt_ms !== null || this.expires_ms! > at_ms;
    this.expires_ms = (running ? this.expires_ms! : at_ms) + hours * 3_600_000;
  }

  topUp(at_ms: number, bytes: number): void {
    this.turn(at_ms);
    this.topup += bytes;
  }

  suspend(at_ms: number): void {
    this.turn(at_ms);
    this.status = 'suspended';
  }

  pause(at_ms: number): void {
    this.turn(at_ms);
    this.status = 'paused';
    this.pausedAt_ms = at_ms;
  }

  resume(at_ms: number): void {
    this.turn(at_ms);
    if (this.status === 'suspended') {
      this.status = this.starts_ms === null ? 'pending' : this.pausedAt_ms !== null ? 'paused' : 'active';
      return;
    }
    this.expires_ms! += at_ms - this.pausedAt_ms!;
    this.pausedAt_ms = null;
    this.status = 'active';
  }

  /** A record of a session: its whole counters so far. Not before the period was turned (turn). */
  report(session: string, at_ms: number, seconds: number, bytes: number, kind: 'start' | 'interim' | 'stop'): void {
    const before = this.open.get(session) ?? { heard_ms: at_ms, seconds: 0, bytes: 0 };
    this.used += this.counted(at_ms, seconds - before.seconds, bytes - before.bytes);
    this.seconds += seconds - before.seconds;
    if (kind === 'stop') this.open.delete(session);
    else this.open.set(session, { heard_ms: at_ms, seconds, bytes });
    if (kind === 'start' && this.waiting > 0 && this.status === 'active') {
      this.starts_ms = at_ms - seconds * 1000;
      this.expires_ms = this.add(this.starts_ms, this.waiting);
      this.waiting = 0;
    }
  }

  /** Ends the period when its alarm rings, which it does for who is served; any command ends it as well. */
  ring(at_ms: number): void {
    if (this.status === 'active' && this.cycleEnds_ms! < this.expires_ms! + this.terms.grace_s * 1000) this.turn(at_ms);
  }

  /** Ends the period of a cap that comes back, when it is over. */
  turn(at_ms: number): void {
    if (this.cycleEnds_ms === null || at_ms < this.cycleEnds_ms) return;
    this.topup = this.topupLeft();
    this.used = 0;
    this.seconds = 0;
    this.cycleEnds_ms = this.periodEnd(at_ms);
  }

  /** What pages show: bytes held against the allowance, the allowance with top-ups, and the end of the running period. */
  figures(at_ms: number): { used: number; allowance: number | null; cycleEnds_ms: number | null } {
    const turned = this.cycleEnds_ms !== null && at_ms >= this.cycleEnds_ms;
    const topup = turned ? this.topupLeft() : this.topup;
    return {
      used: turned ? 0 : this.used,
      allowance: this.terms.quota_bytes === null ? null : this.terms.quota_bytes + topup,
      cycleEnds_ms: this.cycleEnds_ms,
    };
  }

  judge(at_ms: number): Verdict {
    const turned = this.cycleEnds_ms !== null && at_ms >= this.cycleEnds_ms;
    const topup = turned ? this.topupLeft() : this.topup;
    const now = this.at(at_ms, turned ? 0 : this.used, topup, this.onlineSeconds(at_ms, turned));
    if (now.decision !== 'accept') return { ...now, until_ms: null };
    let until_ms = this.waiting > 0 ? this.add(at_ms, 1) : this.expires_ms!;
    until_ms += this.terms.grace_s * 1000;
    if (this.terms.online_s !== null)
      until_ms = Math.min(until_ms, at_ms + (this.terms.online_s - this.onlineSeconds(at_ms, turned)) * 1000);
    if (this.terms.time_rules === null) return { ...now, until_ms };
    for (let then = nextHalfHour(at_ms); then < until_ms && then < at_ms + 7 * 86_400_000; then += HALF_HOUR_MS) {
      const renewed = !turned && this.cycleEnds_ms !== null && then >= this.cycleEnds_ms;
      if (this.at(then, turned || renewed ? 0 : this.used, topup, 0).decision !== 'accept')
        return { ...now, until_ms: then };
    }
    return { ...now, until_ms };
  }

  private at(at_ms: number, used: number, topup: number, online_s: number): Omit<Verdict, 'until_ms'> {
    const { terms } = this;
    const no = (reason: string, garden: boolean) =>
      ({ decision: garden ? 'garden' : 'reject', reason, rate: null }) as const;
    if (this.status === 'pending') return no('unpaid', true);
    if (this.status !== 'active') return no(this.status, false);
    if (at_ms >= this.expires_ms! + terms.grace_s * 1000) return no('expired', true);
    const rule = this.ruleAt(at_ms);
    const free = rule?.counts_percent === 0;
    const capped = !free && terms.quota_bytes !== null && used >= terms.quota_bytes + topup;
    if (capped && terms.on_quota === 'cut') return no('capped', true);
    if (terms.online_s !== null && online_s >= terms.online_s) return no('time_used_up', true);
    if (rule?.blocked) return no('outside_hours', false);
    const yes = (reason: string, up: number, down: number) =>
      ({ decision: 'accept', reason, rate: `${up}/${down}` }) as const;
    if (capped) return yes('throttled', terms.throttle_up_kbps!, terms.throttle_down_kbps!);
    const step = free ? undefined : terms.fair_use?.findLast((one) => used >= one.at_bytes + topup);
    if (step) return yes('fair_use', step.up_kbps, step.down_kbps);
    const reason = at_ms >= this.expires_ms! ? 'grace' : 'active';
    return yes(reason, rule?.up_kbps ?? terms.up_kbps, rule?.down_kbps ?? terms.down_kbps);
  }

  private ruleAt(at_ms: number): Rule | undefined {
    const here = DateTime.fromMillis(at_ms, { zone: this.zone });
    const minute = here.hour * 60 + here.minute;
    const yesterday = here.weekday === 1 ? 7 : here.weekday - 1;
    return this.terms.time_rules?.find((rule) => {
      const [from, to] = [minutes(rule.from), minutes(rule.to)];
      if (from < to) return rule.days.includes(here.weekday) && minute >= from && minute < to;
      return (rule.days.includes(here.weekday) && minute >= from) || (rule.days.includes(yesterday) && minute < to);
    });
  }

  /** What of a record's bytes counts: shared out evenly over the seconds it tells of, each by the hour it fell in. */
  private counted(at_ms: number, seconds: number, bytes: number): number {
    const from_ms = at_ms - Math.min(seconds, 604_800) * 1000;
    if (from_ms === at_ms) return Math.floor((bytes * (this.ruleAt(at_ms)?.counts_percent ?? 100)) / 100);
    let weight = 0n;
    for (let begin = from_ms; begin < at_ms;) {
      const end = Math.min(nextHalfHour(begin), at_ms);
      weight += BigInt(end - begin) * BigInt(this.ruleAt(begin)?.counts_percent ?? 100);
      begin = end;
    }
    return Number((BigInt(bytes) * weight) / (100n * BigInt(at_ms - from_ms)));
  }

  private onlineSeconds(at_ms: number, turned: boolean): number {
    let sum = turned ? 0 : this.seconds;
    // A session that has been silent for three intervals is not believed to go on.
    for (const one of this.open.values()) sum += Math.min(Math.max(0, (at_ms - one.heard_ms) / 1000), 3 * 300 + 30);
    return sum;
  }

  private get limited(): boolean {
    return this.terms.quota_bytes !== null || this.terms.fair_use !== null;
  }

  private carried(): number {
    if (this.terms.quota_cycle === null && this.terms.quota_bytes !== null)
      return Math.max(0, this.terms.quota_bytes + this.topup - this.used);
    return this.topupLeft();
  }

  private topupLeft(): number {
    const before = Math.min(this.terms.quota_bytes ?? Infinity, this.terms.fair_use?.[0]?.at_bytes ?? Infinity);
    return before === Infinity ? this.topup : Math.max(0, this.topup - Math.max(0, this.used - before));
  }

  private add(from_ms: number, times: number): number {
    const { count, unit, ends } = this.terms.validity;
    const end = DateTime.fromMillis(from_ms, { zone: this.zone }).plus({ [unit]: count * times });
    if (ends === 'exact' || +end === +end.startOf('day')) return end.toMillis();
    return end.plus({ days: 1 }).startOf('day').toMillis();
  }

  private periodEnd(at_ms: number): number | null {
    const unit = this.terms.quota_cycle;
    return (
      unit &&
      DateTime.fromMillis(at_ms, { zone: this.zone })
        .startOf(unit)
        .plus({ [unit]: 1 })
        .toMillis()
    );
  }
}

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
const nextHalfHour = (at_ms: number): number => (Math.floor(at_ms / HALF_HOUR_MS) + 1) * HALF_HOUR_MS;
