import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatCount } from '../ui';
import { listOrders, SHOWN } from './admin.queries';
import { orderColumns } from './list.view';
import { listUndone } from './undone';

/** Orders to the network: what is not as sold, or what is under way, or what was given up. */
export const orderList = listPages({
  list: 'enforcements',
  path: '/enforcements',
  permission: 'sessions.read',
  view: 'enforcement/list',
  query: listQuery.extend({ show: oneOf(SHOWN) }),
  title: 'enforcement.title',
  foot: 'enforcement.foot',
  columns: orderColumns,
  live: 'enforcement',
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'show',
      label: t('enforcement.show'),
      value: query.show && query.show !== 'undone' ? query.show : '',
      any: t('enforcement.show_undone'),
      options: (['open', 'gave_up'] as const).map((value) => ({ value, label: t(`enforcement.show_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { show } }) => show ?? 'undone',
  page: (ctx, shown, { cursor, limit }) => listOrders(ctx, shown, { before: cursorId(cursor), limit }),
  empty: ({ reader: { t } }) => ({
    text: t('enforcement.empty_undone'),
    href: '/sessions',
    step: t('enforcement.empty_step'),
  }),
  emptyFiltered: ({ query, reader: { t } }) => ({
    text: t(`enforcement.empty_${query.show ?? 'undone'}`),
    href: '/enforcements',
    step: t('enforcement.show_undone'),
  }),
  async model(ctx, { reader }) {
    const { free_riders, held_back } = await listUndone(ctx);
    const undone = free_riders + held_back;
    return { undone: undone > 0 ? formatCount(undone, reader.locale) : '' };
  },
});
