import { z } from 'zod';
import type { Context } from '../../platform/context';
import { cursorId, listQuery } from '../../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../../platform/http/page';
import type { Person } from '../../platform/http/person';
import { notFound } from '../../platform/http/problem';
import { listPages } from '../../tables';
import { formatAmount, formatClock, formatMoment, formatMoney, formErrors, outcomeBadge, readerFor } from '../../ui';
import type { Column, OutcomeName, Reader } from '../../ui';
import { markPages, waitsForPerson } from './mark.pages';
import { planRun } from './plan-run';
import { findRun, listPayable, listRuns } from './queries';
import { payoutMethods, type Payout, type Run, type RunWithPayouts } from './schema';

const RUN_LOOK = { asked: 'waiting', approved: 'done', refused: 'cancelled' } as const satisfies Record<
  string,
  OutcomeName
>;
const LOOK = {
  waiting: 'waiting',
  sending: 'waiting',
  unknown: 'unknown',
  paid: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<Payout['state'], OutcomeName>;

const runColumns: Column<Run>[] = [
  {
    key: 'run',
    label: 'resellers.run',
    isName: true,
    cell: (row, { t }) => ({
      first: t('resellers.run_number', { number: row.id }),
      href: `/resellers/payouts/${row.id}`,
      second: row.created_name,
    }),
    csv: (row) => row.id,
  },
  {
    key: 'state',
    label: 'resellers.state',
    card: 'card-end',
    cell: (row, reader) => ({
      outcome: { ...outcomeBadge(RUN_LOOK[row.state], reader), word: reader.t(`resellers.run_${row.state}`) },
    }),
    csv: (row) => row.state,
  },
  {
    key: 'amount',
    label: 'resellers.amount',
    num: true,
    cell: (row, { locale }) => ({ first: formatAmount(row.total_cents, locale), second: row.currency }),
    csv: (row) => (row.total_cents / 100).toFixed(2),
  },
  {
    key: 'paid',
    label: 'resellers.paid_of',
    num: true,
    card: 'card-end',
    cell: (row, { t }) => ({ first: `${row.paid} / ${row.count}`, inCard: t('resellers.paid_of') }),
    csv: (row) => row.paid,
  },
  {
    key: 'at',
    label: 'resellers.csv_at',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(new Date(row.created_at), reader) }),
    csv: (row) => row.created_at,
  },
];

const list = listPages({
  list: 'payouts',
  path: '/resellers/payouts',
  permission: 'resellers.pay',
  view: 'resellers/payouts',
  query: listQuery,
  title: 'resellers.payouts',
  foot: 'resellers.foot',
  columns: runColumns,
  scope: () => ({}),
  page: (ctx, _scope, { cursor, limit }) => listRuns(ctx, { limit, before: cursorId(cursor) }),
  empty: ({ reader: { t } }) => ({
    text: t('resellers.no_runs'),
    href: '/resellers/payouts/new',
    step: t('resellers.plan_run'),
    action: true,
  }),
});

async function planPage(
  ctx: Context,
  person: Person,
  method: (typeof payoutMethods)[number],
  refused?: string,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const payable = await listPayable(ctx, { method, least_cents: 0 });
  const total = payable.reduce((sum, one) => sum + one.amount_cents, 0);
  const currency = payable[0]?.currency ?? person.tenant.currency;
  return view(
    'resellers/plan-run',
    {
      title: t('resellers.plan_run'),
      errors: refused && formErrors({ method: refused }),
      ways: payoutMethods.map((way) => ({
        href: `/resellers/payouts/new?method=${way}`,
        label: t(`resellers.way_${way}`),
        current: way === method,
      })),
      method,
      payable: payable.map((one) => ({
        name: one.reseller_name,
        phone: one.phone,
        amount: formatMoney(one.amount_cents, one.currency, locale),
        earned: formatMoney(one.commission_cents, one.currency, locale),
      })),
      empty: { text: t('resellers.nobody_to_pay') },
      total: formatMoney(total, currency, locale),
      button: t('resellers.ask_to_pay', { amount: formatMoney(total, currency, locale) }),
    },
    { status: refused ? 422 : 200 },
  );
}

function printPayout(one: Payout, run: RunWithPayouts, reader: Reader) {
  const { t, locale } = reader;
  return {
    id: one.id,
    name: one.reseller_name,
    href: `/resellers/${one.reseller_id}`,
    phone: one.phone,
    amount: formatMoney(one.amount_cents, one.currency, locale),
    outcome: { ...outcomeBadge(LOOK[one.state], reader), word: t(`resellers.payout_${one.state}`) },
    reference: one.reference ?? '',
    failure: one.failure ? `${one.failure.code} ${one.failure.text}` : '',
    steps: one.timeline.map((step) => ({
      at: formatClock(new Date(step.at), reader, true),
      what: t(`resellers.step_${step.step}`),
      detail: step.detail ?? '',
    })),
    mark: waitsForPerson(run, one) ? `/resellers/payouts/${run.id}/mark/${one.id}` : '',
  };
}

async function runPage(ctx: Context, person: Person, id: bigint): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const run = await findRun(ctx, id);
  if (!run) throw notFound('That payout run');
  return view('resellers/run', {
    title: t('resellers.run_number', { number: run.id }),
    outcome: { ...outcomeBadge(RUN_LOOK[run.state], reader), word: t(`resellers.run_${run.state}`) },
    total: formatMoney(run.total_cents, run.currency, locale),
    way: t(`resellers.way_${run.method}`),
    asked: t('resellers.asked_by', { name: run.created_name, at: formatMoment(new Date(run.created_at), reader) }),
    decided: run.decided_name ?? '–',
    approval:
      run.state === 'asked' && run.approval_id !== null && person.actor.permissions.has('approvals.decide')
        ? `/approvals/${run.approval_id}`
        : '',
    paid: `${run.paid} / ${run.count}`,
    payouts: run.payouts.map((one) => printPayout(one, run, reader)),
  });
}

/** Payout runs: planned by one, agreed to by another, and what became of each payout. */
export const payoutRoutes: PageRoute[] = [
  ...list,
  pageRoute({
    method: 'GET',
    path: '/resellers/payouts/new',
    permission: 'resellers.pay',
    query: z.object({ method: z.enum(payoutMethods).catch('mpesa') }),
    run: (ctx, { query }, _web, person) => planPage(ctx, person, query.method),
  }),
  pageRoute({
    method: 'POST',
    path: '/resellers/payouts',
    permission: 'resellers.pay',
    form: z.object({ method: z.enum(payoutMethods).catch('mpesa') }),
    async run(ctx, { form }, _web, person) {
      const { t } = readerFor(ctx, person);
      const method = form.ok ? form.value.method : 'mpesa';
      const outcome = await planRun(ctx, { method, least_cents: 0 });
      if (outcome.kind === 'done') return seeOther(`/resellers/payouts/${outcome.id}`);
      return planPage(
        ctx,
        person,
        method,
        t(outcome.kind === 'nobody' ? 'resellers.nobody_to_pay' : 'resellers.payout_not_set_up'),
      );
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/resellers/payouts/:id',
    permission: 'resellers.pay',
    run: (ctx, { params }, _web, person) => runPage(ctx, person, params.id),
  }),
  ...markPages,
];
