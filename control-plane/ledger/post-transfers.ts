import type { Context } from '../platform/context';

/** The accounts a company's money moves between; what each is stands in ledger_chart() (prisma/functions/ledger.sql). */
export type AccountCode =
  | 'cash'
  | 'bank'
  | 'cheques'
  | 'mpesa'
  | 'familybank'
  | 'stripe'
  | 'suspense'
  | 'refunds'
  | 'reversals'
  | 'wallet'
  | 'receivable'
  | 'fees'
  | 'bad_debts'
  | 'sales';

/** Money moving from one account to another. `key` names the business event: posting it again changes nothing. */
export interface Transfer {
  key: string;
  debit: bigint;
  credit: bigint;
  amount_cents: bigint;
  kind: string;
  memo?: string;
  payment_id?: bigint;
  event_at?: Date;
}

/**
 * Id of the company's account of that code and currency, made at first use. A wallet needs its subscriber, the others must not have one.
 * @throws when the code is not in the chart or the subscriber is another company's
 */
export async function accountFor(
  ctx: Context,
  code: AccountCode,
  currency: string,
  subscriberId?: bigint,
): Promise<bigint> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT ledger_account_for(${code}, ${currency}, ${subscriberId ?? null}::bigint) AS id`;
  if (!row) throw new Error(`The ledger gave no account for ${code}.`);
  return row.id;
}

/** The same for several of a company's accounts in one currency, in their order. Those that are there are looked up; the function that makes them is asked for the rest. */
export async function accountsFor(
  ctx: Context,
  currency: string,
  wanted: readonly { code: AccountCode; subscriberId?: bigint }[],
): Promise<bigint[]> {
  const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT coalesce(
      (SELECT a.id FROM ledger_account a WHERE a.tenant_id = ${ctx.tenantId} AND a.code = concat_ws(':', x.code, nullif(x.subscriber, '')) AND a.currency = ${currency}),
      ledger_account_for(x.code, ${currency}, nullif(x.subscriber, '')::bigint)) AS id
    FROM unnest(${wanted.map(({ code }) => code)}::text[], ${wanted.map(({ subscriberId }) => subscriberId?.toString() ?? '')}::text[])
      WITH ORDINALITY AS x (code, subscriber, n) ORDER BY x.n`;
  if (rows.length !== wanted.length) throw new Error('The ledger did not give every account.');
  return rows.map((row) => row.id);
}

/**
 * Locks accounts until the transaction ends and gives their balances (credits minus debits, minor units).
 * Name every account the transaction will post to: all locks are then taken in one order, and payments never wait for each other in a circle.
 */
export async function lockAccounts(ctx: Context, accounts: bigint[]): Promise<Map<bigint, bigint>> {
  const rows = await ctx.tx.$queryRaw<{ account_id: bigint; balance_cents: bigint }[]>`
    SELECT account_id, balance_cents FROM ledger_lock(${accounts}::bigint[])`;
  return new Map(rows.map((row) => [row.account_id, row.balance_cents]));
}

/**
 * Posts transfers in order, all or none, inside the caller's transaction.
 * @throws when a wallet would fall below zero, accounts differ in currency, or a key stands already with other content
 */
export async function postTransfers(ctx: Context, transfers: Transfer[]): Promise<void> {
  if (transfers.length === 0) return;
  const rows = transfers.map((t) => ({
    ...t,
    debit: t.debit.toString(),
    credit: t.credit.toString(),
    amount_cents: t.amount_cents.toString(),
    payment_id: t.payment_id?.toString(),
  }));
  await ctx.tx.$queryRaw`SELECT count(*) FROM ledger_post(${JSON.stringify(rows)}::jsonb)`;
}
