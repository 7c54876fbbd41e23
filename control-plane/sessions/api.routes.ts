import { z } from 'zod';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { disconnectSession, rateSession, type SessionOutcome } from './enforce-session';
import { findSession, listSessions, sessionAnswer } from './queries';

const text = z.string().max(253).optional();
const filters = listQuery.extend({
  state: z.enum(['live', 'all']).default('live'),
  username: text,
  acct_session_id: text,
  router_id: idField.optional(),
  subscription_id: idField.optional(),
  mac: text,
});
const rateInput = z.object({ down_kbps: z.int().min(1).max(100_000_000), up_kbps: z.int().min(1).max(100_000_000) });
const asked = z.object({ enforcement_id: z.string() });

function answer(outcome: SessionOutcome): z.output<typeof asked> {
  switch (outcome.kind) {
    case 'asked':
      return { enforcement_id: outcome.enforcement_id.toString() };
    case 'not_found':
      throw notFound('This session');
    case 'closed':
      throw conflict(
        'session_closed',
        'This session is over; there is nothing left to change. Look for the live one of the same user.',
      );
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/sessions',
    permission: 'sessions.read',
    summary: 'List live sessions, or all of them',
    query: filters,
    answer: z.object({ items: z.array(sessionAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query: { cursor, ...query } }) => listSessions(ctx, { ...query, before: cursorId(cursor) }),
  }),
  route({
    method: 'GET',
    path: '/sessions/:id',
    permission: 'sessions.read',
    summary: 'Show a session',
    answer: sessionAnswer,
    run: async (ctx, { params }) => {
      const found = await findSession(ctx, params.id);
      if (!found) throw notFound('This session');
      return found;
    },
  }),
  route({
    method: 'POST',
    path: '/sessions/:id/disconnect',
    permission: 'sessions.disconnect',
    summary: 'Ask for a session to be cut; the enforcement tells when it is gone',
    status: 202,
    answer: asked,
    run: async (ctx, { params }) => answer(await disconnectSession(ctx, params.id)),
  }),
  route({
    method: 'POST',
    path: '/sessions/:id/rate',
    permission: 'sessions.disconnect',
    summary: 'Ask for another speed of a live session',
    status: 202,
    body: rateInput,
    answer: asked,
    run: async (ctx, { params, body }) => answer(await rateSession(ctx, params.id, body)),
  }),
];
