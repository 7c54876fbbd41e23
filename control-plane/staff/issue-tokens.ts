import { randomUUID } from 'node:crypto';
import type { Context } from '../platform/context';
import type { PrismaClient } from '../platform/db/generated/client';
import { hashSecret, newSecret } from '../platform/http/session-cookie';

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
  const pair = newPair();
  const family = randomUUID();
  await ctx.tx.$executeRaw`
    INSERT INTO staff_token (tenant_id, staff_id, family, kind, token_hash, expires_at)
    VALUES (${ctx.tenantId}, ${staffId}, ${family}::uuid, 'access', ${hashSecret(pair.token)}, now() + make_interval(secs => ${ACCESS_TTL_S})),
           (${ctx.tenantId}, ${staffId}, ${family}::uuid, 'refresh', ${hashSecret(pair.refreshToken)}, now() + make_interval(secs => ${REFRESH_TTL_S}))`;
  return pair;
}

export type Rotation = { kind: 'rotated'; pair: TokenPair } | { kind: 'reused' } | { kind: 'unknown' };

/** Exchanges a refresh token for a new pair. One that was used before revokes its whole family (`reused`). */
export async function rotateTokens(outside: PrismaClient, refreshToken: string): Promise<Rotation> {
  const pair = newPair();
  const [row] = await outside.$queryRaw<{ outcome: 'rotated' | 'reused' | 'unknown' }[]>`
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

/** Ends one family of a person's own tokens, named by the id that listOwnTokens gave. False when there is none. */
export async function revokeToken(ctx: Context, staffId: bigint, id: bigint): Promise<boolean> {
  const ended = await ctx.tx.$executeRaw`
    UPDATE staff_token SET revoked_at = now()
    WHERE family = (SELECT family FROM staff_token WHERE id = ${id} AND staff_id = ${staffId}) AND revoked_at IS NULL`;
  return ended > 0;
}

function newPair(): TokenPair {
  return { token: newSecret('lga_'), refreshToken: newSecret('lgr_'), expires_in: ACCESS_TTL_S };
}
