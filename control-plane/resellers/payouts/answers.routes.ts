import { z } from 'zod';
import type { Context } from '../../platform/context';
import { cursorId, listQuery } from '../../platform/http/input';
import { conflict, notFound } from '../../platform/http/problem';
import { route } from '../../platform/http/route';
import { markPayout } from './mark-payout';
import { planRun } from './plan-run';
import { findRun, listPayable, listRuns } from './queries';
import {
  markInput,
  payableAnswer,
  payoutMethods,
  planInput,
  runAnswer,
  runWithPayouts,
  type RunWithPayouts,
} from './schema';

async function mustFind(ctx: Context, id: bigint): Promise<RunWithPayouts> {
  const found = await findRun(ctx, id);
  if (!found) throw notFound('This payout run');
  return found;
}

export const payoutApiRoutes = [
  route({
    method: 'GET',
    path: '/resellers/payouts',
    permission: 'resellers.pay',
    summary: 'List payout runs',
    query: listQuery.omit({ q: true }),
    answer: z.object({ items: z.array(runAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listRuns(ctx, { limit: query.limit, before: cursorId(query.cursor) }),
  }),
  route({
    method: 'GET',
    path: '/resellers/payouts/preview',
    permission: 'resellers.pay',
    summary: 'Show who a payout run would pay, and how much, without doing it',
    query: z.object({
      method: z.enum(payoutMethods),
      least_cents: z.coerce.number().int().min(0).max(1_000_000_000_000).default(0),
    }),
    answer: z.array(payableAnswer),
    run: (ctx, { query }) => listPayable(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/resellers/payouts',
    permission: 'resellers.pay',
    summary: 'Plan a payout run; it waits for a second person (see /api/approvals)',
    body: planInput,
    answer: runWithPayouts,
    async run(ctx, { body }) {
      const outcome = await planRun(ctx, body);
      switch (outcome.kind) {
        case 'done':
          return mustFind(ctx, outcome.id);
        case 'nobody':
          throw conflict('nobody_to_pay', 'Nobody has earned enough, or their payout is under way already.');
        case 'not_set_up':
          throw conflict(
            'not_set_up',
            'M-Pesa pays out with initiator_name and security_credential; set them with PUT /api/settings/payments/mpesa.',
          );
      }
    },
  }),
  route({
    method: 'GET',
    path: '/resellers/payouts/:id',
    permission: 'resellers.pay',
    summary: 'Show a payout run with each payout and what happened to it',
    answer: runWithPayouts,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'POST',
    path: '/resellers/payouts/each/:id/mark',
    permission: 'resellers.pay',
    summary: 'Say what became of a payout that is paid by hand, or whose outcome the provider never told',
    status: 204,
    body: markInput,
    async run(ctx, { params, body }) {
      const outcome = await markPayout(ctx, params.id, body);
      if (outcome === 'not_found') throw notFound('This payout');
      if (outcome === 'not_yours')
        throw conflict('not_open', 'This payout is over, not agreed to yet, or its provider is still being asked.');
    },
  }),
];
