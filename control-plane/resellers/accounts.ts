import type { Context } from '../platform/context';

/**
 * The ledger account of a reseller: `float` and `commission` are theirs, `commissions` and `payouts` the company's. Made at first use.
 * @throws when the reseller is not to be seen
 */
export async function accountOf(
  ctx: Context,
  resellerId: bigint,
  what: 'float' | 'commission' | 'commissions' | 'payouts',
): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`SELECT reseller_account(${resellerId}, ${what}) AS id`;
  if (!row) throw new Error(`Reseller ${resellerId} has no account ${what}.`);
  return row.id;
}
