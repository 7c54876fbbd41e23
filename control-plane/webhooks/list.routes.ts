import { z } from 'zod';
import type { Context } from '../platform/context';
import { listQuery } from '../platform/http/input';
import { notFound } from '../platform/http/problem';
import { listPages, oneOf } from '../tables';
import { printEndpoint } from './admin.view';
import { deliveryColumns, endpointColumns } from './list.view';
import { findEndpoint, listDeliveries, listEndpoints } from './queries';
import { deliveryStates, type Endpoint } from './schema';

/** @throws Problem 404 */
export async function mustFind(ctx: Context, id: bigint): Promise<Endpoint> {
  const found = await findEndpoint(ctx, id);
  if (!found) throw notFound('That webhook endpoint');
  return found;
}

/** Every endpoint of the company: twenty at most, so there is one page. */
export const endpointList = listPages({
  list: 'webhooks',
  path: '/webhooks',
  permission: 'webhooks.read',
  view: 'webhooks/list',
  query: listQuery,
  title: 'webhooks.title',
  foot: 'webhooks.foot',
  columns: endpointColumns,
  scope: () => undefined,
  page: async (ctx) => ({ items: await listEndpoints(ctx), nextCursor: null }),
  empty: ({ person, reader: { t } }) => ({
    text: t('webhooks.empty'),
    ...(person.actor.permissions.has('webhooks.write')
      ? { href: '/webhooks/new', step: t('webhooks.add'), action: true }
      : {}),
  }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('webhooks.write') }),
});

/** One endpoint with what was sent to it. */
export const deliveryList = listPages({
  list: 'webhook-deliveries',
  path: '/webhooks/:id',
  permission: 'webhooks.read',
  view: 'webhooks/one',
  query: listQuery.extend({
    state: oneOf(deliveryStates),
    told: z.enum(['test', 'changed', 'replayed']).optional(),
    count: z.coerce.number().int().min(0).max(100_000).optional(),
  }),
  title: 'webhooks.deliveries',
  foot: 'webhooks.kept',
  columns: deliveryColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('webhooks.outcome'),
      value: query.state ?? '',
      options: deliveryStates.map((value) => ({ value, label: t(`webhooks.show_${value}`) })),
    },
  ],
  scope: async (ctx, { params, query }) => ({
    endpoint: await mustFind(ctx, params.id),
    id: params.id,
    state: query.state,
  }),
  page: (ctx, { id, state }, at) => listDeliveries(ctx, id, { state, ...at }),
  empty: ({ reader }) => ({ text: reader.t('webhooks.none_yet') }),
  model: (_ctx, { query: { told, count }, person, reader }, { scope: { endpoint } }) => ({
    title: endpoint.description || new URL(endpoint.url).host,
    endpoint: printEndpoint(endpoint, reader),
    told: told && { text: reader.t(`webhooks.told_${told}`, { count: count ?? 0 }) },
    mayChange: person.actor.permissions.has('webhooks.write'),
  }),
});
