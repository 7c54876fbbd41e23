import type { Context } from '../platform/context';
import { providerOf } from './providers';
import { recordSteps, type Step } from './record-step';
import { tellLive } from './use-money';

/** Seconds after the prompt at which its outcome is asked for, while nobody has told it: first as often as people look at a phone, then less and less for 48 hours. */
const ASK_AT_S = [
  10, 20, 35, 60, 90, 180, 300, 600, 1_200, 2_400, 3_600, 7_200, 14_400, 28_800, 43_200, 64_800, 86_400, 129_600,
  172_800,
] as const;
/** After a failure that a phone may yet turn into a payment. */
const LOOK_AGAIN_S = 60;

/** When a payment that was asked about so many times is asked about next; null after 48 hours. A tenth more or less, so that an outage does not end in a rush. */
export function nextAskAt(pushedAt: Date, asks: number, now: Date, random: () => number = Math.random): Date | null {
  for (const [index, after_s] of ASK_AT_S.entries()) {
    const spread = index < 5 ? 0 : after_s * 0.1 * random();
    const at = new Date(pushedAt.getTime() + (after_s + spread) * 1_000);
    if (index >= asks && at > now) return at;
  }
  return null;
}

interface Row {
  method: string;
  state: string;
  pushed_at: Date | null;
  asks: number;
  subscription_id: bigint | null;
}

async function lockOrder(ctx: Context, id: bigint): Promise<Row> {
  const [row] = await ctx.tx.$queryRaw<
    Row[]
  >`SELECT method, state, pushed_at, asks, subscription_id FROM payment WHERE id = ${id} FOR NO KEY UPDATE`;
  if (!row) throw new Error(`payment ${id} is not there`);
  return row;
}

/** The provider says that it was not paid. Never said of a settled one: success is the end. */
export async function noteFailure(
  ctx: Context,
  id: bigint,
  { code, text }: { code: string; text: string },
  steps: Step[],
): Promise<void> {
  const row = await lockOrder(ctx, id);
  if (row.state === 'settled' || row.state === 'refunded') {
    steps.push({ step: 'stays_settled', detail: null });
  } else {
    const again = providerOf(row.method)?.mayYetSucceed(code) === true && row.state !== 'failed';
    await ctx.tx.$executeRaw`
      UPDATE payment SET state = 'failed', code = ${code.slice(0, 40)}, code_text = ${text.slice(0, 300)}, claimed_until = NULL,
        due_at = CASE WHEN ${again} THEN lango_now() + make_interval(secs => ${LOOK_AGAIN_S}::float8) END WHERE id = ${id}`;
    steps.push({ step: 'failed', detail: `${code} ${text}`.trim() });
  }
  await recordSteps(ctx, id, steps);
  await tellLive(ctx, id, row.subscription_id ?? undefined);
}

/** Nobody can say yet: the provider is asked at once, and the receipt that was told meanwhile is kept for its answer. */
export async function noteUnclear(
  ctx: Context,
  id: bigint,
  steps: Step[],
  toldReceipt: string | undefined,
): Promise<void> {
  const row = await lockOrder(ctx, id);
  if (row.state !== 'settled' && row.state !== 'refunded') {
    await ctx.tx.$executeRaw`
      UPDATE payment SET told_receipt = coalesce(told_receipt, ${toldReceipt ?? null}), due_at = lango_now(),
        state = CASE WHEN state = 'prompted' THEN 'unknown' ELSE state END WHERE id = ${id}`;
    await ctx.tx.$executeRaw`SELECT job_enqueue('payments.work')`;
  }
  await recordSteps(ctx, id, steps);
}

/** It was asked about, and nothing is known still: when next, or never again. */
export async function noteStillOpen(ctx: Context, id: bigint, text: string, steps: Step[]): Promise<void> {
  const row = await lockOrder(ctx, id);
  if (row.state === 'settled' || row.state === 'refunded') return;
  const asks = row.asks + 1;
  const next = row.state === 'failed' ? null : nextAskAt(row.pushed_at ?? ctx.now, asks, ctx.now);
  const over = next === null && row.state !== 'failed';
  await ctx.tx.$executeRaw`
    UPDATE payment SET asks = ${asks}, due_at = ${next}::timestamptz, claimed_until = NULL, state = CASE WHEN ${over} THEN 'failed' WHEN ${row.state} = 'prompted' AND ${asks} >= 5 THEN 'unknown' ELSE state END,
      code = CASE WHEN ${over} THEN 'no_outcome' ELSE code END, code_text = CASE WHEN ${over} THEN 'The provider told no outcome within 48 hours.' ELSE code_text END WHERE id = ${id}`;
  await recordSteps(ctx, id, over ? [...steps, { step: 'failed', detail: `no outcome: ${text}` }] : steps);
  if (next) await wakeAt(ctx, id, next);
  if (over) await tellLive(ctx, id, row.subscription_id ?? undefined);
}

/** Seconds after which nothing more is expected from a provider that cannot be asked: its prompt is long gone from the phone. */
const WORD_WITHIN_S = 300;
const KEPT_OPEN_S = 172_800;

/** When an order that cannot be asked about is looked at next: its state says then that nobody knows. */
export const unheardAt = (pushedAt: Date): Date => new Date(pushedAt.getTime() + WORD_WITHIN_S * 1_000);

/** A provider that cannot be asked has not told an outcome: the order is not known, and given up after 48 hours. A later call still settles it. */
export async function noteUnheard(ctx: Context, id: bigint): Promise<void> {
  const row = await lockOrder(ctx, id);
  if (row.state === 'settled' || row.state === 'refunded') return;
  const end = new Date((row.pushed_at ?? ctx.now).getTime() + KEPT_OPEN_S * 1_000);
  const over = end <= ctx.now;
  if (row.state === 'failed')
    await ctx.tx.$executeRaw`UPDATE payment SET claimed_until = NULL, due_at = NULL WHERE id = ${id}`;
  else if (over)
    await ctx.tx.$executeRaw`
      UPDATE payment SET claimed_until = NULL, due_at = NULL, state = 'failed', code = 'no_outcome', code_text = 'The provider told no outcome within 48 hours.' WHERE id = ${id}`;
  else
    await ctx.tx.$executeRaw`
      UPDATE payment SET claimed_until = NULL, due_at = ${end}::timestamptz, state = 'unknown' WHERE id = ${id}`;
  const changed = row.state !== 'failed' && (over || row.state === 'prompted');
  if (!changed) return;
  await recordSteps(ctx, id, [over ? { step: 'failed', detail: 'no outcome' } : { step: 'unheard', detail: null }]);
  await tellLive(ctx, id, row.subscription_id ?? undefined);
}

/** Wakes the worker then. The sweep would find it too, some seconds later. */
export async function wakeAt(ctx: Context, id: bigint, at: Date): Promise<void> {
  await ctx.tx
    .$executeRaw`SELECT job_enqueue('payments.work', '{}', now() + (${at}::timestamptz - lango_now()), ${`payments.work:${id}`})`;
}
