import type { RouterEvent } from '../../test-kit/mikrotik';

/** What happened to a fleet, counted. */
export interface Counts {
  online: number;
  rejected: number;
  unanswered: number;
  failed: number;
  acknowledged: number;
  lost: number;
  /** Disconnect and CoA requests. */
  orders: number;
  ended: number;
  reboots: number;
  badReplies: number;
}

const KEPT_TIMES = 20_000;

/** Counts events of routers, and how long logins took. */
export class Tally {
  readonly counts: Counts = {
    online: 0,
    rejected: 0,
    unanswered: 0,
    failed: 0,
    acknowledged: 0,
    lost: 0,
    orders: 0,
    ended: 0,
    reboots: 0,
    badReplies: 0,
  };
  /** Why logins were refused, and how often. */
  readonly reasons = new Map<string, number>();
  private readonly times_ms: number[] = [];

  take(event: RouterEvent): void {
    const { counts } = this;
    switch (event.kind) {
      case 'login':
        if (event.outcome.kind === 'online') counts.online += 1;
        else if (event.outcome.kind === 'timeout') counts.unanswered += 1;
        else if (event.outcome.kind === 'failed') this.because('failed', event.outcome.reason);
        else this.because('rejected', event.outcome.messages.join(' ') || 'no message');
        return;
      case 'accounting':
        counts[event.outcome.kind] += 1;
        return;
      case 'coa':
        counts.orders += 1;
        return;
      case 'ended':
        counts.ended += 1;
        return;
      case 'reboot':
        counts.reboots += 1;
        return;
      case 'bad_reply':
        counts.badReplies += 1;
        return;
      case 'changed':
    }
  }

  /** A login was answered after so long, its Start acknowledged. */
  took(ms: number): void {
    if (this.times_ms.length < KEPT_TIMES) this.times_ms.push(ms);
    else this.times_ms[Math.floor(Math.random() * KEPT_TIMES)] = ms;
  }

  /** The time within which so great a share of the logins was through. */
  within_ms(share: number): number | undefined {
    const sorted = this.times_ms.toSorted((a, b) => a - b);
    const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return at === undefined ? undefined : Math.round(at);
  }

  private because(kind: 'rejected' | 'failed', reason: string): void {
    this.counts[kind] += 1;
    // A message may name the customer; a few hundred kinds are enough to see what is wrong.
    if (this.reasons.size < 200 || this.reasons.has(reason))
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }
}
