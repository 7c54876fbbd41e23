import { z } from 'zod';
import { accountFor, postTransfers, type AccountCode } from '../../ledger';
import { systemActor, type Context } from '../../platform/context';
import { idField } from '../../platform/http/input';
import type { TaskTools } from '../../platform/jobs/task';
import { bookMoney } from '../book-money';
import { readPayer } from '../msisdn';
import type { ProviderName } from '../provider';
import { openAccount, providerOf } from '../providers';
import { writeStatement } from './take-statement';

const payload = z.object({ tenant: idField, statement: idField });
const dayPayload = z.object({ tenant: idField, provider: z.string(), day: z.iso.date() });
/** Lines that are worked on in one transaction. */
const AT_ONCE = 50;

interface Row {
  id: bigint;
  kind: string;
  method: ProviderName;
  receipt: string;
  amount_cents: bigint;
  currency: string;
  at: Date;
  payer: string | null;
  bill_ref: string | null;
}

const openingOf = (tenantId: bigint, what: string) => ({ tenantId, actor: systemActor('payments'), requestId: what });

/**
 * Books what a statement tells of and the books do not hold: charges at once; payments as money that waits to be proven where a person brought the statement,
 * and for good where it is the provider's own list. Done again, nothing is booked again.
 */
export async function matchStatement(given: unknown, tools: TaskTools): Promise<void> {
  const { tenant, statement } = payload.parse(given);
  const opening = openingOf(tenant, `statement-${statement}`);
  const { rows, proven } = await tools.db.inTenant(opening, (ctx) => readOpen(ctx, statement));
  for (let from = 0; from < rows.length; from += AT_ONCE)
    await tools.db.inTenant(opening, async (ctx) => {
      for (const row of rows.slice(from, from + AT_ONCE)) await book(ctx, row, proven);
    });
}

async function readOpen(ctx: Context, statement: bigint): Promise<{ rows: Row[]; proven: boolean }> {
  const [head] = await ctx.tx.$queryRaw<
    { source: string }[]
  >`SELECT source FROM payment_statement WHERE id = ${statement}`;
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.kind, r.method, r.receipt, r.amount_cents, r.currency, r.at, r.payer, r.bill_ref
    FROM payment_statement_row r JOIN payment_match(${statement}) m ON m.id = r.id
    WHERE r.kind = 'payment' AND r.amount_cents > 0 AND m.state IN ('missing', 'unproven') OR r.kind = 'fee' AND m.state = 'open' ORDER BY r.id`;
  return { rows, proven: head?.source === 'list' };
}

async function book(ctx: Context, row: Row, proven: boolean): Promise<void> {
  if (row.kind === 'fee') return bookLine(ctx, row, 'fees', 'charge');
  const [phone = '', name = ''] = (row.payer ?? '').split(' - ');
  const { method, receipt, amount_cents, currency, at } = row;
  const money = {
    method,
    receipt,
    amount_cents,
    currency,
    payer: readPayer(phone.trim()),
    payerName: name.trim(),
    billRef: row.bill_ref ?? '',
    at,
  };
  await bookMoney(ctx, money, 'list', proven);
}

/** Books a line of a statement between the provider's account and another, once. */
export async function bookLine(
  ctx: Context,
  row: { id: bigint; method: string; amount_cents: bigint; currency: string; at: Date },
  to: AccountCode,
  memo: string,
): Promise<void> {
  const here = await accountFor(ctx, row.method as AccountCode, row.currency);
  const there = await accountFor(ctx, to, row.currency);
  const into = row.amount_cents > 0n;
  await postTransfers(ctx, [
    {
      key: `statement:${row.method}:${row.id}`,
      debit: into ? here : there,
      credit: into ? there : here,
      amount_cents: into ? row.amount_cents : -row.amount_cents,
      kind: 'statement',
      memo,
      event_at: row.at,
    },
  ]);
  if (row.method === 'bank') await tieLine(ctx, row.id, `statement:bank:${row.id}`);
}

/** Ties a bank's line to the movement that was booked for it. */
export async function tieLine(ctx: Context, id: bigint, key: string): Promise<void> {
  const tied = await ctx.tx.$executeRaw`
    UPDATE payment_statement_row SET transfer_id = t.id FROM ledger_transfer t WHERE payment_statement_row.id = ${id} AND t.tenant_id = ${ctx.tenantId} AND t.key = ${key}`;
  if (tied !== 1) throw new Error(`Nothing is booked as ${key}.`);
}

/** Reads a provider's own list of one day (of Nairobi) and holds it against the books; what is missing is booked. */
export async function matchDay(given: unknown, tools: TaskTools): Promise<void> {
  const { tenant, provider: name, day } = dayPayload.parse(given);
  const provider = providerOf(name);
  if (!provider?.list) return;
  const opening = openingOf(tenant, `match-${day}`);
  const account = await tools.db.inTenant(opening, (ctx) => openAccount(ctx, provider, tools.urls));
  if (!account) return;
  const from = new Date(`${day}T00:00:00+03:00`);
  const to = new Date(from.getTime() + 86_400_000 - 1);
  const listed = await provider.list(account, from, to);
  // Tried again by the queue.
  if (listed.kind === 'silent') throw new Error(`The list of ${name} could not be read: ${listed.text}`);
  const lines = listed.rows
    .filter((row) => row.receipt !== '' && row.amount_cents > 0n)
    .map((row) => ({
      kind: 'payment' as const,
      receipt: row.receipt,
      amount_cents: row.amount_cents,
      at: row.at ?? from,
      linked: '',
      payer: [readPayerText(row.payer), row.payerName].filter(Boolean).join(' - '),
      bill_ref: row.billRef.slice(0, 100),
      details: '',
    }));
  const statement = { method: name, source: 'list' as const, name: day, mark: `list:${day}`, from, to };
  await tools.db.inTenant(opening, (ctx) => writeStatement(ctx, statement, lines, provider.currency ?? 'KES'));
}

const readPayerText = (payer: unknown): string =>
  typeof payer === 'string' || typeof payer === 'number' ? String(payer) : '';
