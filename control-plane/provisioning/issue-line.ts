import { createHash, randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findInstallation, makeTunnelKeys } from './installation';
import { renderLine } from './render-script';
import type { Wanted } from './wanted';

/** Where what a router's tunnel needs is sealed (platform/crypto.ts). */
export const TUNNEL_KEY = 'provisioning_router.tunnel_key';
export const TUNNEL_PASSWORD = 'provisioning_router.tunnel_password';
/** How long a line can be pasted. */
const LINE_HOURS = 24;

export type LineOutcome =
  | { kind: 'done'; line: string; url: string; expiresAt: Date }
  | { kind: 'not_found' }
  /** A router of another make, or one that is known by a certificate alone. */
  | { kind: 'not_ours_to_set_up' }
  /** lango start has not run on this database. */
  | { kind: 'no_installation' };

export const hashWord = (word: string): Buffer => createHash('sha256').update(word).digest();

/**
 * Makes the line that an operator pastes into a router's terminal. An older line of the router is worth nothing from now on; what the router does so far
 * stays as it is until it has fetched its script.
 */
export async function issueLine(ctx: Context, routerId: bigint): Promise<LineOutcome> {
  const [router] = await ctx.tx.$queryRaw<{ name: string; type: string; certificate: boolean }[]>`
    SELECT name, type, nasname::inet <<= '127.128.0.0/10' AS certificate FROM nas WHERE id = ${routerId} FOR UPDATE`;
  if (!router) return { kind: 'not_found' };
  if (router.type !== 'mikrotik' || router.certificate) return { kind: 'not_ours_to_set_up' };
  const installation = await findInstallation(ctx);
  if (!installation) return { kind: 'no_installation' };
  const word = randomBytes(24).toString('base64url');
  const expiresAt = new Date(ctx.now.getTime() + LINE_HOURS * 3_600_000);
  await keepSetup(ctx, routerId, {});
  await ctx.tx.$executeRaw`
    UPDATE provisioning_router SET word_hash = ${hashWord(word)}, word_expires_at = ${expiresAt}, fetched_at = NULL, fetched_version = NULL, finished_at = NULL,
      failed_step = NULL, failed_at = NULL, updated_at = ${ctx.now}
    WHERE nas_id = ${routerId}`;
  await recordAudit(ctx, 'provisioning.line', { type: 'nas', id: routerId }, { name: router.name });
  const url = `${installation.publicUrl}/provisioning/${word}`;
  return { kind: 'done', line: renderLine(url), url, expiresAt };
}

/** Makes a router's row if it has none, and writes what is given. A tunnel gets its address and keys once. */
export async function keepSetup(
  ctx: Context,
  routerId: bigint,
  change: { way?: 'direct' | 'tunnel'; tunnelAddress?: string; wanted?: Wanted },
): Promise<void> {
  const { way = 'direct', tunnelAddress, wanted } = change;
  const keys = makeTunnelKeys();
  const tunnel = tunnelAddress !== undefined;
  const sealedKey = tunnel ? ctx.secrets.seal(TUNNEL_KEY, ctx.tenantId, keys.privateKey) : null;
  const password = randomBytes(18).toString('base64url');
  const sealedPassword = tunnel ? ctx.secrets.seal(TUNNEL_PASSWORD, ctx.tenantId, password) : null;
  await ctx.tx.$executeRaw`
    INSERT INTO provisioning_router (nas_id, tenant_id, way, tunnel_address, tunnel_public_key, tunnel_key_enc, tunnel_password_enc, wanted)
    VALUES (${routerId}, ${ctx.tenantId}, ${way}, ${tunnelAddress ?? null}::inet, ${tunnel ? keys.publicKey : null}, ${sealedKey}::bytea, ${sealedPassword}::bytea,
            ${JSON.stringify(wanted ?? {})}::jsonb)
    ON CONFLICT (nas_id) DO NOTHING`;
  if (wanted)
    await ctx.tx.$executeRaw`
      UPDATE provisioning_router SET wanted = ${JSON.stringify(wanted)}::jsonb, updated_at = ${ctx.now} WHERE nas_id = ${routerId}`;
}

/** A tunnel address that no router has. */
export async function nextTunnelAddress(ctx: Context): Promise<string> {
  const [row] = await ctx.tx.$queryRaw<{ address: string }[]>`SELECT host(provisioning_next_address()) AS address`;
  if (!row) throw new Error('There is no tunnel address for a router.');
  return row.address;
}
