import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { findConfiguration, listConfigurations } from './queries';
import { takeConfiguration } from './take-configuration';

const kept = z.object({
  id: z.string(),
  router_id: z.string(),
  router: z.string(),
  taken_at: z.string(),
  seen_at: z.string(),
  version: z.string(),
  lines: z.int(),
  added: z.int(),
  removed: z.int(),
  missing: z.array(z.string()),
});

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/configurations',
    permission: 'configurations.read',
    summary: 'Configurations of routers, one for each time that one had changed',
    query: listQuery.extend({
      router_id: z
        .string()
        .regex(/^\d{1,18}$/)
        .optional(),
    }),
    answer: z.object({ items: z.array(kept), nextCursor: z.string().nullable() }),
    run: (ctx, { query: { router_id: id, ...rest } }) =>
      listConfigurations(ctx, { ...rest, routerId: id === undefined ? undefined : BigInt(id) }),
  }),
  route({
    method: 'GET',
    path: '/configurations/:id',
    permission: 'configurations.read',
    summary: 'Show a kept configuration, with its words',
    answer: kept.extend({ words: z.string() }),
    async run(ctx, { params }) {
      const found = await findConfiguration(ctx, params.id);
      if (!found) throw notFound('This configuration');
      return found;
    },
  }),
  route({
    method: 'POST',
    path: '/routers/:id/configurations',
    permission: 'configurations.write',
    summary: 'Read a router’s configuration now; it is kept if it has changed',
    status: 202,
    answer: z.object({ router_id: z.string() }),
    async run(ctx, { params }) {
      const outcome = await takeConfiguration(ctx, params.id);
      if (outcome === 'not_found') throw notFound('This router');
      if (outcome === 'no_api')
        throw conflict('no_api', 'This router has no API user here. Give it api_username and api_password first.');
      return { router_id: params.id.toString() };
    },
  }),
];
