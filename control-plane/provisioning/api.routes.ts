import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { conflict, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { readerOf } from '../ui';
import { issueLine } from './issue-line';
import { printChecks, verdictOf } from './print-checks';
import { findRun, findSetup } from './queries';
import { checkNames } from './self-test/seen';
import { provisioned } from './provision-shape';
import { startRun } from './start-run';
import { keepSetup } from './issue-line';
import { wanted } from './wanted';

const provisionBody = z.object({
  /** Only say what would be done. */
  dry_run: z.boolean().default(false),
  /** What it is to serve from now on; left out, what was asked for before. */
  wanted: wanted.optional(),
  /** Keys of rows that somebody changed on the router and that are to be as we want them again. */
  overwrite: z.array(z.string().max(200)).max(500).default([]),
});

const NEVER_PROVISIONED: z.infer<typeof provisioned> = {
  id: null,
  dry_run: true,
  state: 'never',
  fault: null,
  started_at: null,
  finished_at: null,
  items: [],
  done: [],
  left: [],
};

/** The newest plan or application of a router. @throws Problem 404 */
async function provisioning(ctx: Context, routerId: bigint, id?: bigint): Promise<z.infer<typeof provisioned>> {
  if (!(await findSetup(ctx, routerId))) throw notFound('This router');
  const run = await findRun(ctx, routerId, ['plan', 'apply'], id);
  if (!run) return NEVER_PROVISIONED;
  const result = run.state === 'done' ? (run.result as Partial<z.infer<typeof provisioned>>) : {};
  return {
    id: run.id,
    dry_run: run.kind === 'plan',
    state: run.state,
    fault: run.fault,
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    items: result.items ?? [],
    done: result.done ?? [],
    left: result.left ?? [],
  };
}

const testAnswer = z.object({
  /** null: it has never been tested. */
  id: z.string().nullable(),
  state: z.enum(['never', 'running', 'done', 'failed']),
  /** fail: something is wrong; unknown: nothing is, but something could not be shown yet. */
  verdict: z.enum(['never', 'running', 'failed', 'pass', 'fail', 'unknown']),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  checks: z.array(
    z.object({
      name: z.enum(checkNames),
      outcome: z.enum(['pass', 'fail', 'unknown']),
      pass: z.boolean(),
      detail: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
});

const NEVER_TESTED: z.infer<typeof testAnswer> = {
  id: null,
  state: 'never',
  verdict: 'never',
  started_at: null,
  finished_at: null,
  checks: [],
};

/** The newest self-test of a router. @throws Problem 404 */
async function test(ctx: Context, routerId: bigint, id?: bigint): Promise<z.infer<typeof testAnswer>> {
  if (!(await findSetup(ctx, routerId))) throw notFound('This router');
  const run = await findRun(ctx, routerId, ['self_test'], id);
  if (!run) return NEVER_TESTED;
  const reader = readerOf({ locale: 'en', zone: 'UTC', nowMs: ctx.now.getTime(), currency: '' });
  return {
    id: run.id,
    state: run.state,
    verdict: verdictOf(run),
    started_at: run.startedAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    checks: printChecks(run.result, reader).map(({ name, outcome, detail, remedy }) => ({
      name,
      outcome,
      pass: outcome === 'pass',
      detail,
      remedy: remedy ?? null,
    })),
  };
}

const lineAnswer = z.object({ line: z.string(), url: z.string(), expires_at: z.string() });

/** @throws Problem where a router cannot be set up by a script */
async function line(ctx: Context, id: bigint): Promise<z.infer<typeof lineAnswer>> {
  const outcome = await issueLine(ctx, id);
  switch (outcome.kind) {
    case 'not_found':
      throw notFound('This router');
    case 'not_ours_to_set_up':
      throw conflict(
        'no_script',
        'There is a script for MikroTik routers that are known by their address. Set others up by hand: docs/reference/routers.md.',
      );
    case 'no_installation':
      throw conflict(
        'not_started',
        'Nobody has written down yet by what routers reach this installation. Run lango start once.',
      );
    case 'done':
      return { line: outcome.line, url: outcome.url, expires_at: outcome.expiresAt.toISOString() };
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/routers/:id/script',
    permission: 'routers.write',
    summary: 'Make the one line that brings a MikroTik in; it is good for a day, and an older one no more',
    answer: lineAnswer,
    run: async (ctx, { params }) => new Reply(200, await line(ctx, params.id), { 'cache-control': 'no-store' }),
  }),
  route({
    method: 'POST',
    path: '/routers/:id/provision',
    permission: 'routers.write',
    summary:
      'Plan what a router lacks, and unless dry_run do it by its API and read it back; ask for the result, which takes some seconds, by GET',
    status: 202,
    body: provisionBody,
    answer: provisioned,
    run: async (ctx, { params, body }) => {
      if (!(await findSetup(ctx, params.id))) throw notFound('This router');
      if (body.wanted) await keepSetup(ctx, params.id, { wanted: body.wanted });
      const kind = body.dry_run ? 'plan' : 'apply';
      if (!body.dry_run)
        await recordAudit(ctx, 'provisioning.apply', { type: 'nas', id: params.id }, { overwrite: body.overwrite });
      return provisioning(ctx, params.id, await startRun(ctx, params.id, kind, { overwrite: body.overwrite }));
    },
  }),
  route({
    method: 'GET',
    path: '/routers/:id/provision',
    permission: 'routers.read',
    summary: 'Show the newest plan of a router, or what was done of it',
    answer: provisioned,
    run: (ctx, { params }) => provisioning(ctx, params.id),
  }),
  route({
    method: 'POST',
    path: '/routers/:id/self-test',
    permission: 'routers.write',
    summary: 'Test a router from both sides; ask for the result, which takes some seconds, by GET',
    status: 202,
    answer: testAnswer,
    run: async (ctx, { params }) => {
      if (!(await findSetup(ctx, params.id))) throw notFound('This router');
      return test(ctx, params.id, await startRun(ctx, params.id, 'self_test'));
    },
  }),
  route({
    method: 'GET',
    path: '/routers/:id/self-test',
    permission: 'routers.read',
    summary: 'Show the newest self-test of a router: what was found, and what to do where something is wrong',
    answer: testAnswer,
    run: (ctx, { params }) => test(ctx, params.id),
  }),
];
