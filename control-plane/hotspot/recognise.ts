import type { Context } from '../platform/context';
import type { Web } from '../platform/http/page';
import type { Device } from './device';
import { routerOf, type Door } from './door';
import { findPass, isPayer, wordOf, type Pass } from './passes';
import { phaseOf, standingOf } from './standing';

/** What is known of whoever opens the shop, by their pass (cookie) or by their device's address. */
export type Known =
  /** The pass has its own page: it runs on this device, or its payment is under way. */
  | { kind: 'pass'; word: string }
  /** Their service runs, and not on this device. */
  | { kind: 'elsewhere'; pass: Pass; plan: string; until: Date | null }
  /** The device has a service that runs: it is let in without a tap. By its address alone, so nothing else is told. */
  | { kind: 'greeted'; subscriptionId: bigint }
  | { kind: 'renew'; planId: string; plan: string; price_cents: bigint; currency: string; phone: string };

export async function recognise(ctx: Context, door: Door, web: Web, device: Device): Promise<Known | undefined> {
  const word = wordOf(web);
  const pass = await findPass(ctx, word);
  const byPass = pass && word !== undefined ? await knownByPass(ctx, pass, word, device) : undefined;
  if (byPass && byPass.kind !== 'renew') return byPass;
  if (device.mac === undefined) return byPass;
  const nasId = await routerOf(ctx, door, device);
  const [greeted] = await ctx.tx.$queryRaw<{ id: bigint | null }[]>`
    SELECT hotspot_greet(${device.mac}, ${nasId ?? null}::bigint) AS id`;
  if (greeted?.id) return { kind: 'greeted', subscriptionId: greeted.id };
  return byPass ?? (await renewalOf(ctx, { mac: device.mac }));
}

async function knownByPass(ctx: Context, pass: Pass, word: string, device: Device): Promise<Known | undefined> {
  const standing = await standingOf(ctx, pass);
  const phase = phaseOf(standing, pass);
  const here = device.mac === undefined || device.mac === pass.mac;
  if (
    here &&
    ['sending', 'waiting', 'page', 'asking', 'short', 'held', 'near', 'slow', 'online', 'elsewhere'].includes(phase)
  )
    return { kind: 'pass', word };
  if (!isPayer(pass)) return undefined;
  if (standing.entitled) return { kind: 'elsewhere', pass, plan: standing.plan, until: standing.valid_until };
  return renewalOf(ctx, { subscriptionId: pass.subscription_id });
}

/** What was bought for the device last, if it has run out and is still sold, and whose phone pays for it. */
async function renewalOf(
  ctx: Context,
  by: { mac: string } | { subscriptionId: bigint },
): Promise<Extract<Known, { kind: 'renew' }> | undefined> {
  const mac = 'mac' in by ? by.mac : null;
  const id = 'subscriptionId' in by ? by.subscriptionId : null;
  const [row] = await ctx.tx.$queryRaw<
    { plan_id: bigint; plan: string; price_cents: bigint; currency: string; phone: string }[]
  >`
    SELECT p.id AS plan_id, p.name AS plan, v.price_cents, v.currency::text, c.phone
    FROM subscription_now s JOIN subscriber c ON c.id = s.subscriber_id JOIN plan p ON p.id = s.plan_id JOIN plan_version v ON v.id = p.current_version_id
    WHERE s.tenant_id = ${ctx.tenantId} AND s.state IN ('expired', 'capped') AND p.archived_at IS NULL AND NOT c.is_guests AND c.deleted_at IS NULL AND v.price_cents > 0
      AND (s.id = ${id}::bigint OR s.id IN (SELECT d.subscription_id FROM hotspot_device d WHERE d.tenant_id = ${ctx.tenantId} AND d.mac = ${mac}::text))
    ORDER BY s.expires_at DESC NULLS LAST LIMIT 1`;
  return row && { kind: 'renew', ...row, planId: row.plan_id.toString() };
}
