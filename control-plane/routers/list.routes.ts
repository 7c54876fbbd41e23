import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { routerColumns } from './admin.view';
import { listRouters, routerStates } from './queries';

/** Routers by name, address and how they stand; the list follows what they report. */
export const routerList = listPages({
  list: 'routers',
  path: '/routers',
  permission: 'routers.read',
  view: 'routers/list',
  query: listQuery.extend({ state: oneOf(routerStates), removed: z.string().max(5).optional() }),
  title: 'routers.title',
  find: 'routers.find',
  foot: 'routers.foot',
  columns: routerColumns,
  live: 'router',
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('sessions.state'),
      value: query.state ?? '',
      options: routerStates.map((value) => ({
        value,
        label: value === 'deaf' ? t('routers.deaf') : t(`ui.state.${value}`),
      })),
    },
  ],
  scope: (_ctx, { query: { q, state } }) => ({ q: q || undefined, state }),
  page: (ctx, filter, { cursor, limit }) => listRouters(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ person, reader: { t } }) => ({
    text: t('routers.empty'),
    ...(person.actor.permissions.has('routers.write')
      ? { href: '/routers/new', step: t('routers.add'), action: true }
      : {}),
  }),
  model: (_ctx, { query, person, reader }) => ({
    mayAdd: person.actor.permissions.has('routers.write'),
    seesCertificates: person.actor.permissions.has('radsec.read'),
    told: query.removed && { text: reader.t('routers.removed') },
  }),
});
