import { z } from 'zod';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { disconnectSession, rateSession, type SessionOutcome } from './enforce-session';
import { findTrace, traceAddress } from './trace-address';
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

const moment = z.iso.datetime({ offset: true }).transform((iso) => new Date(iso));
const traceInput = z.object({
  address: z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address'),
  at: moment,
  /** For a span of time; at most 31 days. */
  to: moment.optional(),
  reason: z.string().trim().min(5).max(500),
});
const holder = z.object({
  session_id: z.string(),
  acct_session_id: z.string(),
  client_id: z.string().nullable(),
  name: z.string().nullable(),
  phone: z.string().nullable(),
  username: z.string(),
  address: z.string().nullable(),
  mac: z.string().nullable(),
  router: z.string().nullable(),
  started_at: z.string(),
  stopped_at: z.string().nullable(),
  updated_at: z.string(),
});

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
  route({
    method: 'POST',
    path: '/sessions/address',
    permission: 'sessions.trace',
    summary: 'Ask who had an address at a moment; question, reason and answer are kept',
    body: traceInput,
    answer: z.object({ id: z.string(), holders: z.array(holder) }),
    async run(ctx, { body: { address, at, to = at, reason } }) {
      if (to < at || to.getTime() - at.getTime() > 31 * 86_400_000)
        throw invalid({ to: 'must lie between `at` and 31 days after it' });
      const id = await traceAddress(ctx, { address, from: at, to, reason });
      return { id: id.toString(), holders: (await findTrace(ctx, id))?.answer ?? [] };
    },
  }),
];
