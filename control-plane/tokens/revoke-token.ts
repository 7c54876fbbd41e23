import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { Person } from '../platform/http/person';

/**
 * Ends a token or a program's sign-in (both tokens of it), at once: one's own, or anybody's of the company for who may manage them. A token
 * made for a program can end itself and nothing else.
 */
export async function revokeToken(ctx: Context, person: Person, id: bigint): Promise<'done' | 'not_found'> {
  const all = ctx.actor.permissions.has('tokens.manage');
  const itself = person.token?.scoped ? person.token.id : null;
  const ended = await ctx.tx.$executeRaw`
    UPDATE staff_token SET revoked_at = now()
    WHERE family = (SELECT family FROM staff_token WHERE id = ${id} AND (${all} OR staff_id = ${person.staffId}) AND (${itself}::bigint IS NULL OR id = ${itself}::bigint))
      AND revoked_at IS NULL`;
  if (ended === 0) return 'not_found';
  await recordAudit(ctx, 'tokens.revoke', { type: 'staff_token', id });
  return 'done';
}
