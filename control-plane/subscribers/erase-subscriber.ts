import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { removeSubscriber } from './remove-subscriber';

export type EraseOutcome =
  | { kind: 'done'; erased: Record<string, number> }
  /** Their service was ended just now and their session is being cut: to be asked for again in a moment. */
  | { kind: 'cutting' }
  | { kind: 'already' }
  | { kind: 'not_found' };

/**
 * Erases a person for good: their service ends, and name, phone, e-mail, logins, devices and notes are replaced or deleted. What the books need stays,
 * without a name: payments, the wallet, usage, and which address a session had. Nothing brings it back.
 */
export async function eraseSubscriber(ctx: Context, id: bigint): Promise<EraseOutcome> {
  const [person] = await ctx.tx.$queryRaw<{ deleted_at: Date | null; erased_at: Date | null; is_guests: boolean }[]>`
    SELECT deleted_at, erased_at, is_guests FROM subscriber WHERE id = ${id} FOR NO KEY UPDATE`;
  if (!person || person.is_guests) return { kind: 'not_found' };
  if (person.erased_at !== null) return { kind: 'already' };
  if (person.deleted_at === null) await removeSubscriber(ctx, id);
  const online = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM session_live WHERE stopped_at IS NULL AND subscription_id IN (SELECT s.id FROM subscription s WHERE s.subscriber_id = ${id}) LIMIT 1`;
  // What the router still reports would bring the name back.
  if (online.length > 0) return { kind: 'cutting' };
  const [row] = await ctx.tx.$queryRaw<{ erased: Record<string, number> }[]>`SELECT subscriber_erase(${id}) AS erased`;
  const erased = row?.erased ?? {};
  await recordAudit(ctx, 'subscribers.erase', { type: 'subscriber', id }, erased);
  return { kind: 'done', erased };
}
