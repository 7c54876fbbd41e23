import { setTimeout as sleep } from 'node:timers/promises';
import { booksDiffer, type Ask, type StatementLine } from '../../bench/payments/verify';
import { readStatement } from '../payments';
import type { Product } from '../product';
import type { Violations } from '../proof';

export { openAccount } from '../../bench/payments/town';

/** Nothing more goes wrong: by then the provider has been asked about every prompt that nobody told of, and its list was read. */
const PATIENCE_MS = 120_000;

/** Waits until every payment of the provider's statement is in the books. Gives the seconds. */
export async function untilKnown(
  product: Product,
  paid: readonly StatementLine[],
  violations: Violations,
): Promise<number> {
  const began = Date.now();
  for (;;) {
    const [row] = await product.ask<{ open: number }>(
      `SELECT count(*)::int AS open FROM unnest($1::text[]) r (receipt) WHERE NOT EXISTS (SELECT FROM payment p WHERE p.receipt = r.receipt AND p.state = 'settled')`,
      [paid.map((line) => line.receipt)],
    );
    if (row?.open === 0) break;
    if (Date.now() - began > PATIENCE_MS) {
      violations.add(`${row?.open} payments that were paid are not in the books ${PATIENCE_MS / 1000} s after the end`);
      break;
    }
    await readStatement(product);
    await sleep(2_000);
  }
  return Math.round((Date.now() - began) / 1000);
}

/**
 * Holds the books against the provider's statement, receipt by receipt and in sum, and every service against its sales: bought once more for each sale and
 * for nothing else. One sentence for each difference.
 */
export async function moneyDiffers(ask: Ask, paid: readonly StatementLine[], price_cents: number): Promise<string[]> {
  const found = await booksDiffer(ask, paid, { unknownCalls: true, walletsHoldSome: true });
  const rows = await ask<{ id: string; bought: number; sales: number; cents: string }>(
    `SELECT s.id::text, s.cycle_no - b.cycle_no AS bought, coalesce(t.n, 0)::int AS sales, coalesce(t.cents, 0)::text AS cents
     FROM subscription s JOIN bench_before b ON b.subscription_id = s.id
     LEFT JOIN (SELECT p.subscription_id, count(*) AS n, sum(t.amount_cents) AS cents
                FROM ledger_transfer t JOIN payment p ON p.id = t.payment_id WHERE t.kind = 'sale' GROUP BY 1) t ON t.subscription_id = s.id
     WHERE s.cycle_no - b.cycle_no <> coalesce(t.n, 0) OR coalesce(t.cents, 0) <> coalesce(t.n, 0) * $1`,
    [price_cents],
  );
  for (const row of rows)
    found.push(
      `subscription ${row.id} was renewed ${row.bought} times for ${row.sales} sales of ${row.cents} cents in all`,
    );
  return found;
}
