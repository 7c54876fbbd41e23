import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

export type AssignOutcome = 'done' | 'no_reseller' | 'no_customer' | 'own_account';

/** Makes a customer a reseller's, or with null the company's own again. Commission of what was sold before stays where it is. */
export async function assignCustomer(
  ctx: Context,
  customerId: bigint,
  resellerId: bigint | null,
): Promise<AssignOutcome> {
  if (resellerId !== null) {
    const [reseller] = await ctx.tx.$queryRaw<unknown[]>`SELECT 1 FROM reseller WHERE id = ${resellerId}`;
    if (!reseller) return 'no_reseller';
  }
  const [customer] = await ctx.tx.$queryRaw<{ own: boolean; before: bigint | null }[]>`
    SELECT EXISTS (SELECT FROM reseller r WHERE r.subscriber_id = c.id) AS own, c.reseller_id AS before
    FROM subscriber c WHERE c.id = ${customerId} AND c.deleted_at IS NULL AND NOT c.is_guests FOR NO KEY UPDATE`;
  if (!customer) return 'no_customer';
  if (customer.own) return 'own_account';
  await ctx.tx.$executeRaw`
    UPDATE subscriber SET reseller_id = ${resellerId}::bigint, updated_at = ${ctx.now}, version = version + 1 WHERE id = ${customerId}`;
  await recordAudit(
    ctx,
    'subscribers.reseller',
    { type: 'subscriber', id: customerId },
    { reseller_id: resellerId, before: customer.before },
  );
  return 'done';
}
