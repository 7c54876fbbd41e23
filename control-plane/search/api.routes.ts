import { z } from 'zod';
import { route } from '../platform/http/route';
import { find, KINDS } from './find';

const found = z.object({
  kind: z.enum(KINDS),
  exact: z.boolean(),
  id: z.string(),
  name: z.string(),
  code: z.string(),
  client_id: z.string().nullable(),
  subscription_id: z.string().nullable(),
  state: z.string().nullable(),
});

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/search',
    permission: 'signed_in',
    summary: 'Find people, services, sessions, payments, vouchers and routers by what somebody typed',
    query: z.object({
      q: z.string().trim().min(2).max(200),
      limit: z.coerce.number().int().min(1).max(50).default(20),
    }),
    answer: z.object({ items: z.array(found) }),
    run: async (ctx, { query: { q, limit } }, person) => ({
      items: (await find(ctx, q, person.actor.permissions, limit)).map((one) => ({
        kind: one.kind,
        exact: one.rank === 0,
        id: one.id.toString(),
        name: one.name,
        code: one.code,
        client_id: one.subscriber_id?.toString() ?? null,
        subscription_id: one.subscription_id?.toString() ?? null,
        state: one.state,
      })),
    }),
  }),
];
