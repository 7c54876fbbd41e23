import { z } from 'zod';
import type { Context } from '../../platform/context';
import { cursorId, idField, listQuery } from '../../platform/http/input';
import { conflict, invalid, notFound, type Problem } from '../../platform/http/problem';
import { route } from '../../platform/http/route';
import { findPayment } from '../queries';
import { resolveRefund } from './close-refund';
import { findRefund, listRefunds, refundsOf } from './queries';
import { previewRefund, refundPayment } from './refund-payment';
import { refundWallet } from './refund-wallet';
import {
  refundAnswer,
  refundInput,
  refundPreview,
  refundWays,
  resolveInput,
  walletRefundInput,
  type Refund,
  type RefundRefusal,
} from './schema';

async function mustFind(ctx: Context, id: bigint): Promise<Refund> {
  const found = await findRefund(ctx, id);
  if (!found) throw notFound('This refund');
  return found;
}

/** What a program is told where nothing can be given back so. */
export function refusalOf(refused: RefundRefusal): Problem {
  switch (refused.kind) {
    case 'not_settled':
      return conflict('not_settled', 'Only a payment that is settled can be given back. Look at its state.');
    case 'too_much':
      return invalid({ amount_cents: `is more than the ${refused.left_cents} that are left of this payment` });
    case 'spent':
      return conflict(
        'spent',
        `The customer has used a part of it meanwhile: at most ${refused.possible_cents} can be given back.`,
        { amount_cents: `at most ${refused.possible_cents}` },
      );
    case 'not_in_parts':
      return conflict(
        'not_in_parts',
        'The service waits for its first session, so no part of it can be taken back. Give all of it back, or keep the service.',
      );
    case 'whole_units':
      return invalid({ amount_cents: 'must be whole units: this provider knows no cents' });
    case 'way':
      return invalid({ way: 'is no way in which this payment can be given back' });
    case 'phone':
      return invalid({ phone: 'must be a Kenyan mobile number, as 0712345678' });
    case 'reference':
      return invalid({ reference: 'is needed: the provider’s own receipt of the refund' });
    case 'reference_used':
      return conflict('duplicate_reference', 'This receipt stands on another refund; nothing was booked again.', {
        reference: 'stands on another refund',
      });
  }
}

export const refundApiRoutes = [
  route({
    method: 'GET',
    path: '/billing/payments/:id/refunds',
    permission: 'payments.read',
    summary: 'List what was given back of a payment',
    answer: z.array(refundAnswer),
    async run(ctx, { params }) {
      if (!(await findPayment(ctx, params.id))) throw notFound('This payment');
      return refundsOf(ctx, params.id);
    },
  }),
  route({
    method: 'GET',
    path: '/billing/payments/:id/refunds/preview',
    permission: 'payments.refund',
    summary: 'Show what giving a payment back would do, without doing it',
    query: z.object({
      amount_cents: z.coerce.number().int().min(1).max(1_000_000_000_000).optional(),
      way: z.enum(refundWays),
      service: z.enum(['keep', 'take_back']).default('take_back'),
      reference: z.string().max(100).optional(),
    }),
    answer: refundPreview,
    async run(ctx, { params, query }) {
      const outcome = await previewRefund(ctx, params.id, { ...query, reason: 'preview' });
      if (outcome.kind === 'preview') return outcome.preview;
      throw outcome.kind === 'not_found' ? notFound('This payment') : refusalOf(outcome);
    },
  }),
  route({
    method: 'POST',
    path: '/billing/payments/:id/refunds',
    permission: 'payments.refund',
    summary: 'Give a payment back, or a part of it; above the limit it waits for a second person (state asked)',
    body: refundInput,
    answer: refundAnswer,
    async run(ctx, { params, body }) {
      const outcome = await refundPayment(ctx, params.id, body);
      if (outcome.kind === 'done') return mustFind(ctx, outcome.id);
      throw outcome.kind === 'not_found' ? notFound('This payment') : refusalOf(outcome);
    },
  }),
  route({
    method: 'GET',
    path: '/billing/refunds',
    permission: 'payments.read',
    summary: 'List refunds',
    query: listQuery.omit({ q: true }).extend({ client_id: idField.optional() }),
    answer: z.object({ items: z.array(refundAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query: { cursor, ...query } }) => listRefunds(ctx, { ...query, before: cursorId(cursor) }),
  }),
  route({
    method: 'GET',
    path: '/billing/refunds/:id',
    permission: 'payments.read',
    summary: 'Show a refund',
    answer: refundAnswer,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'POST',
    path: '/billing/refunds/:id/resolve',
    permission: 'payments.refund',
    summary: 'Say what became of a refund whose outcome the provider never told, as its portal shows it',
    body: resolveInput,
    answer: refundAnswer,
    async run(ctx, { params, body }) {
      const closed = await resolveRefund(ctx, params.id, body);
      if (closed.kind === 'not_found') throw notFound('This refund');
      if (closed.kind === 'late') throw conflict('closed', 'This refund is not on its way: look at its state.');
      return mustFind(ctx, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/billing/refunds',
    permission: 'payments.refund',
    summary: 'Pay out what lies in a customer’s wallet; above the limit it waits for a second person',
    body: walletRefundInput,
    answer: refundAnswer,
    async run(ctx, { body }) {
      const outcome = await refundWallet(ctx, body);
      switch (outcome.kind) {
        case 'done':
          return mustFind(ctx, outcome.id);
        case 'not_found':
          throw invalid({ client_id: 'is no client of yours; list /api/clients' });
        case 'spent':
        case 'way':
        case 'phone':
        case 'whole_units':
          throw refusalOf(outcome);
      }
    },
  }),
];
