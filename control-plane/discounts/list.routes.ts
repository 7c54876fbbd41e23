import { cursorId, listQuery } from '../platform/http/input';
import { notFound } from '../platform/http/problem';
import { listPages, oneOf } from '../tables';
import { discountColumns, printDiscount, useColumns } from './admin.view';
import { findDiscount, listDiscounts, listUses } from './queries';

/** Discounts in use, or those that are put away. */
export const discountList = listPages({
  list: 'discounts',
  path: '/discounts',
  permission: 'discounts.read',
  view: 'discounts/list',
  query: listQuery.extend({ archived: oneOf(['true']) }),
  title: 'discounts.title',
  foot: 'discounts.foot',
  columns: discountColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'archived',
      label: t('discounts.state'),
      value: query.archived ?? '',
      any: t('discounts.in_use'),
      options: [{ value: 'true', label: t('discounts.state_archived') }],
    },
  ],
  scope: (_ctx, { query: { archived } }) => ({ archived: archived === 'true' }),
  page: (ctx, filter, { cursor, limit }) => listDiscounts(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ person, reader: { t } }) => ({
    text: t('discounts.empty'),
    ...(person.actor.permissions.has('discounts.write')
      ? { href: '/discounts/new', step: t('discounts.add'), action: true }
      : {}),
  }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('discounts.write') }),
});

/** One discount with the purchases that it was given on. */
export const useList = listPages({
  list: 'discount-uses',
  path: '/discounts/:id',
  permission: 'discounts.read',
  view: 'discounts/discount',
  query: listQuery,
  title: 'discounts.uses',
  foot: 'discounts.uses_foot',
  columns: useColumns,
  async scope(ctx, { params }) {
    const discount = await findDiscount(ctx, params.id);
    if (!discount) throw notFound('That discount');
    return { discount, discountId: params.id };
  },
  page: (ctx, { discountId }, { cursor, limit }) => listUses(ctx, { discountId, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('discounts.unused') }),
  model: (_ctx, { person, reader }, { scope: { discount } }) => ({
    title: discount.name,
    one: printDiscount(discount, reader, person.tenant.currency),
    limits: [
      ...(discount.first_purchase_only ? [reader.t('discounts.first')] : []),
      ...(discount.uses_per_client_max === null
        ? []
        : [reader.t('discounts.per_client', { count: discount.uses_per_client_max })]),
    ],
    mayWrite: person.actor.permissions.has('discounts.write') && discount.state !== 'archived',
  }),
});
