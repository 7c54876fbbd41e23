import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Writes a note about a customer. Not found: removed, or of another company. */
export async function addNote(
  ctx: Context,
  input: { subscriber_id: bigint; body: string; pinned: boolean },
): Promise<'done' | 'not_found'> {
  const { subscriber_id, body, pinned } = input;
  const made = await ctx.tx.$executeRaw`
    INSERT INTO subscriber_note (tenant_id, subscriber_id, staff_id, body, pinned)
    SELECT c.tenant_id, c.id, ${ctx.actor.id}, ${body}, ${pinned} FROM subscriber c WHERE c.id = ${subscriber_id} AND c.deleted_at IS NULL`;
  if (made === 0) return 'not_found';
  await recordAudit(ctx, 'subscribers.note_added', { type: 'subscriber', id: subscriber_id }, { pinned });
  return 'done';
}
