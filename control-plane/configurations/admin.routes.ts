import { z } from 'zod';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { findRouter } from '../routers';
import { formatMoment, readerFor } from '../ui';
import { around, diffLines } from './diff';
import { configurationList } from './list.routes';
import { findConfiguration, findEarlier, findTry, listConfigurations } from './queries';
import { takeConfiguration } from './take-configuration';

const SHOWN = 30;

export const pageRoutes: PageRoute[] = [
  ...configurationList,
  pageRoute({
    method: 'GET',
    path: '/routers/:id/configurations',
    permission: 'configurations.read',
    query: z.object({ told: z.enum(['asked', 'no_api']).optional().catch(undefined) }),
    async run(ctx, { params, query }, _web, person) {
      const reader = readerFor(ctx, person);
      const router = await findRouter(ctx, params.id);
      if (!router) throw notFound('That router');
      const last = await findTry(ctx, params.id);
      const { items } = await listConfigurations(ctx, { routerId: params.id, limit: SHOWN });
      return view('configurations/router', {
        title: reader.t('configurations.of', { router: router.name }),
        live: 'router',
        router: { id: router.id, name: router.name },
        told: query.told && { text: reader.t(`configurations.told_${query.told}`), warn: query.told === 'no_api' },
        mayTake: person.actor.permissions.has('configurations.write'),
        fault: last?.fault && reader.t('configurations.fault', { at: formatMoment(last.at, reader), why: last.fault }),
        items: items.map((item) => ({
          href: `/configurations/${item.id}`,
          taken: formatMoment(new Date(item.taken_at), reader),
          seen: formatMoment(new Date(item.seen_at), reader),
          version: item.version,
          changes: `+${item.added} −${item.removed}`,
        })),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/configurations',
    permission: 'configurations.write',
    async run(ctx, { params }) {
      const outcome = await takeConfiguration(ctx, params.id);
      if (outcome === 'not_found') throw notFound('That router');
      return seeOther(`/routers/${params.id}/configurations?told=${outcome}`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/configurations/:id',
    permission: 'configurations.read',
    query: z.object({
      with: z
        .string()
        .regex(/^\d{1,18}$/)
        .optional()
        .catch(undefined),
    }),
    async run(ctx, { params, query }, _web, person) {
      const reader = readerFor(ctx, person);
      const one = await findConfiguration(ctx, params.id);
      if (!one) throw notFound('That configuration');
      const routerId = BigInt(one.router_id);
      const otherId = query.with ? BigInt(query.with) : await findEarlier(ctx, routerId, params.id);
      const other = otherId === undefined ? undefined : await findConfiguration(ctx, otherId);
      // Of another router it may be: two towers are compared as often as two days.
      const others = await listConfigurations(ctx, { routerId, limit: SHOWN });
      return view('configurations/configuration', {
        title: reader.t('configurations.of', { router: one.router }),
        one: { ...one, taken: formatMoment(new Date(one.taken_at), reader) },
        missing: one.missing.join(', '),
        other: other && { router: other.router, taken: formatMoment(new Date(other.taken_at), reader) },
        diff:
          other &&
          around(diffLines(other.words, one.words)).map(
            (line) => line && { ...line, put: line.sign === '+', taken: line.sign === '-' },
          ),
        others: others.items
          .filter(({ id }) => id !== one.id)
          .map(({ id, taken_at }) => ({
            value: id,
            label: formatMoment(new Date(taken_at), reader),
            selected: id === other?.id,
          })),
      });
    },
  }),
];
