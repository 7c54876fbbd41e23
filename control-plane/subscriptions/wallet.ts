import { accountFor, lockAccounts, postTransfers } from '../ledger';
import type { Context } from '../platform/context';

/** A subscriber's wallet beside the sales account, locked: the balance holds until the transaction ends. */
export interface Wallet {
  wallet: bigint;
  sales: bigint;
  balance_cents: bigint;
}

export async function openWallet(ctx: Context, subscriberId: bigint, currency: string): Promise<Wallet> {
  const wallet = await accountFor(ctx, 'wallet', currency, subscriberId);
  const sales = await accountFor(ctx, 'sales', currency);
  const balances = await lockAccounts(ctx, [wallet, sales]);
  return { wallet, sales, balance_cents: balances.get(wallet) ?? 0n };
}

/**
 * Books money between a wallet and sales: above zero the wallet pays, below zero it gets some back.
 * @param key names the event; booked once, however often it is asked for
 */
export async function bookFromWallet(
  ctx: Context,
  { wallet, sales }: Wallet,
  key: string,
  cents: bigint,
): Promise<void> {
  if (cents === 0n) return;
  const back = cents < 0n;
  await postTransfers(ctx, [
    {
      key,
      debit: back ? sales : wallet,
      credit: back ? wallet : sales,
      amount_cents: back ? -cents : cents,
      kind: back ? 'plan_change_credit' : 'sale',
    },
  ]);
}
