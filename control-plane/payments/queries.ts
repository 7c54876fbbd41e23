import type { Context } from '../platform/context';
import type { payment, Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import { manualMethods, type Payment, type PaymentWithTimeline } from './schema';

const withNames = {
  subscriber: { select: { name: true } },
  subscription: { select: { username: true } },
  staff: { select: { name: true } },
} satisfies Prisma.paymentInclude;

type Row = payment & {
  subscriber: { name: string };
  subscription: { username: string } | null;
  staff: { name: string } | null;
};

function toPayment(row: Row): Payment {
  const manual = (manualMethods as readonly string[]).includes(row.method);
  return {
    id: row.id.toString(),
    client_id: row.subscriber_id.toString(),
    client_name: row.subscriber.name,
    subscription_id: row.subscription_id?.toString() ?? null,
    username: row.subscription?.username ?? null,
    method: row.method,
    provider: manual ? null : row.method,
    provider_ref: row.reference,
    reference: row.reference,
    amount_cents: Number(row.amount_cents),
    currency: row.currency,
    state: row.state as Payment['state'],
    outcome: row.outcome,
    message: messageOf(row),
    applied_cents: Number(row.applied_cents),
    wallet_cents: Number(row.wallet_cents),
    received_by: row.staff?.name ?? null,
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
    case null:
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
  limit: number;
  before: bigint | undefined;
}

/** Payments, newest first. */
export async function listPayments(ctx: Context, filter: PaymentFilter): Promise<Page<Payment>> {
  const search: Prisma.paymentWhereInput[] = filter.q
    ? [
        { reference: { startsWith: filter.q, mode: 'insensitive' } },
        { subscriber: { name: { contains: filter.q, mode: 'insensitive' } } },
      ]
    : [];
  const rows = await ctx.tx.payment.findMany({
    where: {
      ...(filter.client_id ? { subscriber_id: filter.client_id } : {}),
      ...(filter.subscription_id ? { subscription_id: filter.subscription_id } : {}),
      ...(filter.method ? { method: filter.method } : {}),
      ...(filter.state ? { state: filter.state } : {}),
      ...(filter.before ? { id: { lt: filter.before } } : {}),
      ...(search.length > 0 ? { OR: search } : {}),
    },
    include: withNames,
    orderBy: { id: 'desc' },
    take: filter.limit + 1,
  });
  return pageOf(rows, filter.limit, (row) => row.id, toPayment);
}

/** One payment with what happened to it, step by step. */
export async function findPayment(ctx: Context, id: bigint): Promise<PaymentWithTimeline | undefined> {
  const row = await ctx.tx.payment.findFirst({
    where: { id },
    include: { ...withNames, steps: { orderBy: { id: 'asc' } } },
  });
  if (!row) return undefined;
  return {
    ...toPayment(row),
    timeline: row.steps.map((step) => ({ at: step.at.toISOString(), step: step.step, detail: step.detail })),
  };
}
