import type { Context } from '../platform/context';

/** Forgets a view of one's own; another's is not found. */
export async function removeView(
  { tx }: Context,
  input: { staff_id: bigint; id: bigint },
): Promise<'done' | 'not_found'> {
  const gone = await tx.$executeRaw`DELETE FROM table_view WHERE id = ${input.id} AND staff_id = ${input.staff_id}`;
  return gone > 0 ? 'done' : 'not_found';
}
