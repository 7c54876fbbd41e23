import type { Context } from '../platform/context';
import { turnPostpaid, turnPrepaid, type Outcome } from '../subscriptions';
import type { AccountInput } from './schema';
import { settingOf } from './settings';

/**
 * Bills a subscription after each month from now on (or from the end of what is paid already). The customer's account for bills is made at the first one, as
 * the company says where `input` does not.
 */
export async function startPostpaid(ctx: Context, subscriptionId: bigint, input: AccountInput): Promise<Outcome> {
  const sub = await ctx.tx.subscription.findFirst({ where: { id: subscriptionId }, select: { subscriber_id: true } });
  if (!sub) return { kind: 'not_found' };
  const setting = await settingOf(ctx);
  const { billing_day = setting.billing_day, terms_days = setting.terms_days } = input;
  const { credit_limit_cents = setting.credit_limit_cents } = input;
  await ctx.tx.$executeRaw`
    INSERT INTO postpaid_account (subscriber_id, tenant_id, billing_day, terms_days, credit_limit_cents, billed_until)
    VALUES (${sub.subscriber_id}, ${ctx.tenantId}, ${billing_day}, ${terms_days}, ${credit_limit_cents}::bigint, date_trunc('second', lango_now()))
    ON CONFLICT (subscriber_id) DO NOTHING`;
  const [account] = await ctx.tx.$queryRaw<{ cut_at: Date | null }[]>`
    SELECT cut_at FROM postpaid_account WHERE subscriber_id = ${sub.subscriber_id}`;
  if (account?.cut_at)
    return {
      kind: 'refused',
      code: 'in_debt',
      message: 'This customer’s service is shut for what they owe: post a payment first.',
    };
  return turnPostpaid(ctx, subscriptionId);
}

/** Ends it: what ran so far is on the next bill, and service is bought before from now on. */
export function stopPostpaid(ctx: Context, subscriptionId: bigint): Promise<Outcome> {
  return turnPrepaid(ctx, subscriptionId);
}
