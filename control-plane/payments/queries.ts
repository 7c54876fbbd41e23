import type { Context } from '../platform/context';
import { Prisma, type payment } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import { manualMethods, type Payment, type PaymentWithTimeline } from './schema';

type Row = payment & {
  client_name: string;
  username: string | null;
  staff_name: string | null;
  provider_ref: string | null;
  provider_url: string | null;
  receipt: string | null;
  phone: string | null;
  code: string | null;
  code_text: string | null;
  clears_on: Date | null;
  cleared_at: Date | null;
};

function toPayment(row: Row): Payment {
  const manual = row.method === 'float' || (manualMethods as readonly string[]).includes(row.method);
  return {
    id: row.id.toString(),
    client_id: row.subscriber_id.toString(),
    client_name: row.client_name,
    subscription_id: row.subscription_id?.toString() ?? null,
    username: row.username,
    method: row.method,
    provider: manual ? null : row.method,
    provider_ref: manual ? row.reference : row.provider_ref,
    reference: row.reference,
    receipt: manual ? row.reference : row.receipt,
    phone: row.phone,
    pay_url: row.state === 'prompted' || row.state === 'unknown' ? row.provider_url : null,
    failure: row.state === 'failed' && row.code !== null ? { code: row.code, text: row.code_text ?? '' } : null,
    amount_cents: Number(row.amount_cents),
    currency: row.currency,
    state: row.state as Payment['state'],
    outcome: row.outcome,
    message: messageOf(row),
    applied_cents: Number(row.applied_cents),
    wallet_cents: Number(row.wallet_cents),
    clears_on: row.clears_on?.toISOString().slice(0, 10) ?? null,
    cleared_at: row.cleared_at?.toISOString() ?? null,
    received_by: row.staff_name,
    received_at: row.received_at.toISOString(),
    created_at: row.created_at.toISOString(),
  };
}

/** One sentence on where the money went. */
function messageOf(row: payment): string | null {
  const money = (cents: bigint) => `${row.currency} ${(Number(cents) / 100).toFixed(2)}`;
  const left = row.wallet_cents > 0n ? ` ${money(row.wallet_cents)} stays in the wallet.` : '';
  switch (row.outcome) {
    case 'activated':
      return `The subscription has begun.${left}`;
    case 'renewed':
      return `The subscription is renewed.${left}`;
    case 'wallet_short':
      return `This is less than the price: ${money(row.wallet_cents)} went to the wallet and nothing was renewed. The next payment counts it in.`;
    case 'wallet_suspended':
      return `The subscription is suspended: ${money(row.wallet_cents)} went to the wallet. Resume it, then the next payment renews it.`;
    case 'wallet_paused':
      return `The subscription is paused: ${money(row.wallet_cents)} went to the wallet. Resume it, then the next payment renews it.`;
    case 'wallet_ended':
      return `The subscription has ended: ${money(row.wallet_cents)} went to the wallet. Make a new subscription, which it then pays.`;
    case 'wallet_choice':
      return `The client has several subscriptions or none: ${money(row.wallet_cents)} went to the wallet. Renew one from the wallet.`;
    case 'invoice_paid':
      return `It paid what was owed, the oldest invoice first.${left}`;
    case 'wallet_ahead':
      return `Nothing is owed: ${money(row.wallet_cents)} stays in the wallet and pays the next invoice.`;
    case null:
      return row.method === 'cheque' && row.state === 'created'
        ? 'The cheque has to be paid by its bank first: nothing is credited yet.'
        : null;
    default:
      return null;
  }
}

export interface PaymentFilter {
  /** Start of a reference or part of a client's name. */
  q?: string | undefined;
  client_id?: bigint | undefined;
  subscription_id?: bigint | undefined;
  method?: string | undefined;
  state?: string | undefined;
  /** Money that came in the last seven days and bought no service: it lies in the wallet. */
  unused?: boolean | undefined;
  limit: number;
  before: bigint | undefined;
}

/** How many payments match. */
export async function countPayments(ctx: Context, filter: Omit<PaymentFilter, 'limit' | 'before'>): Promise<number> {
  const [row] = await ctx.tx.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM payment p JOIN subscriber c ON c.id = p.subscriber_id LEFT JOIN subscription s ON s.id = p.subscription_id
    WHERE ${Prisma.join([Prisma.sql`p.tenant_id = ${ctx.tenantId}`, ...conditions({ ...filter, limit: 0, before: undefined })], ' AND ')}`;
  return Number(row?.count ?? 0);
}

/** Payments, newest first. */
export async function listPayments(ctx: Context, filter: PaymentFilter): Promise<Page<Payment>> {
  const rows = await select(ctx, conditions(filter), filter.limit + 1);
  return pageOf(rows, filter.limit, (row) => row.id, toPayment);
}

/** One payment with what happened to it, step by step. */
export async function findPayment(ctx: Context, id: bigint): Promise<PaymentWithTimeline | undefined> {
  const [row] = await select(ctx, [Prisma.sql`p.id = ${id}`], 1);
  if (!row) return undefined;
  const steps = await ctx.tx.payment_step.findMany({
    where: { payment_id: id },
    orderBy: [{ at: 'asc' }, { id: 'asc' }],
  });
  return {
    ...toPayment(row),
    timeline: steps.map((step) => ({ at: step.at.toISOString(), step: step.step, detail: step.detail })),
  };
}

/** One statement with its names: relations would be loaded side by side on the transaction's one connection. */
function select(ctx: Context, where: Prisma.Sql[], limit: number): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT p.*, c.name AS client_name, s.username, st.name AS staff_name
    FROM payment p
    JOIN subscriber c ON c.id = p.subscriber_id
    LEFT JOIN subscription s ON s.id = p.subscription_id
    LEFT JOIN staff st ON st.id = p.created_by
    WHERE ${Prisma.join([Prisma.sql`p.tenant_id = ${ctx.tenantId}`, ...where], ' AND ')}
    ORDER BY p.id DESC LIMIT ${limit}`;
}

function conditions(filter: PaymentFilter): Prisma.Sql[] {
  const all: Prisma.Sql[] = [];
  if (filter.client_id !== undefined) all.push(Prisma.sql`p.subscriber_id = ${filter.client_id}`);
  if (filter.subscription_id !== undefined) all.push(Prisma.sql`p.subscription_id = ${filter.subscription_id}`);
  if (filter.method !== undefined) all.push(Prisma.sql`p.method = ${filter.method}`);
  if (filter.state !== undefined) all.push(Prisma.sql`p.state = ${filter.state}`);
  if (filter.unused)
    all.push(
      Prisma.sql`p.state = 'settled' AND p.applied_cents = 0 AND p.received_at > (SELECT lango_now()) - interval '7 days'`,
    );
  if (filter.before !== undefined) all.push(Prisma.sql`p.id < ${filter.before}`);
  if (filter.q) {
    // Both through functions that use an index: LIKE under row-level security reads the whole table.
    all.push(Prisma.sql`(p.id IN (SELECT f.id FROM search_find(${filter.q}, 'R', NULL, NULL, NULL, '{payments}', 1000) f WHERE f.kind = 'payments')
      OR p.subscriber_id IN (SELECT subscriber_page(jsonb_build_object('text', ${filter.q}::text), NULL, 1000)))`);
  }
  return all;
}
