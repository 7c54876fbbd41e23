import { z } from 'zod';
import type { Context } from '../platform/context';
import { bytesFile, pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Permission } from '../platform/permissions';
import { notFound } from '../platform/http/problem';
import { companyPhone } from '../subscribers';
import {
  formatClock,
  formatDate,
  formatLatency,
  formatMoment,
  formatMoney,
  outcomeBadge,
  readerFor,
  type Reader,
} from '../ui';
import { askAgain } from './ask-again';
import { findCheque } from './cheque/queries';
import { OUTCOME } from './list.view';
import { promptPageRoutes } from './prompt.pages';
import { findPayment } from './queries';
import { receiptPdf } from './receipt-pdf';
import { refundsOf } from './refund/queries';
import { refundLine } from './refund/refund.view';
import type { PaymentWithTimeline } from './schema';
import { stepWords } from './step-words';
import { findClaim } from './suspense.queries';

const GOOD = new Set([
  'refunded',
  'refund_approved',
  'settled',
  'activated',
  'renewed',
  'receipt_known',
  'invoice_paid',
  'debt_paid',
  'cheque_cleared',
  'dispute_won',
]);
const BAD = new Set([
  'failed',
  'doubted',
  'amount_differs',
  'no_answer',
  'not_sent',
  'declined',
  'refund_told',
  'refund_failed',
  'refund_failed_told',
  'refund_refused',
  'refund_owed',
  'service_ended',
  'dispute_told',
  'cheque_bounced',
  'refund_failed_told',
]);

/** Each step with how long it took since the one before. */
function eventsOf(payment: PaymentWithTimeline, reader: Reader) {
  let before: number | undefined;
  return payment.timeline.map(({ at, step, detail }) => {
    const moment = new Date(at);
    const after = before === undefined ? '' : `+${formatLatency(moment.getTime() - before, reader.locale)}`;
    before = moment.getTime();
    return {
      iso: at,
      time: formatClock(moment, reader, true),
      arch: GOOD.has(step) ? 'online' : BAD.has(step) ? 'shut' : 'open',
      tone: GOOD.has(step) ? 'good' : BAD.has(step) ? 'bad' : '',
      what: reader.t(`payments.step_${step === 'prompted' && payment.provider === 'stripe' ? 'page_opened' : step}`),
      detail: [stepWords(step, detail ?? '', payment.currency, reader), after].filter(Boolean).join(' · '),
    };
  });
}

async function onePage(
  ctx: Context,
  id: bigint,
  reader: Reader,
  may: (permission: Permission) => boolean,
): Promise<PageResult> {
  const payment = await findPayment(ctx, id);
  if (!payment) throw notFound('That payment');
  const { t, locale } = reader;
  return view('payments/one', {
    title: formatMoney(payment.amount_cents, payment.currency, locale),
    state: {
      ...outcomeBadge(OUTCOME[payment.state], reader),
      word: t(
        `payments.is_${payment.state === 'prompted' && payment.provider === 'stripe' ? 'page_open' : payment.state}`,
      ),
    },
    client: { name: payment.client_name, href: `/subscribers/${payment.client_id}` },
    failure:
      payment.failure &&
      (FAILURES.has(payment.failure.code) ? t(`payments.failure_${payment.failure.code}`) : payment.failure.text),
    facts: [
      { label: t('payments.method'), value: t(`payments.method_${payment.method}`) },
      {
        label: t('payments.reference'),
        value: payment.receipt ?? t('payments.no_receipt_yet'),
        id: payment.receipt !== null,
      },
      ...(payment.receipt === null ? [{ label: t('payments.account_ref'), value: payment.reference, id: true }] : []),
      ...(payment.phone ? [{ label: t('subscribers.phone'), value: payment.phone, id: true }] : []),
      ...(payment.username ? [{ label: t('payments.service'), value: payment.username, id: true }] : []),
      ...(payment.clears_on && !payment.cleared_at
        ? [{ label: t('payments.clears_on'), value: formatDate(payment.clears_on, reader) }]
        : []),
      ...(payment.cleared_at
        ? [{ label: t('payments.cleared_at'), value: formatMoment(new Date(payment.cleared_at), reader) }]
        : []),
      { label: t('payments.at'), value: formatMoment(new Date(payment.received_at), reader) },
      ...(payment.outcome ? [{ label: t('payments.outcome'), value: t(`payments.use_${payment.outcome}`) }] : []),
    ],
    events: eventsOf(payment, reader),
    cheque: payment.method === 'cheque' ? await chequeActions(ctx, id, may) : undefined,
    waiting:
      (payment.state === 'created' && payment.method !== 'cheque') ||
      payment.state === 'prompted' ||
      payment.state === 'unknown',
    payUrl: payment.pay_url,
    refunds: (await refundsOf(ctx, id)).map((one) => refundLine(one, reader)),
    receipt: payment.state === 'settled' || payment.state === 'refunded' ? `/payments/${id}/receipt` : '',
    refund: may('payments.refund') && payment.state === 'settled' ? `/payments/${id}/refund` : '',
  });
}

/** What may be said of a cheque now. */
async function chequeActions(ctx: Context, id: bigint, may: (permission: Permission) => boolean) {
  const cheque = await findCheque(ctx, id);
  const open = cheque?.cleared_at === null && (cheque.state === 'waiting' || !cheque.credited);
  return {
    clears: may('payments.write') && open ? `/payments/cheques/${id}/cleared` : '',
    bounces: may('payments.refund') && cheque?.state !== 'bounced' ? `/payments/cheques/${id}/bounced` : '',
  };
}

/** Codes that have a sentence of ours; any other is told in the provider's words. */
const FAILURES = new Set([
  '1',
  '1001',
  '1019',
  '1032',
  '1037',
  '2001',
  '26',
  'credentials',
  'not_set_up',
  'provider_away',
  'no_outcome',
  'booked_elsewhere',
  'expired',
  'payment_failed',
  'bounced',
]);

const findQuery = z.object({ q: z.string().trim().max(60).default(''), asked: z.string().max(1).optional() });

export const oneRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/payments/:id',
    permission: 'payments.read',
    run: (ctx, { params }, _web, person) =>
      onePage(ctx, params.id, readerFor(ctx, person), (one) => person.actor.permissions.has(one)),
  }),
  pageRoute({
    method: 'GET',
    path: '/payments/:id/receipt',
    permission: 'payments.read',
    async run(ctx, { params }, _web, person) {
      const receipt = await receiptPdf(ctx, params.id, person.tenant.name, readerFor(ctx, person));
      if (!receipt) throw notFound('A receipt of this payment');
      return bytesFile(receipt.name, 'application/pdf', receipt.bytes);
    },
  }),
  ...promptPageRoutes,
  pageRoute({
    method: 'GET',
    path: '/payments/find',
    permission: 'payments.read',
    query: findQuery,
    async run(ctx, { query }, _web, person) {
      const reader = readerFor(ctx, person);
      const { t, locale } = reader;
      const phone = await companyPhone(ctx, query.q);
      const found = query.q === '' ? [] : await findClaim(ctx, query.q.toUpperCase().replaceAll(/\s/g, ''), phone);
      return view('payments/find', {
        title: t('payments.find_title'),
        q: query.q,
        asked: query.asked === '1',
        mayAsk: person.actor.permissions.has('payments.write'),
        rows: found.map((row) => ({
          href: row.href,
          amount: formatMoney(row.amount_cents, row.currency, locale),
          name: row.name || t('payments.nobody'),
          receipt: row.receipt,
          state: t(`payments.is_${row.state}`),
          at: formatMoment(row.at, reader),
        })),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/find',
    permission: 'payments.write',
    form: z.object({ q: z.string().trim().max(60).default('') }),
    repeatable: true,
    async run(ctx, { form }) {
      const q = form.ok ? form.value.q : '';
      await askAgain(ctx, await companyPhone(ctx, q));
      return seeOther(`/payments/find?asked=1&q=${encodeURIComponent(q)}`);
    },
  }),
];
