import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { balancesOf, listMovements } from './queries';
import { transferMoney } from './transfer-money';

const movementAnswer = z.object({
  id: z.string(),
  at: z.string(),
  kind: z.string(),
  about: z.string().nullable(),
  amount_cents: z.int(),
  balance_cents: z.int(),
  currency: z.string(),
});
const balanceAnswer = z.object({
  client_id: z.string(),
  balances: z.array(z.object({ currency: z.string(), balance_cents: z.int() })),
});
const transferInput = z.object({
  to_client_id: idField,
  amount_cents: z.int().min(1).max(1_000_000_000_000),
  /** The company's own where it is left out. */
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
  reason: z.string().trim().min(3).max(300),
});

async function mustBeThere(ctx: Context, id: bigint): Promise<void> {
  if (!(await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null }, select: { id: true } })))
    throw notFound('This client');
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/wallets/:id',
    permission: 'wallets.read',
    summary: 'Show what a client’s wallets hold',
    answer: balanceAnswer,
    async run(ctx, { params }) {
      await mustBeThere(ctx, params.id);
      return { client_id: params.id.toString(), balances: await balancesOf(ctx, params.id) };
    },
  }),
  route({
    method: 'GET',
    path: '/wallets/:id/movements',
    permission: 'wallets.read',
    summary: 'List what came into a client’s wallets and went out of them',
    query: listQuery,
    answer: z.object({ items: z.array(movementAnswer), nextCursor: z.string().nullable() }),
    async run(ctx, { params, query }) {
      await mustBeThere(ctx, params.id);
      return listMovements(ctx, params.id, { limit: query.limit, before: cursorId(query.cursor) });
    },
  }),
  route({
    method: 'POST',
    path: '/wallets/:id/transfer',
    permission: 'wallets.transfer',
    summary: 'Move money from a client’s wallet to another client’s',
    body: transferInput,
    answer: balanceAnswer,
    async run(ctx, { params, body }, person) {
      const { to_client_id, amount_cents, reason, currency = person.tenant.currency } = body;
      const outcome = await transferMoney(ctx, {
        from: params.id,
        to: to_client_id,
        amount_cents: BigInt(amount_cents),
        currency,
        reason,
      });
      switch (outcome.kind) {
        case 'done':
          return { client_id: params.id.toString(), balances: await balancesOf(ctx, params.id) };
        case 'not_found':
          throw notFound('This client');
        case 'no_receiver':
          throw invalid({ to_client_id: 'is no client of yours; list /api/clients' });
        case 'same':
          throw invalid({ to_client_id: 'is the client whom the money is taken from' });
        case 'too_much':
          throw invalid({ amount_cents: `is more than the ${outcome.balance_cents} that the wallet holds` });
      }
    },
  }),
];
