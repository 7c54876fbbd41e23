import { z } from 'zod';
import { cursorId, listQuery } from '../../platform/http/input';
import { seeOther, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { listPages, oneOf } from '../../tables';
import {
  formatAmount,
  formatDate,
  formatMoment,
  formatMoney,
  formPages,
  outcomeBadge,
  type Column,
  type OutcomeName,
  type Reader,
} from '../../ui';
import { bounceCheque } from './bounce-cheque';
import { clearCheque } from './clear-cheque';
import { chequeStates, findCheque, listCheques, type Cheque, type ChequeState } from './queries';
import { chequeRule, saveChequeRule } from './rule';

const DRAWN: Record<ChequeState, OutcomeName> = { waiting: 'waiting', cleared: 'done', bounced: 'failed' };

const columns: Column<Cheque>[] = [
  {
    key: 'client',
    label: 'subscribers.customer',
    isName: true,
    cell: (row) => ({
      first: row.client_name,
      href: `/payments/${row.id}`,
      second: row.reference,
      secondId: true,
    }),
    csv: (row) => row.client_name,
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
    key: 'number',
    label: 'payments.cheque_number',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.reference, id: true }),
    csv: (row) => row.reference,
  },
  {
    key: 'state',
    label: 'payments.outcome',
    card: 'card-full',
    cell(row, reader) {
      const { t, locale } = reader;
      const owed =
        row.owed_cents > 0n
          ? t('payments.cheque_owes', { amount: formatMoney(row.owed_cents, row.currency, locale) })
          : '';
      const held = row.state === 'waiting' ? t(row.credited ? 'payments.cheque_credited' : 'payments.cheque_held') : '';
      return {
        outcome: { ...outcomeBadge(DRAWN[row.state], reader), word: t(`payments.cheque_is_${row.state}`) },
        second: owed || held,
      };
    },
    csv: (row) => row.state,
  },
  {
    key: 'clears',
    label: 'payments.clears_on',
    num: true,
    cell: (row, reader) => ({
      first: row.cleared_at
        ? formatMoment(row.cleared_at, reader)
        : row.clears_on
          ? formatDate(row.clears_on, reader)
          : '–',
      second: row.overdue && row.state === 'waiting' ? reader.t('payments.cheque_overdue') : '',
    }),
    csv: (row) => row.cleared_at?.toISOString() ?? row.clears_on ?? '',
  },
];

const list = listPages({
  list: 'cheques',
  path: '/payments/cheques',
  permission: 'payments.read',
  view: 'payments/cheques',
  query: listQuery.extend({ state: oneOf(chequeStates) }),
  title: 'payments.cheques',
  find: 'payments.find_cheque',
  foot: 'payments.cheques_foot',
  columns,
  live: 'payment',
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('payments.outcome'),
      value: query.state ?? '',
      options: chequeStates.map((value) => ({ value, label: t(`payments.cheque_is_${value}`) })),
    },
  ],
  scope: (_ctx, { query }) => ({ q: query.q || undefined, state: query.state }),
  page: (ctx, scope, { cursor, limit }) => listCheques(ctx, scope, { limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('payments.cheques_empty') }),
  model: (_ctx, { person }) => ({ maySet: person.actor.permissions.has('payments.settings') }),
});

const ruleForm = z.object({
  cheque_service: z.enum(['at_once', 'cleared']),
  cheque_days: z.coerce.number().int().min(0).max(60),
});

/** Cheques with their banks, what the bank said of one, and the rule for them. */
export const chequeRoutes: PageRoute[] = [
  ...list,
  ...formPages({
    slice: 'payments',
    view: 'payments/cheque-done',
    page: '/payments/cheques/:id/cleared',
    post: '/payments/cheques/:id/cleared',
    permission: 'payments.write',
    form: z.object({}),
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    draw: (_form, { about, reader }) => ({ ...headOf(about, reader), does: 'cleared' }),
    async save(_value, { ctx, params }) {
      await clearCheque(ctx, params.id);
      return seeOther(`/payments/${params.id}`);
    },
  }),
  ...formPages({
    slice: 'payments',
    view: 'payments/cheque-done',
    page: '/payments/cheques/:id/bounced',
    post: '/payments/cheques/:id/bounced',
    permission: 'payments.refund',
    form: z.object({ reason: z.string().trim().min(3).max(300) }),
    word: (_name, { t }) => t('payments.refund_reason_wanted'),
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    draw: ({ field }, { about, reader }) => ({
      ...headOf(about, reader),
      does: 'bounced',
      bounces: true,
      reason: field('reason', { required: true, max: 300 }),
    }),
    async save({ reason }, { ctx, params }) {
      await bounceCheque(ctx, params.id, reason);
      return seeOther(`/payments/${params.id}`);
    },
  }),
  ...formPages({
    slice: 'payments',
    view: 'payments/cheque-rule',
    page: '/payments/rules',
    post: '/payments/rules',
    permission: 'payments.settings',
    form: ruleForm,
    word: 'wanted',
    told: ['rule_saved'],
    open: ({ ctx }) => chequeRule(ctx),
    seen: ({ version }) => [version],
    values: ({ cheque_service, cheque_days }) => ({ cheque_service, cheque_days: String(cheque_days) }),
    draw: ({ field, values }, { t }) => ({
      title: t('payments.cheque_rule'),
      service: field('cheque_service', {
        options: (['at_once', 'cleared'] as const).map((value) => ({
          value,
          label: t(`payments.cheque_service_${value}`),
          selected: values['cheque_service'] === value,
        })),
      }),
      days: field('cheque_days', { mode: 'numeric', max: 2, required: true, unit: t('payments.days_unit') }),
    }),
    async save(value, { ctx, about: { version } }) {
      return (await saveChequeRule(ctx, { ...value, version }))
        ? seeOther('/payments/rules?told=rule_saved')
        : { kind: 'changed' };
    },
  }),
];

async function mustFind(ctx: Parameters<typeof findCheque>[0], id: bigint): Promise<Cheque> {
  const cheque = await findCheque(ctx, id);
  if (!cheque) throw notFound('That cheque');
  return cheque;
}

function headOf(cheque: Cheque, reader: Reader) {
  const { t, locale } = reader;
  return {
    title: t('payments.cheque_of', { amount: formatMoney(cheque.amount_cents, cheque.currency, locale) }),
    id: cheque.id.toString(),
    client: cheque.client_name,
    reference: cheque.reference,
    credited: cheque.credited,
    clears: cheque.clears_on === null ? '' : formatDate(cheque.clears_on, reader),
  };
}
