import { recordAudit, recordAudits } from '../audit';
import type { Context } from '../platform/context';
import { endSubscription } from '../subscriptions';

/** Removes a subscriber from view and ends all their service, which cuts them. Payments, usage and the wallet's history stay in the books. */
export async function removeSubscriber(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const { count } = await ctx.tx.subscriber.updateMany({
    where: { id, deleted_at: null },
    data: { deleted_at: ctx.now, updated_at: ctx.now },
  });
  if (count === 0) return 'not_found';
  const subscriptions = await ctx.tx.subscription.findMany({
    where: { subscriber_id: id, status: { not: 'ended' } },
    orderBy: { id: 'asc' },
  });
  for (const { id: subscriptionId } of subscriptions) await endSubscription(ctx, subscriptionId);
  await recordAudit(
    ctx,
    'subscribers.remove',
    { type: 'subscriber', id },
    { ended: subscriptions.map((s) => s.id.toString()) },
  );
  return 'done';
}

/** Removes those of many subscribers who are left without any service. */
export async function removeServiceless(ctx: Context, ids: bigint[]): Promise<void> {
  const removed = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    UPDATE subscriber SET deleted_at = ${ctx.now}, updated_at = ${ctx.now}
    WHERE id = ANY (${ids}::bigint[]) AND deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM subscription s WHERE s.subscriber_id = subscriber.id AND s.status <> 'ended')
    RETURNING id`;
  await recordAudits(
    ctx,
    removed.map(({ id }) => ({
      action: 'subscribers.remove',
      subject: { type: 'subscriber', id },
      detail: { ended: [] },
    })),
  );
}
