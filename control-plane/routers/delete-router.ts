import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/**
 * Removes a router: within 2 s FreeRADIUS and the listener no longer know its address. Its open sessions cannot be cut any more (we would need its
 * secret) nor reported; they close as stale at the last moment they were heard of, and their usage stays.
 */
export async function deleteRouter(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const [gone] = await ctx.tx.$queryRaw<
    { name: string; nasname: string }[]
  >`DELETE FROM nas WHERE id = ${id} RETURNING name, nasname`;
  if (!gone) return 'not_found';
  await recordAudit(ctx, 'routers.delete', { type: 'nas', id }, { name: gone.name, address: gone.nasname });
  return 'done';
}
