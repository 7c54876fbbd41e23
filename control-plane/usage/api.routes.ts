import { z } from 'zod';
import { notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { usageItem, usageOf, usageSteps } from './queries';

const moment = z.iso
  .datetime({ offset: true, error: 'must be a time, as 2026-11-21T00:00:00Z' })
  .transform((text) => new Date(text));

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/subscriptions/:id/usage',
    permission: 'subscriptions.read',
    summary: 'Show usage by hour, day or cycle',
    query: z.object({
      by: z.enum(usageSteps).default('day'),
      from: moment.optional(),
      to: moment.optional(),
      limit: z.coerce.number('must be a whole number').int('must be a whole number').min(1).max(1000).default(366),
    }),
    answer: z.object({ items: z.array(usageItem) }),
    run: async (ctx, { params, query }) => {
      const exists = await ctx.tx.subscription.findFirst({ where: { id: params.id }, select: { id: true } });
      if (!exists) throw notFound('This subscription');
      return { items: await usageOf(ctx, params.id, query.by, query) };
    },
  }),
];
