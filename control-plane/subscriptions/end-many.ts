import { recordAudits } from '../audit';
import type { Context } from '../platform/context';

/**
 * What endSubscription does, for many services in a few statements. Leaves out those that need more than that: whose contract or period of data is over
 * or running, which the command for one settles.
 * @returns the ids of those that are ended now
 */
export async function endMany(ctx: Context, ids: bigint[]): Promise<Set<bigint>> {
  const plain = await ctx.tx.$queryRaw<{ id: bigint; username: string }[]>`
    SELECT id, username FROM subscription
    WHERE id = ANY (${ids}::bigint[]) AND status <> 'ended' AND contract_ends_at IS NULL AND (cycle_ends_at > lango_now()) IS NOT FALSE
    ORDER BY id FOR NO KEY UPDATE`;
  const ended = plain.map(({ id }) => id);
  await ctx.tx.$executeRaw`
    UPDATE subscription SET status = 'ended', username = left(username, 100) || '~' || id, static_ip = NULL, next_plan_version_id = NULL,
      updated_at = ${ctx.now}, version = version + 1
    WHERE id = ANY (${ended}::bigint[])`;
  await recordAudits(
    ctx,
    plain.map(({ id, username }) => ({
      action: 'subscriptions.end',
      subject: { type: 'subscription', id },
      detail: { username },
    })),
  );
  await ctx.tx.$executeRaw`SELECT enforce_each_subscription(${ended}::bigint[], 'ended')`;
  return new Set(ended);
}
