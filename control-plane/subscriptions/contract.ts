import { issueInvoice } from '../invoices';
import { accountFor, lockAccounts, postTransfers } from '../ledger';
import type { Context } from '../platform/context';
import { addValidity } from './add-validity';
import type { Locked } from './standing';

/** What a subscription is bound by: until then, or the fee. */
export interface Contract {
  ends_at: Date;
  fee_cents: bigint;
  /** Leaving now is leaving early. */
  is_running: boolean;
}

/** The contract of a subscription, over or not; undefined when it never had one. */
export async function contractOf(ctx: Context, id: bigint): Promise<Contract | undefined> {
  const row = await ctx.tx.subscription.findFirst({
    where: { id },
    select: { contract_ends_at: true, contract_fee_cents: true },
  });
  if (!row?.contract_ends_at) return undefined;
  const ends_at = row.contract_ends_at;
  return { ends_at, fee_cents: row.contract_fee_cents ?? 0n, is_running: ends_at > ctx.now };
}

/**
 * What a cycle on this version does to the contract: the first one on a plan with a contract begins it. Renewing does not begin another, a contract
 * that is over stays over, and moving to another plan with one never makes it shorter.
 */
export async function contractBegun(
  ctx: Context,
  sub: Locked,
  version: Locked['plan'],
): Promise<{ contract_ends_at?: Date; contract_fee_cents?: bigint }> {
  if (version.contract_months === null) return {};
  const before = await contractOf(ctx, sub.id);
  if (before && sub.plan.plan_id === version.plan_id) return {};
  const begun = firstContract(ctx, version, sub.timezone);
  return before && begun.contract_ends_at && before.ends_at >= begun.contract_ends_at ? {} : begun;
}

/** The contract that a version begins now for somebody who has none. */
export function firstContract(
  ctx: Context,
  version: Locked['plan'],
  timezone: string,
): { contract_ends_at?: Date; contract_fee_cents?: bigint } {
  if (version.contract_months === null) return {};
  const contract_ends_at = addValidity(ctx.now, { count: version.contract_months, unit: 'month' }, timezone);
  return { contract_ends_at, contract_fee_cents: version.contract_fee_cents ?? 0n };
}

/** Takes the fee for leaving early from the wallet. False, and nothing booked, when the wallet does not hold it. */
export async function takeEarlyFee(ctx: Context, sub: Locked, fee_cents: bigint): Promise<boolean> {
  const { currency } = sub.plan;
  const wallet = await accountFor(ctx, 'wallet', currency, sub.subscriber_id);
  const sales = await accountFor(ctx, 'sales', currency);
  const balances = await lockAccounts(ctx, [wallet, sales]);
  if ((balances.get(wallet) ?? 0n) < fee_cents) return false;
  const key = `subscription:${sub.id}:early-fee`;
  await postTransfers(ctx, [{ key, debit: wallet, credit: sales, amount_cents: fee_cents, kind: 'early_fee' }]);
  const description = 'Leaving the contract early';
  await issueInvoice(ctx, key, sub, [{ kind: 'fee', description, unit_cents: fee_cents }]);
  return true;
}
