import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { moveRun, type Move } from './move-run';
import { planRun } from './plan-run';
import { findRun, listRows, listRuns, rowOf, rowViews, runOf } from './queries';
import { newBulk, rowAnswer, runAnswer } from './schema';

async function show(ctx: Context, id: bigint) {
  const run = await findRun(ctx, id);
  if (!run) throw notFound('This run');
  return runOf(run);
}

async function move(ctx: Context, id: bigint, what: Move) {
  const outcome = await moveRun(ctx, id, what);
  if (outcome.kind === 'not_found') throw notFound('This run');
  if (outcome.kind === 'refused')
    throw conflict(`is_${outcome.state}`, `Cannot ${what} a run that is ${outcome.state}. Look at it again.`);
}

function moving(what: 'start' | 'stop' | 'undo', summary: string) {
  return route({
    method: 'POST',
    path: `/bulk/:id/${what}` as '/bulk/:id/start',
    // What the run itself asks for beside it is asked where it is moved.
    permission: 'subscriptions.read',
    summary,
    status: 202,
    answer: runAnswer,
    run: async (ctx, { params }) => {
      await move(ctx, params.id, what);
      return show(ctx, params.id);
    },
  });
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/bulk',
    permission: 'subscriptions.read',
    summary: 'List runs over many services, newest first',
    query: listQuery,
    answer: z.object({ items: z.array(runAnswer), nextCursor: z.string().nullable() }),
    run: async (ctx, { query }) => {
      const page = await listRuns(ctx, { limit: query.limit, before: cursorId(query.cursor) });
      return { ...page, items: page.items.map(runOf) };
    },
  }),
  route({
    method: 'POST',
    path: '/bulk',
    permission: 'subscriptions.write',
    summary: 'Plan work on many services: every one with its fate, before anything happens',
    body: newBulk,
    answer: runAnswer,
    run: async (ctx, { body }) => {
      const outcome = await planRun(ctx, body);
      if (outcome.kind === 'invalid') throw invalid(outcome.fields);
      if (outcome.kind === 'too_many')
        throw invalid({ filter: `matches more than ${outcome.max} services; narrow it` });
      return show(ctx, outcome.id);
    },
  }),
  route({
    method: 'GET',
    path: '/bulk/:id',
    permission: 'subscriptions.read',
    summary: 'Show a run and how far it is',
    answer: runAnswer,
    run: (ctx, { params }) => show(ctx, params.id),
  }),
  route({
    method: 'GET',
    path: '/bulk/:id/rows',
    permission: 'subscriptions.read',
    summary: 'List the rows of a run with fate and outcome',
    query: listQuery.extend({ view: z.enum(rowViews).optional() }),
    answer: z.object({ items: z.array(rowAnswer), nextCursor: z.string().nullable() }),
    run: async (ctx, { params, query }) => {
      await show(ctx, params.id);
      const page = await listRows(ctx, params.id, { ...query, after: cursorId(query.cursor) });
      return { ...page, items: page.items.map(rowOf) };
    },
  }),
  moving('start', 'Start a run, or go on with one that was stopped'),
  moving('stop', 'Stop a run after the rows in hand'),
  moving('undo', 'Take back what a run has done, row by row'),
  route({
    method: 'DELETE',
    path: '/bulk/:id',
    permission: 'subscriptions.read',
    summary: 'Throw a draft away',
    run: (ctx, { params }) => move(ctx, params.id, 'discard'),
  }),
];
