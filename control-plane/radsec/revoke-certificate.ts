import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Revokes a certificate: within two seconds no front takes it, and a connection made with it is ended. There is no way back; issue a new one. */
export async function revokeCertificate(ctx: Context, id: bigint, reason: string): Promise<'done' | 'not_found'> {
  const [found] = await ctx.tx.$queryRaw<{ nas_id: bigint; serial: string; revoked_at: Date | null }[]>`
    SELECT nas_id, serial, revoked_at FROM radsec_certificate WHERE id = ${id} AND tenant_id = ${ctx.tenantId} FOR UPDATE`;
  if (!found) return 'not_found';
  if (found.revoked_at !== null) return 'done';
  await ctx.tx.$executeRaw`
    UPDATE radsec_certificate SET revoked_at = ${ctx.now}, revoked_reason = nullif(${reason}, '') WHERE id = ${id}`;
  await recordAudit(
    ctx,
    'radsec.revoke',
    { type: 'nas', id: found.nas_id },
    { certificate: id, serial: found.serial, reason },
  );
  return 'done';
}
