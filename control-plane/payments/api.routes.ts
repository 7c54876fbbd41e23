import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { LOCALES } from '../platform/i18n';
import { findSubscription, subscriptionAnswer } from '../subscriptions';
import { readerOf } from '../ui';
import { chequeApiRoutes } from './cheque/answers.routes';
import { matchApiRoutes } from './match/answers.routes';
import { promptRoutes } from './prompts.routes';
import { refundApiRoutes } from './refund/answers.routes';
import { postPayment, type PaymentOutcome } from './post-payment';
import { findPayment, listPayments } from './queries';
import { receiptPdf } from './receipt-pdf';
import { newTransaction, paymentAnswer, paymentWithTimeline, type PaymentWithTimeline } from './schema';

const filters = listQuery.extend({
  client_id: idField.optional(),
  subscription_id: idField.optional(),
  method: z.string().max(20).optional(),
  state: z.enum(['created', 'prompted', 'settled', 'failed', 'unknown', 'refunded']).optional(),
});
const listAnswer = z.object({ items: z.array(paymentAnswer), nextCursor: z.string().nullable() });

function list(ctx: Context, { cursor, ...query }: z.output<typeof filters>) {
  return listPayments(ctx, { ...query, before: cursorId(cursor) });
}

async function mustFind(ctx: Context, id: bigint): Promise<PaymentWithTimeline> {
  const found = await findPayment(ctx, id);
  if (!found) throw notFound('This payment');
  return found;
}

/** The payment, the wallet after it, and the subscription as it stands now. */
async function answer(ctx: Context, outcome: PaymentOutcome) {
  switch (outcome.kind) {
    case 'invalid':
      throw invalid(outcome.fields);
    case 'ended':
      throw conflict(
        'is_ended',
        'This subscription has ended for good and can take no money. Make a new subscription and post the payment to it.',
      );
    case 'duplicate':
      throw conflict(
        'duplicate_reference',
        `This reference was taken already, as payment ${outcome.existing}; nothing was credited again. If it is another payment, give it a reference of its own.`,
        { reference: `stands on payment ${outcome.existing}` },
      );
    case 'done': {
      const payment = await mustFind(ctx, outcome.id);
      const subscription =
        payment.subscription_id === null ? undefined : await findSubscription(ctx, BigInt(payment.subscription_id));
      const wallet = await ctx.tx.ledger_account.findFirst({
        where: { subscriber_id: BigInt(payment.client_id), currency: payment.currency },
      });
      return {
        ...payment,
        wallet_balance_cents: Number(wallet?.balance_cents ?? 0n),
        subscription: subscription ?? null,
      };
    }
  }
}

export const apiRoutes = [
  ...promptRoutes,
  ...refundApiRoutes,
  ...chequeApiRoutes,
  ...matchApiRoutes,
  route({
    method: 'GET',
    path: '/billing/transactions',
    permission: 'payments.read',
    summary: 'List payments',
    query: filters,
    answer: listAnswer,
    run: (ctx, { query }) => list(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/billing/transactions',
    permission: 'payments.write',
    summary: 'Post a payment received by hand: it is booked, renews the subscription and reaches the network',
    body: newTransaction,
    answer: paymentWithTimeline.extend({ wallet_balance_cents: z.int(), subscription: subscriptionAnswer.nullable() }),
    run: async (ctx, { body }) => answer(ctx, await postPayment(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/billing/payments',
    permission: 'payments.read',
    summary: 'List payments',
    query: filters,
    answer: listAnswer,
    run: (ctx, { query }) => list(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/billing/payments/:id',
    permission: 'payments.read',
    summary: 'Show a payment and its timeline',
    answer: paymentWithTimeline,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'GET',
    path: '/billing/payments/:id/receipt.pdf',
    permission: 'payments.read',
    summary: 'Take the receipt of a payment as PDF',
    media: 'application/pdf',
    query: z.object({ lang: z.enum(LOCALES).default('en') }),
    async run(ctx, { params, query }, person) {
      const { timezone, currency, name } = person.tenant;
      const reader = readerOf({ locale: query.lang, zone: timezone, nowMs: ctx.now.getTime(), currency });
      const receipt = await receiptPdf(ctx, params.id, name, reader);
      if (!receipt) throw notFound('A receipt of this payment');
      return new Reply(200, receipt.bytes, {
        'content-type': 'application/pdf',
        'content-disposition': `inline; filename="${receipt.name}"`,
      });
    },
  }),
];
