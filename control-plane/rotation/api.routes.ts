import { z } from 'zod';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { faults, steps } from './advance';
import { findSubject, listRuns } from './queries';
import { changeEveryDays, everyDays, findEveryDays } from './settings';
import { startRotation } from './start-rotation';

const run = z.object({
  id: z.string(),
  state: z.enum(['running', 'done', 'failed', 'superseded']),
  step: z.enum(steps),
  /** When each step began, by its name. */
  times: z.record(z.string(), z.string()),
  fault: z.enum(faults).nullable(),
  fault_words: z.string(),
  asked_at: z.string(),
  asked_by: z.string(),
  finished_at: z.string().nullable(),
});
const refusals = {
  no_api:
    'This router has no API user here, so nobody can tell it a secret. Give it api_username and api_password first.',
  under_way: 'The secrets of this router are being replaced already.',
  shared: 'Several routers have this address and with it one secret. Give each an address of its own first.',
  certificate: 'This router is known by its certificate and has no secret.',
};
const setting = z.object({ every_days: everyDays });

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/rotation/settings',
    permission: 'rotation.read',
    summary: 'After how many days the secrets of routers are replaced by themselves; null: never',
    answer: setting,
    run: async (ctx) => ({ every_days: await findEveryDays(ctx) }),
  }),
  route({
    method: 'PUT',
    path: '/rotation/settings',
    permission: 'rotation.settings',
    summary: 'Have the secrets of routers replaced by themselves after so many days, or (null) never',
    body: setting,
    answer: setting,
    async run(ctx, { body }) {
      await changeEveryDays(ctx, body.every_days);
      return body;
    },
  }),
  route({
    method: 'GET',
    path: '/routers/:id/rotation',
    permission: 'rotation.read',
    summary: 'The last times that a router’s secrets were replaced, step by step',
    answer: z.object({ router_id: z.string(), runs: z.array(run) }),
    async run(ctx, { params }) {
      if (!(await findSubject(ctx, params.id))) throw notFound('This router');
      const runs = await listRuns(ctx, params.id);
      return {
        router_id: params.id.toString(),
        runs: runs.map((one) => ({
          ...one,
          asked_at: one.asked_at.toISOString(),
          finished_at: one.finished_at?.toISOString() ?? null,
        })),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/routers/:id/rotation',
    permission: 'rotation.write',
    summary: 'Replace a router’s RADIUS secret and API password while people log in through it',
    status: 202,
    answer: z.object({ id: z.string() }),
    async run(ctx, { params }) {
      const outcome = await startRotation(ctx, params.id);
      if (outcome.kind === 'not_found') throw notFound('This router');
      if (outcome.kind !== 'started' && outcome.kind !== 'retried')
        throw conflict(outcome.kind, refusals[outcome.kind]);
      return { id: outcome.id.toString() };
    },
  }),
];
