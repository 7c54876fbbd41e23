import { z } from 'zod';
import type { Context } from '../../platform/context';
import { conflict, notFound } from '../../platform/http/problem';
import { route } from '../../platform/http/route';
import { findPayment } from '../queries';
import { paymentWithTimeline, type PaymentWithTimeline } from '../schema';
import { bounceCheque } from './bounce-cheque';
import { clearCheque, type ChequeOutcome } from './clear-cheque';

async function answer(ctx: Context, id: bigint, outcome: ChequeOutcome): Promise<PaymentWithTimeline> {
  if (outcome.kind === 'stood')
    throw outcome.how === 'cleared'
      ? conflict(
          'is_cleared',
          'The bank has paid this cheque already. If it came back after that, say that it bounced.',
        )
      : conflict('is_bounced', 'This cheque has come back already; nothing was booked again.');
  const payment = outcome.kind === 'done' ? await findPayment(ctx, id) : undefined;
  if (!payment) throw notFound('This cheque');
  return payment;
}

/** What the bank said of a cheque. */
export const chequeApiRoutes = [
  route({
    method: 'POST',
    path: '/billing/payments/:id/clear',
    permission: 'payments.write',
    summary: 'Say that the bank has paid a cheque: its money is in the bank, and one that waited for it buys',
    status: 200,
    answer: paymentWithTimeline,
    run: async (ctx, { params }) => answer(ctx, params.id, await clearCheque(ctx, params.id)),
  }),
  route({
    method: 'POST',
    path: '/billing/payments/:id/bounce',
    permission: 'payments.refund',
    summary: 'Say that a cheque came back unpaid: what it bought is taken back, what was used is owed',
    status: 200,
    body: z.object({ reason: z.string().trim().min(3, 'must have at least 3 letters').max(300) }),
    answer: paymentWithTimeline,
    run: async (ctx, { params, body }) => answer(ctx, params.id, await bounceCheque(ctx, params.id, body.reason)),
  }),
];
