import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { findRouter } from '../routers';
import { acknowledgeAlert } from './alerts';
import { alertKinds } from './judge';
import { findRouterNow, listAlerts, listSamples, spans } from './queries';

const alert = z.object({
  id: z.string(),
  router_id: z.string(),
  router: z.string(),
  kind: z.enum(alertKinds),
  subject: z.string(),
  value: z.string(),
  opened_at: z.string(),
  closed_at: z.string().nullable(),
  acknowledged_at: z.string().nullable(),
  acknowledged_by: z.string().nullable(),
});
const measured = z.number().nullable();

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/monitoring/alerts',
    permission: 'monitoring.read',
    summary: 'What is or was wrong with routers',
    query: listQuery.extend({ state: z.enum(['open', 'over']).optional(), kind: z.enum(alertKinds).optional() }),
    answer: z.object({ items: z.array(alert), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listAlerts(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/monitoring/alerts/:id/acknowledge',
    permission: 'monitoring.write',
    summary: 'Say that somebody is at it; it stays until what it tells of is over',
    answer: z.object({ id: z.string() }),
    async run(ctx, { params }) {
      if ((await acknowledgeAlert(ctx, params.id)) === 'not_found') throw notFound('This alert');
      return { id: params.id.toString() };
    },
  }),
  route({
    method: 'GET',
    path: '/routers/:id/monitoring',
    permission: 'monitoring.read',
    summary: 'How a router is now, and what was measured: of its busiest interface, or of one by its name',
    query: z.object({ span: z.enum(spans).default('day'), interface: z.string().max(64).optional() }),
    answer: z.object({
      state: z.enum(['up', 'down', 'refused', 'heard', 'silent', 'unknown']),
      since: z.string().nullable(),
      answered_at: z.string().nullable(),
      version: z.string().nullable(),
      cpu_percent: measured,
      memory_percent: measured,
      disk_percent: measured,
      temperature_c: measured,
      uptime_s: measured,
      clock_off_s: measured,
      interfaces: z.array(
        z.object({ name: z.string(), running: z.boolean(), disabled: z.boolean(), rx_bps: measured, tx_bps: measured }),
      ),
      items: z.array(
        z.object({
          at: z.string(),
          cpu: measured,
          cpu_max: measured,
          memory: measured,
          temperature: measured,
          sessions: measured,
          rx_bps: measured,
          tx_bps: measured,
        }),
      ),
    }),
    async run(ctx, { params, query }) {
      if (!(await findRouter(ctx, params.id))) throw notFound('This router');
      const now = await findRouterNow(ctx, params.id);
      const { facts = {} } = now ?? {};
      const samples = await listSamples(ctx, params.id, query.span, query.interface);
      return {
        state: now?.state ?? ('unknown' as const),
        since: now?.since.toISOString() ?? null,
        answered_at: now?.answered_at?.toISOString() ?? null,
        version: facts.version ?? null,
        cpu_percent: facts.cpu ?? null,
        memory_percent: facts.memory ?? null,
        disk_percent: facts.disk ?? null,
        temperature_c: facts.temperature ?? null,
        uptime_s: facts.uptime_s ?? null,
        clock_off_s: facts.clockOff_s ?? null,
        interfaces: (now?.ports ?? []).map(({ name, running, disabled }) => ({
          name,
          running,
          disabled,
          rx_bps: facts.rates?.[name]?.[0] ?? null,
          tx_bps: facts.rates?.[name]?.[1] ?? null,
        })),
        items: samples.map((sample) => ({ ...sample, at: sample.at.toISOString() })),
      };
    },
  }),
];
