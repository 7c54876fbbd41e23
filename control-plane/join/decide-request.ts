import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { lockRequest } from './queries';

/** Staff do not want this one. Nothing is said to the person: somebody rings them, or nobody does. */
export async function refuseRequest(ctx: Context, id: bigint): Promise<'done' | 'not_found' | 'decided'> {
  const request = await lockRequest(ctx, id);
  if (!request) return 'not_found';
  if (request.state !== 'waiting' && request.state !== 'known') return 'decided';
  await ctx.tx.$executeRaw`
    UPDATE join_request SET state = 'refused', decided_at = ${ctx.now}, decided_by = ${ctx.actor.id} WHERE id = ${id}`;
  await recordAudit(ctx, 'join.refuse', { type: 'join_request', id }, { name: request.name });
  return 'done';
}
