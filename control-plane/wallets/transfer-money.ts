import { recordAudit } from '../audit';
import { accountFor, lockAccounts, postTransfers } from '../ledger';
import type { Context } from '../platform/context';
import { holdDebt, payDebt } from '../postpaid';

export interface Move {
  from: bigint;
  to: bigint;
  amount_cents: bigint;
  currency: string;
  reason: string;
}

export type Moved =
  | { kind: 'done'; balance_cents: bigint; paid_cents: bigint }
  | { kind: 'not_found' }
  | { kind: 'no_receiver' }
  | { kind: 'same' }
  | { kind: 'too_much'; balance_cents: bigint };

/**
 * Moves money from one customer's wallet to another's, in the caller's transaction; what the receiver owes is paid with it at once. Their services that renew
 * themselves are renewed within seconds, where it is enough. Gives what is left with the giver.
 */
export async function transferMoney(ctx: Context, move: Move): Promise<Moved> {
  const { from, to, amount_cents, currency, reason } = move;
  if (from === to) return { kind: 'same' };
  const people = await ctx.tx.subscriber.findMany({
    where: { id: { in: [from, to] }, deleted_at: null },
    select: { id: true },
  });
  if (!people.some(({ id }) => id === from)) return { kind: 'not_found' };
  if (!people.some(({ id }) => id === to)) return { kind: 'no_receiver' };
  const debts = await holdDebt(ctx, to);
  const giver = await accountFor(ctx, 'wallet', currency, from);
  const taker = await accountFor(ctx, 'wallet', currency, to);
  const balance = (await lockAccounts(ctx, [giver, taker, ...debts])).get(giver) ?? 0n;
  if (balance < amount_cents) return { kind: 'too_much', balance_cents: balance };
  // Under the lock the number of its entries names this one.
  const account = await ctx.tx.ledger_account.findUniqueOrThrow({ where: { id: giver }, select: { version: true } });
  const key = `wallet:${from}:moved:${currency}:${account.version + 1n}`;
  await postTransfers(ctx, [{ key, debit: giver, credit: taker, amount_cents, kind: 'wallet_transfer', memo: reason }]);
  const paid_cents = debts.length > 0 ? await payDebt(ctx, to, null) : 0n;
  await recordAudit(
    ctx,
    'wallets.transfer',
    { type: 'subscriber', id: from },
    { to: to.toString(), amount_cents, currency, reason },
  );
  return { kind: 'done', balance_cents: balance - amount_cents, paid_cents };
}
