import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { hashSecret, newSecret } from '../platform/http/session-cookie';

/** Working as somebody else ends by itself after this. */
export const IMPERSONATION_S = 3600;

/**
 * Opens a browser session as somebody of another company, to see what they see. Every page of it says so, every act carries both names in the
 * company's audit, and their password and sign-ins cannot be touched from it.
 * @param reason why; stands in the audits of both companies
 * @returns the secret for the cookie, or undefined when there is no such person or the acting one is no super admin
 */
export async function impersonate(
  ctx: Context,
  staffId: bigint,
  reason: string,
  userAgent: string | undefined,
): Promise<string | undefined> {
  const secret = newSecret('lgs_');
  const csrf = randomBytes(24).toString('base64url');
  const [row] = await ctx.tx.$queryRaw<{ outcome: string }[]>`
    SELECT tenants_impersonate(${ctx.actor.id}::bigint, ${staffId}::bigint, ${hashSecret(secret)}, ${csrf}, ${reason}, ${userAgent ?? null},
      ${ctx.actor.ip}::inet, ${ctx.requestId}) AS outcome`;
  return row?.outcome === 'done' ? secret : undefined;
}

/** Ends it; stands in the company's audit. */
export async function endImpersonation(ctx: Context, sessionId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`UPDATE staff_session SET revoked_at = now() WHERE id = ${sessionId} AND revoked_at IS NULL`;
  await recordAudit(ctx, 'tenants.impersonate_end', { type: 'tenant', id: ctx.tenantId });
}
