import { randomBytes } from 'node:crypto';
import type { Context } from '../platform/context';
import { hashSecret, newSecret } from '../platform/http/session-cookie';
import type { Proof } from './sign-in';

/** A browser stays signed in this long at most; a day without use ends it earlier (staff_by_session). */
export const SESSION_TTL_S = 14 * 24 * 3600;

/** Opens a browser session; the secret goes into the cookie (sessionCookie) and is kept nowhere. */
export async function openConsoleSession(
  ctx: Context,
  staffId: bigint,
  userAgent: string | undefined,
  proof: Proof = 'password',
): Promise<{ secret: string }> {
  const secret = newSecret('lgs_');
  const csrf = randomBytes(24).toString('base64url');
  await ctx.tx.$executeRaw`
    INSERT INTO staff_session (tenant_id, staff_id, token_hash, csrf_token, ip, user_agent, expires_at, method)
    VALUES (${ctx.tenantId}, ${staffId}, ${hashSecret(secret)}, ${csrf}, ${ctx.actor.ip}::inet, ${userAgent ?? null}, now() + make_interval(secs => ${SESSION_TTL_S}), ${proof})`;
  return { secret };
}

/** Signs a browser out. */
export async function closeConsoleSession(ctx: Context, sessionId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`UPDATE staff_session SET revoked_at = now() WHERE id = ${sessionId} AND revoked_at IS NULL`;
}

/** A browser that is signed in as somebody. */
export interface BrowserSignIn {
  id: bigint;
  user_agent: string | null;
  ip: string | null;
  method: string;
  impersonator_name: string | null;
  created_at: Date;
  last_seen_at: Date;
}

/** The browsers in which a person is signed in now, the one used last first. */
export function listBrowsers(ctx: Context, staffId: bigint): Promise<BrowserSignIn[]> {
  return ctx.tx.$queryRaw<BrowserSignIn[]>`
    SELECT id, user_agent, host(ip) AS ip, method, impersonator_name, created_at, last_seen_at FROM staff_session
    WHERE staff_id = ${staffId} AND revoked_at IS NULL AND expires_at > now() AND last_seen_at > now() - interval '24 hours'
    ORDER BY last_seen_at DESC, id DESC LIMIT 50`;
}

/** Ends one browser of a person's. False when they have none of that id. */
export async function endBrowser(ctx: Context, staffId: bigint, id: bigint): Promise<boolean> {
  const ended = await ctx.tx
    .$executeRaw`UPDATE staff_session SET revoked_at = now() WHERE id = ${id} AND staff_id = ${staffId} AND revoked_at IS NULL`;
  return ended > 0;
}

/** Ends every sign-in of a person at once, browsers and programs, but for the browser that asks. */
export async function endSignIns(ctx: Context, staffId: bigint, except?: bigint): Promise<number> {
  const browsers = await ctx.tx.$executeRaw`
    UPDATE staff_session SET revoked_at = now() WHERE staff_id = ${staffId} AND revoked_at IS NULL AND id IS DISTINCT FROM ${except ?? null}::bigint`;
  const programs = await ctx.tx
    .$executeRaw`UPDATE staff_token SET revoked_at = now() WHERE staff_id = ${staffId} AND revoked_at IS NULL`;
  return browsers + programs;
}

/** A program that is signed in as somebody: one row per family of tokens. */
export interface ProgramSignIn {
  id: bigint;
  created_at: Date;
  expires_at: Date;
}

/** The programs in which a person is signed in with their password; tokens made for programs have a page of their own. */
export function listPrograms(ctx: Context, staffId: bigint): Promise<ProgramSignIn[]> {
  return ctx.tx.$queryRaw<ProgramSignIn[]>`
    SELECT min(id) AS id, min(created_at) AS created_at, max(expires_at) AS expires_at FROM staff_token
    WHERE staff_id = ${staffId} AND kind IN ('access', 'refresh') AND revoked_at IS NULL AND expires_at > now()
    GROUP BY family ORDER BY min(id) DESC LIMIT 50`;
}

/** Ends one of them, named by the id that listPrograms gave. False when there is none. */
export async function endProgram(ctx: Context, staffId: bigint, id: bigint): Promise<boolean> {
  const ended = await ctx.tx.$executeRaw`
    UPDATE staff_token SET revoked_at = now()
    WHERE family = (SELECT family FROM staff_token WHERE id = ${id} AND staff_id = ${staffId}) AND revoked_at IS NULL`;
  return ended > 0;
}
