import { randomUUID } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { hashSecret, newSecret } from '../platform/http/session-cookie';
import type { Person } from '../platform/http/person';
import type { Permission } from '../platform/permissions';
import { ownHand } from '../staff';
import { TOKENS_MAX, type NewToken } from './schema';

export type CreatedToken =
  | { kind: 'created'; id: bigint; token: string }
  /** A token cannot make tokens: it would outlive its own end. */
  | { kind: 'made_by_people' }
  | { kind: 'not_yours'; scopes: Permission[] }
  | { kind: 'too_many'; most: number };

/**
 * A token for a program of a person's own. Its scopes are permissions that they hold; when they lose one the token loses it with them, and
 * when they are disabled, or change their password, it ends. The secret is given back here and never again.
 */
export async function createToken(ctx: Context, person: Person, input: NewToken): Promise<CreatedToken> {
  // It would outlive the hour, and act in their name alone.
  ownHand(person);
  if (person.token?.scoped) return { kind: 'made_by_people' };
  const beyond = input.scopes.filter((scope) => !ctx.actor.permissions.has(scope));
  if (beyond.length > 0) return { kind: 'not_yours', scopes: beyond };
  const [held] = await ctx.tx.$queryRaw<{ n: bigint }[]>`
    SELECT count(*) AS n FROM staff_token WHERE staff_id = ${person.staffId} AND kind = 'api' AND revoked_at IS NULL AND expires_at > now()`;
  if ((held?.n ?? 0n) >= TOKENS_MAX) return { kind: 'too_many', most: TOKENS_MAX };
  const token = newSecret('lgk_');
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO staff_token (tenant_id, staff_id, family, kind, token_hash, name, scopes, expires_at)
    VALUES (${ctx.tenantId}, ${person.staffId}, ${randomUUID()}::uuid, 'api', ${hashSecret(token)}, ${input.name}, ${input.scopes},
      now() + make_interval(days => ${input.days}::int))
    RETURNING id`;
  if (!row) throw new Error('The token was not written.');
  await recordAudit(
    ctx,
    'tokens.create',
    { type: 'staff_token', id: row.id },
    { name: input.name, scopes: input.scopes, days: input.days },
  );
  return { kind: 'created', id: row.id, token };
}
