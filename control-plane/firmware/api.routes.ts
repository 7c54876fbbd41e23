import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { steps } from './advance';
import { listFirmware, listRuns, standings } from './queries';
import { askForCheck, BATCH_MOST, upgradeRouters } from './upgrade-routers';
import { faults } from './words';

const known = z.object({
  router_id: z.string(),
  router: z.string(),
  has_api: z.boolean(),
  standing: z.enum(standings),
  installed: z.string(),
  latest: z.string(),
  channel: z.string(),
  board_installed: z.string(),
  board_latest: z.string(),
  checked_at: z.string().nullable(),
  fault: z.enum(faults).nullable(),
  fault_words: z.string(),
});
const run = z.object({
  id: z.string(),
  batch: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'stopped']),
  step: z.enum(steps),
  board: z.boolean(),
  version_before: z.string(),
  version_wanted: z.string(),
  version_after: z.string(),
  board_before: z.string(),
  board_after: z.string(),
  fault: z.enum(faults).nullable(),
  fault_words: z.string(),
  asked_at: z.string(),
  asked_by: z.string(),
  finished_at: z.string().nullable(),
});
const noApi = () =>
  conflict('no_api', 'This router has no API user here. Give it api_username and api_password first.');

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/firmware',
    permission: 'firmware.read',
    summary: 'What routers run, and what they could',
    query: listQuery.extend({ standing: z.enum(standings).optional(), version: z.string().max(40).optional() }),
    answer: z.object({ items: z.array(known), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listFirmware(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/firmware',
    permission: 'firmware.write',
    summary: 'Upgrade routers, one after another in this order; the first that fails stops the rest',
    status: 202,
    body: z.object({
      router_ids: z
        .array(z.string().regex(/^\d{1,18}$/))
        .min(1)
        .max(BATCH_MOST),
      board: z.boolean().default(false),
    }),
    answer: z.object({ batch: z.string(), runs: z.array(z.string()) }),
    async run(ctx, { body }) {
      const outcome = await upgradeRouters(ctx, body.router_ids.map(BigInt), { board: body.board });
      if (outcome.kind === 'not_found') throw notFound('A router of these');
      if (outcome.kind === 'no_api') throw noApi();
      if (outcome.kind === 'under_way') throw conflict('under_way', `${outcome.router} is being upgraded already.`);
      return { batch: outcome.batch, runs: outcome.runs };
    },
  }),
  route({
    method: 'GET',
    path: '/routers/:id/firmware',
    permission: 'firmware.read',
    summary: 'What a router runs, and its last upgrades',
    answer: known.extend({ runs: z.array(run) }),
    async run(ctx, { params }) {
      const [row] = (await listFirmware(ctx, { routerId: params.id, limit: 1 })).items;
      if (!row) throw notFound('This router');
      const runs = await listRuns(ctx, params.id);
      return {
        ...row,
        runs: runs.map(({ step_at: _at, ...one }) => ({
          ...one,
          asked_at: one.asked_at.toISOString(),
          finished_at: one.finished_at?.toISOString() ?? null,
        })),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/routers/:id/firmware/check',
    permission: 'firmware.write',
    summary: 'Ask a router now which newer versions there are',
    status: 202,
    answer: z.object({ router_id: z.string() }),
    async run(ctx, { params }) {
      const outcome = await askForCheck(ctx, params.id);
      if (outcome === 'not_found') throw notFound('This router');
      if (outcome === 'no_api') throw noApi();
      return { router_id: params.id.toString() };
    },
  }),
];
