import { z } from 'zod';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { listUndone, undoneAnswer } from './undone';
import { enforcementAnswer, findEnforcement, listEnforcements } from './queries';

const filters = listQuery.omit({ q: true }).extend({
  session_id: idField.optional(),
  subscription_id: idField.optional(),
  state: z.enum(['open', 'proven', 'unproven', 'gave_up']).optional(),
  kind: z.enum(['cut', 'throttle', 'restore', 'refresh', 'login']).optional(),
});

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/enforcements',
    permission: 'sessions.read',
    summary: 'List what the network was told, with every try and the proof',
    query: filters,
    answer: z.object({ items: z.array(enforcementAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query: { cursor, ...query } }) => listEnforcements(ctx, { ...query, before: cursorId(cursor) }),
  }),
  route({
    method: 'GET',
    path: '/enforcements/undone',
    permission: 'sessions.read',
    summary: 'List who is online without entitlement or held back against it; nobody at rest',
    answer: undoneAnswer,
    run: (ctx) => listUndone(ctx),
  }),
  route({
    method: 'GET',
    path: '/enforcements/:id',
    permission: 'sessions.read',
    summary: 'Show one enforcement',
    answer: enforcementAnswer,
    run: async (ctx, { params }) => {
      const found = await findEnforcement(ctx, params.id);
      if (!found) throw notFound('This enforcement');
      return found;
    },
  }),
];
