import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf, type ListSpec } from '../tables';
import { fieldsOf, formErrors, type Reader } from '../ui';
import { printBatch, printVoucher } from './admin.view';
import { batchColumns, codeColumns } from './list.view';
import { batchOf, batchStates, findVoucher, listBatches, listVouchers } from './queries';
import { voucherStates, type Batch } from './schema';
import { printSheet, sheetForm } from './sheets/pages';
import { listSheets } from './sheets/queries';

/** The field in which a code is begun for a customer, with what was wrong with it. */
export function redeemForm(reader: Reader, refused?: { code: string; message: string }) {
  const { t } = reader;
  const faults: Record<string, string> = refused ? { code: refused.message } : {};
  const field = fieldsOf('vouchers', { code: refused?.code ?? '' }, faults, reader);
  return {
    errors: refused && formErrors(faults),
    code: field('code', { required: true, autocomplete: 'off', max: 64, help: t('vouchers.redeem_help') }),
  };
}

/** What is typed is a code: whichever batch it is of, it is shown above the list. */
async function askedFor(ctx: Context, q: string | undefined, reader: Reader) {
  if (!q) return undefined;
  const found = await findVoucher(ctx, q);
  return { found: found && printVoucher(found, reader), nothing: reader.t('vouchers.nothing_found', { code: q }) };
}

export const batchQuery = listQuery.extend({ q: z.string().max(64).optional(), state: oneOf(batchStates) });
type BatchQuery = typeof batchQuery;
type BatchScope = { state: z.output<BatchQuery>['state'] };

/** Batches of vouchers. */
export const batchList: ListSpec<'/vouchers', BatchQuery, Batch, BatchScope> = {
  list: 'vouchers',
  path: '/vouchers',
  permission: 'vouchers.read',
  view: 'vouchers/list',
  query: batchQuery,
  title: 'vouchers.title',
  find: 'vouchers.find',
  foot: 'vouchers.foot',
  columns: batchColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('vouchers.state'),
      value: query.state ?? '',
      options: batchStates.map((value) => ({ value, label: t(`vouchers.batch_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { state } }) => ({ state }),
  page: (ctx, { state }, { cursor, limit }) => listBatches(ctx, { state, limit, before: cursorId(cursor) }),
  empty: ({ person, reader: { t } }) => ({
    text: t('vouchers.empty'),
    ...(person.actor.permissions.has('vouchers.write')
      ? { href: '/vouchers/new', step: t('vouchers.add'), action: true }
      : {}),
  }),
  async model(ctx, { query, person, reader }) {
    const mayWrite = person.actor.permissions.has('vouchers.write');
    return { mayWrite, asked: await askedFor(ctx, query.q, reader), ...(mayWrite ? redeemForm(reader) : {}) };
  },
};

/** One batch with its codes. */
export const codeList = listPages({
  list: 'voucher-codes',
  path: '/vouchers/batches/:id',
  permission: 'vouchers.read',
  view: 'vouchers/batch',
  query: listQuery.extend({ state: oneOf(voucherStates), told: z.enum(['made', 'void', 'redeemed']).optional() }),
  title: 'vouchers.codes',
  foot: 'vouchers.codes_foot',
  columns: codeColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('vouchers.state'),
      value: query.state ?? '',
      options: voucherStates.map((value) => ({ value, label: t(`vouchers.state_${value}`) })),
    },
  ],
  scope: async (ctx, { params, query }) => ({
    batch: await batchOf(ctx, params.id),
    id: params.id,
    state: query.state,
  }),
  async page(ctx, { batch, id, state }, at) {
    const { items, nextCursor } = await listVouchers(ctx, { batch_id: id, state, ...at });
    return { items: items.map((one) => ({ ...one, batch })), nextCursor };
  },
  empty: ({ reader }) => ({ text: reader.t('vouchers.none_of_state') }),
  model: async (ctx, { query: { told }, person, reader }, { scope: { batch, id } }) => ({
    title: reader.t('vouchers.batch_title', { plan: batch.package_name, number: batch.id }),
    told: told && { text: reader.t(`vouchers.told_${told}`, { count: batch.count }) },
    path: `/vouchers/batches/${batch.id}`,
    batch: printBatch(batch, reader),
    planHref: `/plans/${batch.package_id}`,
    mayWrite: person.actor.permissions.has('vouchers.write'),
    print: await sheetForm(ctx, person),
    sheets: ((await listSheets(ctx, id)) ?? []).map((sheet) => printSheet(sheet, reader)),
  }),
});
