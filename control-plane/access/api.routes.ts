import { z } from 'zod';
import type { Context } from '../platform/context';
import { invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { readerOf } from '../ui';
import { checksOf } from './checks';
import { canImagine, explainAccess, IMAGINED_DAYS, type AccessQuestion, type Explained } from './explain-access';
import {
  findTry,
  keyText,
  listRefusals,
  listTries,
  pageOfTries,
  readKey,
  type RefusalRow,
  type TryRow,
} from './queries';
import { decisionOf, questionOf } from './replay';
import {
  accessExplanation,
  accessTry,
  explainQuery,
  refusal,
  refusalsQuery,
  triesQuery,
  type AccessExplanation,
} from './schema';

/** The explanation in the words of the API: English, times in UTC, and only the checks that were reached. */
function shown(ctx: Context, { facts, ...explained }: Explained): AccessExplanation {
  const reader = readerOf({ locale: 'en', zone: 'UTC', nowMs: ctx.now.getTime(), currency: '' });
  const { answered, decision, reason, sentence, explanation, remedy, reply } = explained;
  return {
    decision,
    reason,
    sentence,
    explanation,
    answered,
    checks: checksOf({ reason, facts }, reader)
      .filter(({ outcome }) => outcome !== 'not_reached')
      .map(({ name, outcome, detail }) => ({
        name,
        pass: outcome === 'pass',
        detail,
        ...(outcome === 'stop' && remedy !== null ? { remedy } : {}),
      })),
    reply,
  };
}

async function explain(ctx: Context, question: AccessQuestion): Promise<AccessExplanation> {
  const { at } = question;
  if (at && !canImagine(ctx, at)) throw invalid({ at: `must lie between now and ${IMAGINED_DAYS} days from now` });
  const outcome = await explainAccess(ctx, question);
  if (outcome.kind === 'router_not_found') throw notFound('This router');
  return { ...shown(ctx, outcome.explained), ...(at ? { at: at.toISOString() } : {}) };
}

function toRefusal(row: RefusalRow) {
  return {
    id: row.id.toString(),
    username: row.username,
    mac: row.station || null,
    router_id: row.nas_id.toString(),
    router: row.router,
    subscription_id: row.subscription_id?.toString() ?? null,
    reason: row.reason,
    tries: Number(row.tries),
    first_at: row.first_at.toISOString(),
    last_at: row.last_at.toISOString(),
    let_in_since: row.let_in,
  };
}

function toTry(row: TryRow) {
  return {
    id: keyText(row),
    at: row.at.toISOString(),
    username: row.username,
    mac: row.station,
    router_id: row.nas_id?.toString() ?? null,
    router: row.router,
    decision: decisionOf(row),
    reason: row.reason ?? '',
    method: row.method,
  };
}

/** Cuts the one row too many and names the page after it. */
export const apiRoutes = [
  route({
    method: 'GET',
    path: '/access/explain',
    permission: 'access.explain',
    summary: 'Say why a login would be let in or refused',
    query: explainQuery,
    answer: accessExplanation,
    run: async (ctx, { query }) => {
      const key = readKey(query.try, 'try');
      if (!key) return explain(ctx, { ...query, username: query.username ?? '' });
      const row = await findTry(ctx, key);
      if (!row) throw notFound('This try');
      const recorded = { at: row.at.toISOString(), decision: decisionOf(row), reason: row.reason ?? '' };
      return { ...(await explain(ctx, { ...questionOf(row), at: query.at })), recorded };
    },
  }),
  route({
    method: 'GET',
    path: '/access/refusals',
    permission: 'access.explain',
    summary: 'List refused logins, each with how often it came',
    query: refusalsQuery,
    answer: z.object({ items: z.array(refusal), nextCursor: z.string().nullable() }),
    run: async (ctx, { query }) => {
      const { router_id, cursor, ...filter } = query;
      const before = readKey(cursor, 'cursor');
      return pageOfTries(await listRefusals(ctx, { ...filter, router: router_id, before }), query.limit, toRefusal);
    },
  }),
  route({
    method: 'GET',
    path: '/access/tries',
    permission: 'access.explain',
    summary: 'List single answers to one login, device or router',
    query: triesQuery,
    answer: z.object({ items: z.array(accessTry), nextCursor: z.string().nullable() }),
    run: async (ctx, { query }) => {
      const { router_id, cursor, ...filter } = query;
      const before = readKey(cursor, 'cursor');
      return pageOfTries(await listTries(ctx, { ...filter, router: router_id, before }), query.limit, toTry);
    },
  }),
];
