import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { listPages } from '../tables';
import { formatAmount, formatMoment, formatMoney, formPages, type Column } from '../ui';
import { assignMoney } from './book-money';
import { findAccount } from './find-owner';
import { lineOfNotice } from './match/queries';
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

/** Money that waits, and the form that gives it to somebody; who may not, sees it all the same. */
const onePages = formPages({
  slice: 'payments',
  view: 'payments/waiting',
  page: '/payments/suspense/:id',
  post: '/payments/suspense/:id',
  permission: 'payments.write',
  sees: 'payments.read',
  form: z.object({ account: z.string().trim().min(1).max(128) }),
  async open({ ctx, params }) {
    const money = await findWaiting(ctx, params.id);
    if (!money) throw notFound('That money');
    return { money, line: await lineOfNotice(ctx, params.id) };
  },
  draw({ field }, { about: { money, line }, person, reader }) {
    const { t, locale } = reader;
    return {
      title: formatMoney(money.amount_cents, money.currency, locale),
      id: money.id,
      why: t(`payments.why_reason_${money.state}`),
      may: person.actor.permissions.has('payments.write'),
      line: line?.toString(),
      facts: [
        { label: t('payments.reference'), value: money.receipt, id: true },
        { label: t('payments.method'), value: t(`payments.method_${money.method}`) },
        { label: t('payments.typed'), value: money.bill_ref || '–', id: true },
        { label: t('payments.payer'), value: [money.payer_name, money.payer].filter(Boolean).join(', ') || '–' },
        { label: t('payments.at'), value: formatMoment(money.at, reader) },
      ],
      account: field('account', { required: true, max: 128, autocomplete: 'off', help: t('payments.account_help') }),
    };
  },
  async save({ account }, { ctx, params, about: { money }, person, t }) {
    const found = await findAccount(ctx, account, money.amount_cents, money.currency);
    if (!found) return { kind: 'refused', errors: { account: t('payments.account_unknown') } };
    const outcome = await assignMoney(ctx, params.id, found, `${person.actor.name}: ${account}`);
    if (outcome.kind === 'not_found') throw notFound('That money');
    return seeOther(outcome.kind === 'credited' ? `/payments/${outcome.paymentId}` : '/payments/suspense?told=stood');
  },
});

export const suspenseRoutes: PageRoute[] = [...list, ...onePages];
