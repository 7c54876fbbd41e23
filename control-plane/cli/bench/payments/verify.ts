/** One payment as the provider's own statement has it. */
export interface StatementLine {
  receipt: string;
  amount_cents: bigint;
  /** The order's name that the customer saw in the prompt. */
  reference: string;
}

/** What is to be held against the rows: everything that was truly paid, and the rest that was not. */
export interface Expected {
  paid: readonly StatementLine[];
  /** Orders that were never paid: their service must be as it was. */
  unpaid?: readonly string[];
  /** Calls about prompts that the provider took without saying so wait for a person in the end; their money comes by another way. */
  unknownCalls?: boolean;
}

interface OrderRow {
  id: string;
  ref: string;
  state: string;
  outcome: string | null;
  receipt: string | null;
  amount: string;
  received: string;
  credits: string;
  sold: string;
  renewals: string;
  invoices: string;
  cycle: string;
  days: string;
}

/** A runner of statements past row-level security. */
export type Ask = <Row extends object>(sql: string, values?: unknown[]) => Promise<Row[]>;

/**
 * Holds the books against the provider's statement, row by row: each paid order settled once by its own receipt, its service extended once and by one
 * validity, its money in the ledger once, and the provider's account in the ledger equal to the statement. Made for orders at the price of their plan, one
 * for a subscription, whose validity is counted in days. Gives one sentence for each difference; none means that not a cent and not a day is lost or double.
 */
export async function differences(ask: Ask, { paid, unpaid = [], unknownCalls = false }: Expected): Promise<string[]> {
  const found: string[] = [];
  const lines = new Map(paid.map((line) => [line.reference, line]));
  const rows = await ordersOf(ask, [...lines.keys(), ...unpaid]);
  const seen = new Set(rows.map((row) => row.ref));
  for (const ref of [...lines.keys(), ...unpaid]) if (!seen.has(ref)) found.push(`order ${ref} is in no row`);
  for (const row of rows) {
    const line = lines.get(row.ref);
    const is = wordsOf(row);
    const should = line ? paidWords(line) : notPaidWords;
    if (is !== should) found.push(`payment ${row.id}: ${is}; expected ${should}`);
  }
  found.push(...(await booksDiffer(ask, paid, { unknownCalls })));
  return found;
}

const notPaidWords =
  'not settled, receipt -, 0 cents in the books by 0 transfers, 0 sold, 0 renewals, 0 invoices, 0 days more';
const paidWords = ({ receipt, amount_cents }: StatementLine): string =>
  `settled, receipt ${receipt}, ${amount_cents} cents in the books by 1 transfers, ${amount_cents} sold, 1 renewals, 1 invoices, 1 validity more`;

function wordsOf(row: OrderRow): string {
  const state = row.state === 'settled' && row.outcome !== null ? 'settled' : 'not settled';
  const more = row.renewals === '0' ? `${row.days} days more` : `${row.days} validity more`;
  return `${state}, receipt ${row.receipt ?? '-'}, ${row.received} cents in the books by ${row.credits} transfers, ${row.sold} sold, ${row.renewals} renewals, ${row.invoices} invoices, ${more}`;
}

/** Days are counted from the end that stood before, or from the moment of settlement where it had passed, in validities of the plan. */
function ordersOf(ask: Ask, refs: readonly string[]): Promise<OrderRow[]> {
  return ask<OrderRow>(
    `SELECT p.id::text, p.account_ref AS ref, p.state, p.outcome, p.receipt, p.amount_cents::text AS amount,
       coalesce(l.received, 0)::text AS received, coalesce(l.credits, 0)::text AS credits, coalesce(l.sold, 0)::text AS sold,
       (s.cycle_no - b.cycle_no)::text AS renewals, (SELECT count(*) FROM invoice i WHERE i.subscription_id = s.id)::text AS invoices, s.cycle_no::text AS cycle,
       CASE WHEN s.expires_at = b.expires_at THEN '0'
            WHEN b.expires_at IS NOT NULL AND s.expires_at = b.expires_at + make_interval(days => v.validity_count) THEN '1'
            WHEN s.expires_at - make_interval(days => v.validity_count) BETWEEN greatest(b.expires_at, p.created_at) AND p.settled_at + interval '1 second' THEN '1'
            ELSE format('%s to %s, not one', b.expires_at, s.expires_at) END AS days
     FROM payment p JOIN subscription s ON s.id = p.subscription_id JOIN plan_version v ON v.id = s.plan_version_id
     JOIN bench_before b ON b.subscription_id = s.id
     LEFT JOIN LATERAL (
       SELECT sum(t.amount_cents) FILTER (WHERE t.kind = 'payment') AS received, count(*) FILTER (WHERE t.kind = 'payment') AS credits,
              sum(t.amount_cents) FILTER (WHERE t.kind = 'sale') AS sold FROM ledger_transfer t WHERE t.payment_id = p.id) l ON true
     WHERE p.account_ref = ANY ($1) ORDER BY p.id`,
    [refs],
  );
}

/** How every subscription stands before the money comes: what `differences` counts from. Once, when nothing moves. */
export async function noteBefore(ask: Ask): Promise<void> {
  await ask(`CREATE TABLE bench_before AS SELECT id AS subscription_id, cycle_no, expires_at FROM subscription`);
  await ask(`CREATE INDEX ON bench_before (subscription_id)`);
}

/**
 * The provider's account against its statement, receipt by receipt and in sum; wallets; and the ledger against itself. `walletsHoldSome`: money of somebody
 * whose service was suspended stays in their wallet; without it every payment has bought something.
 */
export async function booksDiffer(
  ask: Ask,
  paid: readonly StatementLine[],
  { unknownCalls = false, walletsHoldSome = false },
): Promise<string[]> {
  const found: string[] = [];
  const statement = new Map(paid.map((line) => [line.receipt, line.amount_cents]));
  const notices = await ask<{ receipt: string; amount: string; state: string }>(
    `SELECT receipt, amount_cents::text AS amount, state FROM payment_notice WHERE method = 'mpesa'`,
  );
  const told = new Set<string>();
  for (const { receipt, amount, state } of notices) {
    told.add(receipt);
    const stands = statement.get(receipt);
    if (stands === undefined) found.push(`receipt ${receipt} is booked and in no statement`);
    else if (stands !== BigInt(amount) || state !== 'credited')
      found.push(`receipt ${receipt}: ${state}, ${amount} cents; the statement says ${stands}`);
  }
  for (const receipt of statement.keys())
    if (!told.has(receipt)) found.push(`receipt ${receipt} of the statement is nowhere`);
  const total = paid.reduce((sum, line) => sum + line.amount_cents, 0n);
  const balances = await ask<{ code: string; cents: string }>(
    `SELECT split_part(code, ':', 1) AS code, sum(balance_cents)::text AS cents FROM ledger_account GROUP BY 1`,
  );
  const balance = (code: string): bigint => BigInt(balances.find((row) => row.code === code)?.cents ?? '0');
  const expect = (what: string, is: bigint, should: bigint): void => {
    if (is !== should) found.push(`${what}: ${is} cents, expected ${should}`);
  };
  expect('the provider’s account in the ledger', -balance('mpesa'), total);
  expect('sales and wallets', balance('sales') + balance('wallet'), total);
  if (!walletsHoldSome) expect('wallets', balance('wallet'), 0n);
  expect('suspense', balance('suspense'), 0n);
  expect(
    'the trial balance',
    balances.reduce((sum, row) => sum + BigInt(row.cents), 0n),
    0n,
  );
  for (const { fault } of await ask<{ fault: string }>('SELECT v::text AS fault FROM ledger_verify() v LIMIT 20'))
    found.push(`the ledger: ${fault}`);
  for (const { id, state } of await ask<{ id: string; state: string }>(
    `SELECT id::text, state FROM hook_event WHERE state NOT IN ('done', 'ignored') AND NOT ($1 AND note = 'of no order that we know') LIMIT 20`,
    [unknownCalls],
  ))
    found.push(`call ${id} of the provider is ${state}`);
  return found;
}
