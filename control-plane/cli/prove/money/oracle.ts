/** A payment as the books have it, in the order in which its client's wallet took it. */
export interface Booked {
  reference: string;
  amount_cents: number;
  price_cents: number;
  outcome: string;
  applied_cents: number;
  balance_cents: number;
}

/**
 * Counts with pencil and paper: money goes to the wallet, and whenever the wallet then holds the price one purchase is
 * made. Gives one sentence for each payment that was booked otherwise.
 */
export function recount(payments: readonly Booked[]): { faults: string[]; purchases: number; balance_cents: number } {
  const faults: string[] = [];
  let [wallet, purchases] = [0, 0];
  for (const one of payments) {
    wallet += one.amount_cents;
    const buys = wallet >= one.price_cents;
    if (buys) {
      wallet -= one.price_cents;
      purchases++;
    }
    const applied = buys ? Math.min(one.amount_cents, one.price_cents) : 0;
    const should = `${buys ? 'renewed' : 'wallet_short'}, ${applied} applied, wallet ${wallet}`;
    const is = `${one.outcome}, ${one.applied_cents} applied, wallet ${one.balance_cents}`;
    if (is !== should) faults.push(`${one.reference} of ${one.amount_cents}: ${is}; expected ${should}`);
  }
  return { faults, purchases, balance_cents: wallet };
}
