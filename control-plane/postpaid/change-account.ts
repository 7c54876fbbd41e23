import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { AccountInput, PromiseInput } from './schema';

/** Changes when a customer is billed and how much they may owe. Terms hold for invoices to come; a new day shortens the running period to it. Gives whether there is such an account. */
export async function changeAccount(ctx: Context, subscriberId: bigint, input: AccountInput): Promise<boolean> {
  const { billing_day = null, terms_days = null } = input;
  const limits = input.credit_limit_cents !== undefined;
  const changed = await ctx.tx.$executeRaw`
    UPDATE postpaid_account a SET
      billing_day = coalesce(${billing_day}::integer, a.billing_day), terms_days = coalesce(${terms_days}::integer, a.terms_days),
      credit_limit_cents = CASE WHEN ${limits} THEN ${input.credit_limit_cents ?? null}::bigint ELSE a.credit_limit_cents END,
      -- A period that is over already is billed as it was.
      bill_at = CASE WHEN a.bill_at > lango_now() THEN postpaid_next(greatest(a.billed_until, lango_now()), coalesce(${billing_day}::integer, a.billing_day), t.timezone) ELSE a.bill_at END,
      look_at = CASE WHEN a.look_at IS NOT NULL OR a.cut_at IS NOT NULL THEN lango_now() END, updated_at = lango_now(), version = a.version + 1
    FROM tenant t WHERE a.subscriber_id = ${subscriberId} AND t.id = a.tenant_id`;
  if (changed === 0) return false;
  await recordAudit(ctx, 'postpaid.change', { type: 'subscriber', id: subscriberId }, { ...input });
  return true;
}

/** Lets a parked account be billed again. `anyway`: its next bill passes the bounds once, because a person has looked at it. Gives whether it was parked. */
export async function unparkAccount(ctx: Context, subscriberId: bigint, anyway: boolean): Promise<boolean> {
  const changed = await ctx.tx.$executeRaw`
    UPDATE postpaid_account SET parked_at = NULL, parked_reason = NULL, parked_detail = NULL, parked_run_id = NULL, allowed_once = ${anyway}, updated_at = lango_now(), version = version + 1
    WHERE subscriber_id = ${subscriberId} AND parked_at IS NOT NULL`;
  if (changed === 0) return false;
  await recordAudit(ctx, 'postpaid.unpark', { type: 'subscriber', id: subscriberId }, { anyway });
  return true;
}

/**
 * Notes that a customer has promised to pay by the end of a day: until then nothing is shut, and what was shut is open. Null takes it back. Gives whether
 * there is such an account.
 */
export async function promisePayment(
  ctx: Context,
  subscriberId: bigint,
  { until, note }: PromiseInput,
): Promise<boolean> {
  const changed = await ctx.tx.$executeRaw`
    UPDATE postpaid_account a SET promised_until = (${until}::date + 1)::timestamp AT TIME ZONE t.timezone, promise_note = nullif(${until === null ? '' : note}, ''), look_at = lango_now(),
      updated_at = lango_now(), version = a.version + 1
    FROM tenant t WHERE a.subscriber_id = ${subscriberId} AND t.id = a.tenant_id`;
  if (changed === 0) return false;
  await recordAudit(ctx, 'postpaid.promise', { type: 'subscriber', id: subscriberId }, { until, note });
  await ctx.tx.$executeRaw`SELECT postpaid_review(${subscriberId}::bigint)`;
  return true;
}
