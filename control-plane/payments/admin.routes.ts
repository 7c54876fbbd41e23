import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import {
  fieldsOf,
  formErrors,
  formatAmount,
  formatMoment,
  formatMoney,
  outcomeBadge,
  pagerOf,
  readDecimal,
  readerFor,
  withQuery,
} from '../ui';
import type { OutcomeName, Reader } from '../ui';
import { postPayment } from './post-payment';
import { findPayment, listPayments } from './queries';
import { manualMethods } from './schema';
import type { Payment } from './schema';

const METHODS = ['mpesa', 'cash', 'bank', 'cheque', 'familybank', 'stripe', 'wallet'] as const;
const none = z.literal('').transform(() => undefined);
const rowsQuery = listQuery.extend({ method: z.union([none, z.enum(METHODS)]).optional(), done: idField.optional() });
const form = z.object({
  subscription_id: idField,
  amount: z
    .string()
    .transform((text) => readDecimal(text, 2))
    .pipe(z.int().min(1).max(1_000_000_000_000)),
  method: z.enum(manualMethods),
  reference: z.string().trim().min(1).max(100),
});

const OUTCOME: Record<Payment['state'], OutcomeName> = {
  settled: 'done',
  created: 'waiting',
  prompted: 'waiting',
  unknown: 'unknown',
  failed: 'failed',
  refunded: 'cancelled',
};

function printPayment(payment: Payment, reader: Reader) {
  const { locale, t } = reader;
  return {
    name: payment.client_name,
    href: `/subscribers/${payment.client_id}`,
    login: payment.username ?? '',
    amount: formatAmount(payment.amount_cents, locale),
    currency: payment.currency,
    method: t(`payments.method_${payment.method}`),
    reference: payment.reference,
    at: formatMoment(new Date(payment.received_at), reader),
    by: payment.received_by ?? '',
    outcome: outcomeBadge(OUTCOME[payment.state], reader),
    use: payment.outcome === null ? '' : t(`payments.use_${payment.outcome}`),
    wallet:
      payment.wallet_cents > 0
        ? t('payments.to_wallet', { amount: formatMoney(payment.wallet_cents, payment.currency, locale) })
        : '',
  };
}

/** What the payment did, in one sentence, shown once after it was taken. */
async function toldOf(ctx: Context, id: bigint | undefined, { t, locale }: Reader) {
  const payment = id === undefined ? undefined : await findPayment(ctx, id);
  if (!payment) return undefined;
  const amount = formatMoney(payment.amount_cents, payment.currency, locale);
  const text = t(`payments.told_${payment.outcome ?? 'wallet_short'}`, { amount, name: payment.client_name });
  return { text, warn: payment.applied_cents === 0 };
}

function filters(query: z.output<typeof rowsQuery>, search: URLSearchParams, { t }: Reader) {
  const methods = METHODS.map((method) => ({
    value: method,
    label: t(`payments.method_${method}`),
    selected: method === query.method,
  }));
  const off = { label: t('payments.method'), offLabel: t('ui.filter_off', { name: t('payments.method') }) };
  return {
    path: '/payments',
    q: query.q ?? '',
    findHint: t('payments.find'),
    kept: query.method ? [{ name: 'method', value: query.method }] : [],
    active: query.method
      ? [{ ...off, value: t(`payments.method_${query.method}`), off: withQuery('/payments', search, { method: null }) }]
      : [],
    choices: [
      {
        name: 'method',
        label: t('payments.method'),
        options: [{ value: '', label: t('ui.filter_any'), selected: !query.method }, ...methods],
      },
    ],
    clear: query.method || query.q ? '/payments' : '',
  };
}

async function formModel(ctx: Context, values: Record<string, string>, errors: Record<string, string>, reader: Reader) {
  const id = idField.safeParse(values['subscription_id']);
  const service = id.success
    ? await ctx.tx.subscription.findFirst({ where: { id: id.data }, include: { subscriber: true } })
    : null;
  if (!service) throw notFound('That subscription');
  const { t } = reader;
  const field = fieldsOf('payments', values, errors, reader);
  return {
    title: t('payments.record_for', { name: service.subscriber.name }),
    errors: formErrors(errors),
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
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/payments',
    permission: 'payments.read',
    query: rowsQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { q, method, limit } = query;
      const page = await listPayments(ctx, { q: q || undefined, method, limit, before: cursorId(query.cursor) });
      const search = new URLSearchParams(web.query);
      search.delete('done');
      return view('payments/list', {
        title: reader.t('payments.title'),
        live: 'payment',
        told: await toldOf(ctx, query.done, reader),
        filters: filters(query, search, reader),
        rows: page.items.map((payment) => printPayment(payment, reader)),
        empty:
          q || method
            ? {
                text: reader.t('payments.empty_filtered'),
                href: '/payments',
                step: reader.t('payments.empty_filtered_step'),
              }
            : { text: reader.t('payments.empty') },
        pager: pagerOf('/payments', search, { cursor: query.cursor, next: page.nextCursor, limit }, reader),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/payments',
    permission: 'payments.write',
    form,
    async run(ctx, input, _web, person) {
      const reader = readerFor(ctx, person);
      const again = async (values: Record<string, string>, fields: Record<string, string>) =>
        view('payments/form', await formModel(ctx, values, fields, reader), { status: 422 });
      if (!input.form.ok) {
        const names = Object.keys(input.form.fields).filter((name) => name !== 'subscription_id');
        return again(
          input.form.values,
          Object.fromEntries(names.map((name) => [name, reader.t(`payments.${name}_needed`)])),
        );
      }
      const { subscription_id, amount, method, reference } = input.form.value;
      const outcome = await postPayment(ctx, { subscription_id, amount_cents: amount, method, reference });
      if (outcome.kind === 'done') return seeOther(`/payments?done=${outcome.id}`);
      const values = {
        subscription_id: subscription_id.toString(),
        amount: (amount / 100).toString(),
        method,
        reference,
      };
      switch (outcome.kind) {
        case 'duplicate':
          return again(values, {
            reference: reader.t('payments.duplicate', { amount: formatAmount(outcome.amount_cents, reader.locale) }),
          });
        case 'ended':
          return again(values, { amount: reader.t('payments.ended') });
        case 'invalid':
          return again(values, outcome.fields);
      }
    },
  }),
];
