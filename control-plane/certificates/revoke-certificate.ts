import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Takes a certificate back: from the next sign-in on it opens nothing. One that was taken back before stays as it is. */
export async function revokeCertificate(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const [row] = await ctx.tx.$queryRaw<{ serial: string; revoked_at: Date | null }[]>`
    SELECT serial, revoked_at FROM certificate WHERE tenant_id = ${ctx.tenantId} AND id = ${id} FOR UPDATE`;
  if (!row) return 'not_found';
  if (row.revoked_at !== null) return 'done';
  await ctx.tx
    .$executeRaw`UPDATE certificate SET revoked_at = ${ctx.now} WHERE tenant_id = ${ctx.tenantId} AND id = ${id}`;
  await recordAudit(ctx, 'certificates.revoke', { type: 'certificate', id }, { serial: row.serial });
  return 'done';
}
