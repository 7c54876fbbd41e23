import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { SECRET_PURPOSE } from './schema';
import { newSigningSecret } from './sign';

export type Rotated = { kind: 'done'; secret: string } | { kind: 'not_found' };

/** A new signing secret; the one before it signs too for `overlapHours`, so that the receiver can change over without losing a message. */
export async function rotateSecret(ctx: Context, id: bigint, overlapHours: number): Promise<Rotated> {
  const secret = newSigningSecret();
  const sealed = ctx.secrets.seal(SECRET_PURPOSE, ctx.tenantId, secret);
  const changed = await ctx.tx.$executeRaw`
    UPDATE webhook_endpoint SET former_secret_enc = CASE WHEN ${overlapHours} > 0 THEN secret_enc END,
      former_until = CASE WHEN ${overlapHours} > 0 THEN lango_now() + make_interval(hours => ${overlapHours}) END,
      secret_enc = ${sealed}, updated_at = lango_now(), version = version + 1
    WHERE id = ${id}`;
  if (changed === 0) return { kind: 'not_found' };
  await recordAudit(ctx, 'webhooks.rotate', { type: 'webhook_endpoint', id }, { overlap_hours: overlapHours });
  return { kind: 'done', secret };
}
