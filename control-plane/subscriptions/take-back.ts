import type { Context } from '../platform/context';
import { addValidity, LAST_MOMENT } from './add-validity';
import { validityOf } from './start-cycle';
import { applyChange, type Locked } from './standing';

/** What a purchase gave, and how much of it goes back. */
export interface Taken {
  /** The time that it gave; undefined where that is not known any more: one validity of the plan. */
  time_ms: number | undefined;
  /** Of what it cost, so much is given back. */
  cents: bigint;
  of_cents: bigint;
}

export type TakeBack =
  | { kind: 'taken'; expires_at: Date; unused_validities: number; ends: boolean }
  /** It has ended, or never begun. */
  | { kind: 'nothing' }
  /** It waits for its first session: a part of it cannot be taken. */
  | { kind: 'not_in_parts' };

/**
 * What becomes of a subscription whose purchase is taken back, in the part that its money is: time alone; the data of the running cycle stays as it is. When
 * nothing is left it ends now, without grace, which nobody has paid for.
 */
export function planTakeBack(sub: Locked, taken: Taken, now: Date): TakeBack {
  if (sub.state === 'ended' || sub.expires_at === null || taken.of_cents <= 0n) return { kind: 'nothing' };
  const grace_ms = (sub.grace_s ?? 0) * 1_000;
  if (sub.unused_validities > 0) {
    if (taken.cents < taken.of_cents) return { kind: 'not_in_parts' };
    const left = sub.unused_validities - 1;
    return left > 0
      ? { kind: 'taken', expires_at: LAST_MOMENT, unused_validities: left, ends: false }
      : { kind: 'taken', expires_at: new Date(now.getTime() - grace_ms), unused_validities: 0, ends: true };
  }
  const whole_ms = taken.time_ms ?? addValidity(now, validityOf(sub.plan), sub.timezone).getTime() - now.getTime();
  const time_ms = Number((BigInt(Math.round(whole_ms)) * taken.cents) / taken.of_cents);
  const next_ms = sub.expires_at.getTime() - time_ms;
  // Paused: what was left then is left now.
  const from = sub.paused_at ?? now;
  if (next_ms > from.getTime())
    return { kind: 'taken', expires_at: new Date(next_ms), unused_validities: 0, ends: false };
  const over_ms = Math.min(sub.expires_at.getTime(), from.getTime() - grace_ms);
  return { kind: 'taken', expires_at: new Date(over_ms), unused_validities: 0, ends: true };
}

/**
 * Takes a purchase back, with the network told in the same transaction; the caller holds the lock and books the money. What was paid for the running time
 * becomes less by it even where the service is kept, so that no change of plan gives the same money back again.
 * @param back what `planTakeBack` said; undefined: the service is kept
 * @returns live sessions that the network is told about
 */
export async function takeBack(
  ctx: Context,
  sub: Locked,
  back: TakeBack | undefined,
  cents: bigint,
  detail: Record<string, unknown>,
): Promise<number> {
  const { paid_cents } = await ctx.tx.subscription.findUniqueOrThrow({
    where: { id: sub.id },
    select: { paid_cents: true },
  });
  const taken = back?.kind === 'taken' ? back : undefined;
  return applyChange(ctx, sub.id, 'subscriptions.take_back', {
    data: {
      paid_cents: paid_cents > cents ? paid_cents - cents : 0n,
      ...(taken && { expires_at: taken.expires_at, unused_validities: taken.unused_validities }),
    },
    enforce: taken ? 'refunded' : undefined,
    detail: { ...detail, cents, kept: taken === undefined, expires_at: taken?.expires_at ?? sub.expires_at },
  });
}
