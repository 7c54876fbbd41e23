import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findRouter } from '../routers';

export type TakeOutcome = 'asked' | 'not_found' | 'no_api';

/** Asks for a router to be read now; the queue does it, because a router may take half a minute. */
export async function takeConfiguration(ctx: Context, routerId: bigint): Promise<TakeOutcome> {
  const router = await findRouter(ctx, routerId);
  if (!router) return 'not_found';
  if (!router.has_api_password) return 'no_api';
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('configurations.take', json_build_object('router_id', ${routerId}::text), NULL, ${`configurations.take:${routerId}`})`;
  await recordAudit(ctx, 'configurations.ask', { type: 'nas', id: routerId });
  return 'asked';
}
