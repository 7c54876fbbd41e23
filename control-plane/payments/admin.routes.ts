import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { seeOther, type PageRoute } from '../platform/http/page';
import { listPages, oneOf } from '../tables';
import { formPages, formatAmount, formatMoney, readDecimal } from '../ui';
import type { Reader } from '../ui';
import { bankRoutes } from './bank/bank.routes';
import { chequeRoutes } from './cheque/cheque.routes';
import { paymentColumns } from './list.view';
import { matchRoutes } from './match/match.routes';
import { oneRoutes } from './one.routes';
import { payOutRoutes } from './refund/pay-out.routes';
import { refundRoutes } from './refund/refund.routes';
import { resolveRoutes } from './refund/resolve.routes';
import { postPayment } from './post-payment';
import { findPayment, listPayments } from './queries';
import { manualMethods } from './schema';
import { serviceOfForm } from './service-of-form';
import { settingsRoutes } from './settings.routes';
import { countWaiting } from './suspense.queries';
import { suspenseRoutes } from './suspense.routes';

const METHODS = ['mpesa', 'cash', 'bank', 'cheque', 'familybank', 'stripe', 'wallet', 'float'] as const;
const rowsQuery = listQuery.extend({ method: oneOf(METHODS), service: oneOf(['none']), done: idField.optional() });
const form = z.object({
  subscription_id: idField,
  amount: z
    .string()
    .transform((text) => readDecimal(text, 2))
    .pipe(z.int().min(1).max(1_000_000_000_000)),
  method: z.enum(manualMethods),
  reference: z.string().trim().min(1).max(100),
  clears_on: z.union([z.literal(''), z.iso.date()]).default(''),
});

/** What the payment did, in one sentence, shown once after it was taken. */
async function toldOf(ctx: Context, id: bigint | undefined, { t, locale }: Reader) {
  const payment = id === undefined ? undefined : await findPayment(ctx, id);
  if (!payment) return undefined;
  const amount = formatMoney(payment.amount_cents, payment.currency, locale);
  const waits = payment.state === 'created' && payment.method === 'cheque';
  const text = t(`payments.told_${waits ? 'cheque_waits' : (payment.outcome ?? 'wallet_short')}`, {
    amount,
    name: payment.client_name,
  });
  return { text, warn: payment.applied_cents === 0 };
}

const paymentList = listPages({
  list: 'payments',
  path: '/payments',
  permission: 'payments.read',
  view: 'payments/list',
  query: rowsQuery,
  title: 'payments.title',
  find: 'payments.find',
  foot: 'payments.foot',
  columns: paymentColumns,
  live: 'payment',
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'method',
      label: t('payments.method'),
      value: query.method ?? '',
      options: METHODS.map((value) => ({ value, label: t(`payments.method_${value}`) })),
    },
    {
      name: 'service',
      label: t('payments.service'),
      value: query.service ?? '',
      options: [{ value: 'none', label: t('payments.service_none') }],
    },
  ],
  scope: (_ctx, { query: { q, method, service } }) => ({
    q: q || undefined,
    method,
    unused: service === 'none' || undefined,
  }),
  page: (ctx, filter, { cursor, limit }) => listPayments(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('payments.empty') }),
  async model(ctx, { query, reader, person }) {
    const { waiting } = await countWaiting(ctx);
    return {
      told: await toldOf(ctx, query.done, reader),
      suspense: waiting > 0 ? reader.t('payments.suspense_count', { count: waiting }) : undefined,
      maySet: person.actor.permissions.has('payments.settings'),
    };
  },
});

/** The form stands on the customer's page; it comes here when it was refused. */
const recordPages = formPages({
  slice: 'payments',
  view: 'payments/form',
  post: '/payments',
  permission: 'payments.write',
  form,
  open: ({ ctx }, typed) => serviceOfForm(ctx, typed),
  draw({ field, values }, { t, about: service }) {
    return {
      title: t('payments.record_for', { name: service.subscriber.name }),
      subscription: service.id.toString(),
      back: `/subscribers/${service.subscriber_id}`,
      client: service.subscriber.name,
      amount: field('amount', { mode: 'decimal', required: true }),
      method: field('method', {
        options: manualMethods.map((method) => ({
          value: method,
          label: t(`payments.method_${method}`),
          selected: method === values['method'],
        })),
      }),
      reference: field('reference', {
        required: true,
        max: 100,
        autocomplete: 'off',
        help: t('payments.reference_help'),
      }),
      clears_on: field('clears_on', { type: 'date', help: t('payments.clears_on_help') }),
    };
  },
  async save({ subscription_id, amount, method, reference, clears_on }, { ctx, reader: { t, locale } }) {
    const outcome = await postPayment(ctx, {
      subscription_id,
      amount_cents: amount,
      method,
      reference,
      clears_on: method === 'cheque' && clears_on !== '' ? clears_on : undefined,
    });
    const refused = (errors: Record<string, string>) => ({ kind: 'refused' as const, errors });
    switch (outcome.kind) {
      case 'done':
        return seeOther(`/payments?done=${outcome.id}`);
      case 'duplicate':
        return refused({ reference: t('payments.duplicate', { amount: formatAmount(outcome.amount_cents, locale) }) });
      case 'ended':
        return refused({ amount: t('payments.ended') });
      case 'invalid':
        return refused(outcome.fields);
    }
  },
});

export const pageRoutes: PageRoute[] = [
  ...paymentList,
  ...chequeRoutes,
  ...oneRoutes,
  ...refundRoutes,
  ...bankRoutes,
  ...matchRoutes,
  ...payOutRoutes,
  ...resolveRoutes,
  ...suspenseRoutes,
  ...settingsRoutes,
  ...recordPages,
];
