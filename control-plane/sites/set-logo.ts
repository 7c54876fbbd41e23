import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { Logo } from './queries';

/** A phone loads it before it has paid for anything, beside the rest of the page. */
export const LOGO_MAX_BYTES = 8192;

export type LogoOutcome = 'done' | 'not_found' | 'not_a_picture' | 'too_large';

/** Sets a site's picture, a PNG or JPEG, or takes it away. */
export async function setLogo(ctx: Context, id: bigint, bytes: Buffer | undefined): Promise<LogoOutcome> {
  const type = bytes && pictureType(bytes);
  if (bytes && bytes.length > LOGO_MAX_BYTES) return 'too_large';
  if (bytes && !type) return 'not_a_picture';
  const changed = await ctx.tx.$executeRaw`
    UPDATE site SET logo = ${bytes ?? null}::bytea, logo_type = ${type ?? null}, updated_at = ${ctx.now}, version = version + 1 WHERE id = ${id}`;
  if (changed === 0) return 'not_found';
  await recordAudit(ctx, 'sites.logo', { type: 'site', id }, { bytes: bytes?.length ?? 0 });
  return 'done';
}

/** By its first bytes: what a browser is told must be what it is, whatever the file is called. */
function pictureType(bytes: Buffer): Logo['type'] | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'image/png';
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'image/jpeg';
  return undefined;
}
