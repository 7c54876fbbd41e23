import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Pins a note on top, takes the pin out, or takes the note off the page; its text stays in the books. */
export async function changeNote(
  ctx: Context,
  input: { subscriber_id: bigint; id: bigint; change: 'pin' | 'unpin' | 'remove' },
): Promise<'done' | 'not_found'> {
  const { subscriber_id, id, change } = input;
  const changed =
    change === 'remove'
      ? await ctx.tx.$executeRaw`
          UPDATE subscriber_note SET removed_at = lango_now() WHERE id = ${id} AND subscriber_id = ${subscriber_id} AND removed_at IS NULL`
      : await ctx.tx.$executeRaw`
          UPDATE subscriber_note SET pinned = ${change === 'pin'} WHERE id = ${id} AND subscriber_id = ${subscriber_id} AND removed_at IS NULL`;
  if (changed === 0) return 'not_found';
  await recordAudit(ctx, `subscribers.note_${change}`, { type: 'subscriber', id: subscriber_id }, { note_id: id });
  return 'done';
}
