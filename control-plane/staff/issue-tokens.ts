import { randomUUID } from 'node:crypto';
import type { Context } from '../platform/context';
import type { SecretBox } from '../platform/crypto';
import type { Database } from '../platform/db/prisma';
import { hashSecret, newSecret } from '../platform/http/session-cookie';
import { newAccessToken } from './access-token';

/** How long an access token works; the contract promises an hour at least. */
export const ACCESS_TTL_S = 12 * 3600;
export const REFRESH_TTL_S = 60 * 24 * 3600;

/** A pair as the API hands it out. The secrets exist here and nowhere else. */
export interface TokenPair {
  token: string;
  refreshToken: string;
  expires_in: number;
}

/** A new family of tokens for a person who has just shown their password. */
export async function issueTokens(ctx: Context, staffId: bigint): Promise<TokenPair> {
  const pair = newPair(ctx.secrets, staffId, ctx.tenantId);
  const family = randomUUID();
  await ctx.tx.$executeRaw`
    INSERT INTO staff_token (tenant_id, staff_id, family, kind, token_hash, expires_at)
    VALUES (${ctx.tenantId}, ${staffId}, ${family}::uuid, 'access', ${hashSecret(pair.token)}, now() + make_interval(secs => ${ACCESS_TTL_S})),
           (${ctx.tenantId}, ${staffId}, ${family}::uuid, 'refresh', ${hashSecret(pair.refreshToken)}, now() + make_interval(secs => ${REFRESH_TTL_S}))`;
  return pair;
}

export type Rotation = { kind: 'rotated'; pair: TokenPair } | { kind: 'reused' } | { kind: 'unknown' };

/** Exchanges a refresh token for a new pair. One that was used before revokes its whole family (`reused`). */
export async function rotateTokens(db: Database, refreshToken: string): Promise<Rotation> {
  const [owner] = await db.outside.$queryRaw<{ staff_id: bigint; tenant_id: bigint }[]>`
    SELECT * FROM token_owner(${hashSecret(refreshToken)})`;
  if (!owner) return { kind: 'unknown' };
  const pair = newPair(db.secrets, owner.staff_id, owner.tenant_id);
  const [row] = await db.outside.$queryRaw<{ outcome: 'rotated' | 'reused' | 'unknown' }[]>`
    SELECT staff_rotate_token(${hashSecret(refreshToken)}, ${hashSecret(pair.token)}, ${hashSecret(pair.refreshToken)},
      make_interval(secs => ${ACCESS_TTL_S}), make_interval(secs => ${REFRESH_TTL_S})) AS outcome`;
  return row?.outcome === 'rotated' ? { kind: 'rotated', pair } : { kind: row?.outcome ?? 'unknown' };
}

/** Ends the family that an access token belongs to. */
export async function revokeOwnTokens(ctx: Context, accessTokenHash: Buffer): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE staff_token SET revoked_at = now()
    WHERE family = (SELECT family FROM staff_token WHERE token_hash = ${accessTokenHash}) AND revoked_at IS NULL`;
}

function newPair(secrets: SecretBox, staffId: bigint, tenantId: bigint): TokenPair {
  const token = newAccessToken(secrets, { staffId, tenantId, lifetime_s: ACCESS_TTL_S });
  return { token, refreshToken: newSecret('lgr_'), expires_in: ACCESS_TTL_S };
}
