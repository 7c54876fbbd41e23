import { randomBytes } from 'node:crypto';
import type { Context } from '../platform/context';
import { hashSecret, newSecret } from '../platform/http/session-cookie';

/** A browser stays signed in this long at most; a day without use ends it earlier (staff_by_session). */
export const SESSION_TTL_S = 14 * 24 * 3600;

/** Opens a browser session; the secret goes into the cookie (sessionCookie) and is kept nowhere. */
export async function openConsoleSession(
  ctx: Context,
  staffId: bigint,
  userAgent: string | undefined,
): Promise<{ secret: string }> {
  const secret = newSecret('lgs_');
  const csrf = randomBytes(24).toString('base64url');
  await ctx.tx.$executeRaw`
    INSERT INTO staff_session (tenant_id, staff_id, token_hash, csrf_token, ip, user_agent, expires_at)
    VALUES (${ctx.tenantId}, ${staffId}, ${hashSecret(secret)}, ${csrf}, ${ctx.actor.ip}::inet, ${userAgent ?? null}, now() + make_interval(secs => ${SESSION_TTL_S}))`;
  return { secret };
}

/** Signs a browser out. */
export async function closeConsoleSession(ctx: Context, sessionId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`UPDATE staff_session SET revoked_at = now() WHERE id = ${sessionId} AND revoked_at IS NULL`;
}
