import { sellToPhone } from '../payments';
import type { Context } from '../platform/context';

export type Service = { kind: 'found'; subscriptionId: bigint } | { kind: 'sold_out' };

/**
 * The service that a purchase is of. One purchase is for one device: the phone's service of this plan that this device has, else one that has run out or was never
 * paid; where all run on other devices (a parent who pays for two) it is a new one. One that another device is just being asked money for is left alone.
 */
export async function serviceFor(
  ctx: Context,
  wish: { phone: string; planId: bigint; mac: string | undefined },
): Promise<Service> {
  const { phone, planId, mac } = wish;
  // Two taps at once are one customer.
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`buyer ${ctx.tenantId} ${phone}`}, 0))`;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT s.id FROM subscriber c JOIN subscription_now s ON s.subscriber_id = c.id
    WHERE c.tenant_id = ${ctx.tenantId} AND c.phone = ${phone} AND c.deleted_at IS NULL AND NOT c.is_guests AND s.plan_id = ${planId}
      AND (EXISTS (SELECT FROM hotspot_device d WHERE d.subscription_id = s.id AND d.mac = ${mac ?? null}) AND s.state <> 'ended'
        OR s.state IN ('pending', 'expired', 'capped') AND NOT EXISTS (
          SELECT FROM hotspot_pass p JOIN hotspot_order o ON o.pass_id = p.id JOIN payment m ON m.id = o.payment_id
          WHERE p.subscription_id = s.id AND p.mac IS DISTINCT FROM ${mac ?? null} AND m.state IN ('created', 'prompted', 'unknown')
            AND m.created_at > lango_now() - interval '10 minutes'))
    ORDER BY EXISTS (SELECT FROM hotspot_device d WHERE d.subscription_id = s.id AND d.mac = ${mac ?? null}) DESC, s.id DESC LIMIT 1`;
  if (row) return { kind: 'found', subscriptionId: row.id };
  const sold = await sellToPhone(ctx, phone, planId);
  return sold.kind === 'found' ? sold : { kind: 'sold_out' };
}
