import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { listPages } from '../tables';
import {
  fieldsOf,
  formatAmount,
  formatMoment,
  formatMoney,
  formErrors,
  readerFor,
  type Column,
  type Reader,
} from '../ui';
import { assignMoney } from './book-money';
import { findAccount } from './find-owner';
import { countWaiting, findWaiting, listWaiting, type WaitingMoney } from './suspense.queries';

const columns: Column<WaitingMoney>[] = [
  {
    key: 'receipt',
    label: 'payments.reference',
    isName: true,
    cell: (row, { t }) => ({
      first: row.receipt,
      href: `/payments/suspense/${row.id}`,
      second: t(`payments.method_${row.method}`),
    }),
    csv: (row) => row.receipt,
  },
  {
    key: 'amount',
    label: 'payments.amount',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({ first: formatAmount(row.amount_cents, locale), second: row.currency }),
    csv: (row) => (Number(row.amount_cents) / 100).toFixed(2),
  },
  {
    key: 'account',
    label: 'payments.typed',
    cell: (row) => ({ first: row.bill_ref || '–', id: true, second: row.payer_name }),
    csv: (row) => row.bill_ref,
  },
  {
    key: 'why',
    label: 'payments.why_waiting',
    card: 'card-full',
    cell: (row, { t }) => ({ first: t(`payments.is_${row.state}`) }),
    csv: (row) => row.state,
  },
  {
    key: 'at',
    label: 'payments.at',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(row.at, reader) }),
    csv: (row) => row.at.toISOString(),
  },
];

const list = listPages({
  list: 'suspense',
  path: '/payments/suspense',
  permission: 'payments.read',
  view: 'payments/suspense',
  query: listQuery.extend({ told: z.enum(['assigned', 'stood']).optional() }),
  title: 'payments.suspense',
  find: 'payments.find_suspense',
  foot: 'payments.foot',
  columns,
  live: 'payment',
  scope: (_ctx, { query }) => ({ q: query.q || undefined }),
  page: (ctx, scope, { cursor, limit }) => listWaiting(ctx, scope, { limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('payments.suspense_empty') }),
  async model(ctx, { query, reader }) {
    const { stuck } = await countWaiting(ctx);
    return {
      told: query.told && { text: reader.t(`payments.told_${query.told}`) },
      stuck: stuck > 0 ? reader.t('payments.stuck', { count: stuck }) : undefined,
    };
  },
});

async function onePage(
  ctx: Context,
  id: bigint,
  reader: Reader,
  shown: { may: boolean; account?: string; error?: string },
): Promise<PageResult> {
  const money = await findWaiting(ctx, id);
  if (!money) throw notFound('That money');
  const { t, locale } = reader;
  const errors: Record<string, string> = shown.error === undefined ? {} : { account: shown.error };
  return view(
    'payments/waiting',
    {
      title: formatMoney(money.amount_cents, money.currency, locale),
      id: money.id,
      why: t(`payments.why_reason_${money.state}`),
      may: shown.may,
      errors: formErrors(errors),
      facts: [
        { label: t('payments.reference'), value: money.receipt, id: true },
        { label: t('payments.method'), value: t(`payments.method_${money.method}`) },
        { label: t('payments.typed'), value: money.bill_ref || '–', id: true },
        { label: t('payments.payer'), value: [money.payer_name, money.payer].filter(Boolean).join(', ') || '–' },
        { label: t('payments.at'), value: formatMoment(money.at, reader) },
      ],
      account: fieldsOf(
        'payments',
        { account: shown.account ?? '' },
        errors,
        reader,
      )('account', {
        required: true,
        max: 128,
        autocomplete: 'off',
        help: t('payments.account_help'),
      }),
    },
    shown.error === undefined ? {} : { status: 422 },
  );
}

export const suspenseRoutes: PageRoute[] = [
  ...list,
  pageRoute({
    method: 'GET',
    path: '/payments/suspense/:id',
    permission: 'payments.read',
    run: (ctx, { params }, _web, person) =>
      onePage(ctx, params.id, readerFor(ctx, person), { may: person.actor.permissions.has('payments.write') }),
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/suspense/:id',
    permission: 'payments.write',
    form: z.object({ account: z.string().trim().min(1).max(128) }),
    async run(ctx, { params, form }, _web, person) {
      const reader = readerFor(ctx, person);
      const money = await findWaiting(ctx, params.id);
      if (!money) throw notFound('That money');
      const account = form.ok ? form.value.account : (form.values['account'] ?? '');
      const again = (key: string) => onePage(ctx, params.id, reader, { may: true, account, error: reader.t(key) });
      if (!form.ok) return again('payments.account_needed');
      const found = await findAccount(ctx, account, money.amount_cents, money.currency);
      if (!found) return again('payments.account_unknown');
      const outcome = await assignMoney(ctx, params.id, found, `${person.actor.name}: ${account}`);
      if (outcome.kind === 'not_found') throw notFound('That money');
      return seeOther(outcome.kind === 'credited' ? `/payments/${outcome.paymentId}` : '/payments/suspense?told=stood');
    },
  }),
];
