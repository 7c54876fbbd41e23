import type { Context } from '../platform/context';

/**
 * Locks a customer's account for bills, and names the accounts of the books that hold what is owed, so that a payment can lock them together with those
 * that it posts to. Nothing for those who buy before.
 */
export async function holdDebt(ctx: Context, subscriberId: bigint): Promise<bigint[]> {
  return (await holdDebts(ctx, [subscriberId])).get(subscriberId) ?? [];
}

/** The same for many, by the customer; locked in the order of their ids. Who buys before is not in it. */
export async function holdDebts(ctx: Context, subscriberIds: readonly bigint[]): Promise<Map<bigint, bigint[]>> {
  const held = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT subscriber_id AS id FROM postpaid_account WHERE subscriber_id = ANY (${subscriberIds}::bigint[]) ORDER BY subscriber_id FOR NO KEY UPDATE`;
  if (held.length === 0) return new Map();
  const codes = held.map(({ id }) => `receivable:${id}`);
  const rows = await ctx.tx.$queryRaw<{ id: bigint; code: string }[]>`
    SELECT id, code FROM ledger_account WHERE tenant_id = ${ctx.tenantId} AND code = ANY (${codes}::text[])`;
  return new Map(
    held.map(({ id }) => [id, rows.filter(({ code }) => code === `receivable:${id}`).map((row) => row.id)]),
  );
}

/** Pays from the wallet what is owed, the oldest invoice first, and opens again what the debt had shut. Gives what was paid, in minor units. */
export async function payDebt(ctx: Context, subscriberId: bigint, paymentId: bigint | null): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`
    SELECT postpaid_pay(${subscriberId}::bigint, ${paymentId}::bigint) AS cents`;
  return row?.cents ?? 0n;
}

/** What a customer owes in a currency, in minor units. */
export async function owedCents(ctx: Context, subscriberId: bigint, currency: string): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ cents: bigint }[]>`
    SELECT -balance_cents AS cents FROM ledger_account
    WHERE tenant_id = ${ctx.tenantId} AND code = ${`receivable:${subscriberId}`} AND currency = ${currency}`;
  return row && row.cents > 0n ? row.cents : 0n;
}
