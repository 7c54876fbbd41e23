import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { askCheck, askRepair } from './ask-drift';
import { driftKinds } from './find-drift';
import { listFindings } from './queries';

const finding = z.object({
  id: z.string(),
  router_id: z.string(),
  router: z.string(),
  kind: z.enum(driftKinds),
  subject: z.string(),
  detail: z.string(),
  plan: z.array(z.array(z.string())),
  found_at: z.string(),
  seen_at: z.string(),
  gone_at: z.string().nullable(),
  repair_asked_at: z.string().nullable(),
  repair_fault: z.string().nullable(),
});

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/drift',
    permission: 'drift.read',
    summary: 'What goes past billing on routers',
    query: listQuery.extend({ state: z.enum(['there', 'gone']).optional(), kind: z.enum(driftKinds).optional() }),
    answer: z.object({ items: z.array(finding), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listFindings(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/drift/:id/repair',
    permission: 'drift.write',
    summary: 'Carry out the plan of a finding and look again',
    status: 202,
    answer: z.object({ id: z.string() }),
    async run(ctx, { params }) {
      const outcome = await askRepair(ctx, params.id);
      if (outcome.kind === 'not_found') throw notFound('This finding');
      if (outcome.kind === 'by_hand')
        throw conflict('by_hand', 'No command can mend this. Set the router up anew with its script.');
      return { id: params.id.toString() };
    },
  }),
  route({
    method: 'POST',
    path: '/routers/:id/drift',
    permission: 'drift.write',
    summary: 'Look through a router now for what goes past billing',
    status: 202,
    answer: z.object({ router_id: z.string() }),
    async run(ctx, { params }) {
      const outcome = await askCheck(ctx, params.id);
      if (outcome === 'not_found') throw notFound('This router');
      if (outcome === 'no_api')
        throw conflict('no_api', 'This router has no API user here. Give it api_username and api_password first.');
      return { router_id: params.id.toString() };
    },
  }),
];
