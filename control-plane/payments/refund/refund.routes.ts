import { z } from 'zod';
import type { Context } from '../../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../../platform/http/page';
import type { Person } from '../../platform/http/person';
import { notFound } from '../../platform/http/problem';
import { fieldsOf, formatMoney, formErrors, readDecimal, readerFor } from '../../ui';
import { findPayment } from '../queries';
import { previewRefund, refundPayment } from './refund-payment';
import { consequences, refusalWords, seenOf, waysOf, wayWord } from './refund.view';
import { refundInput, type RefundInput, type RefundWay } from './schema';
import { maySendToPhone } from './to-phone';
import { mayGiveBack } from './weigh-refund';

const raw = z.object({
  amount: z.string().trim().max(20).default(''),
  way: z.string().max(20).default(''),
  service_effect: z.string().max(20).default(''),
  reason: z.string().trim().max(300).default(''),
  reference: z.string().trim().max(100).default(''),
  phone: z.string().trim().max(40).default(''),
  look: z.string().max(1).default(''),
  seen: z.string().max(100).default(''),
});
type Raw = z.output<typeof raw>;

/** What the form says, or what is wrong with it, by field. */
function readForm(form: Raw, t: (key: string) => string): RefundInput | Record<string, string> {
  const cents = form.amount === '' ? undefined : readDecimal(form.amount, 2);
  const parsed = refundInput.safeParse({
    ...(form.amount === '' ? {} : { amount_cents: cents ?? 0 }),
    way: form.way,
    service: form.service_effect,
    reason: form.reason,
    reference: form.reference,
    phone: form.phone,
  });
  if (parsed.success) return parsed.data;
  const names: Record<string, string> = { amount_cents: 'amount', service: 'service_effect' };
  const words: Record<string, string> = {
    amount: 'payments.amount_needed',
    way: 'payments.refund_way_wanted',
    service_effect: 'payments.refund_service_wanted',
    reason: 'payments.refund_reason_wanted',
    reference: 'payments.refund_reference_wanted',
  };
  return Object.fromEntries(
    parsed.error.issues.map((issue) => {
      const name = names[String(issue.path[0])] ?? String(issue.path[0]);
      return [name, t(words[name] ?? 'payments.refund_reason_wanted')];
    }),
  );
}

const isInput = (value: RefundInput | Record<string, string>): value is RefundInput => 'service' in value;

async function page(
  ctx: Context,
  id: bigint,
  person: Person,
  form: Raw,
  refused?: { errors: Record<string, string>; changed?: boolean },
): Promise<PageResult> {
  const payment = await findPayment(ctx, id);
  if (!payment) throw notFound('That payment');
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const ways = waysOf(payment, await mayGiveBack(ctx, payment.method), await maySendToPhone(ctx));
  const filled = { ...form, way: form.way || (ways[0] ?? 'cash'), service_effect: form.service_effect || 'take_back' };
  const input = form.look === '1' ? readForm(filled, t) : undefined;
  const outcome = input && isInput(input) ? await previewRefund(ctx, id, input) : undefined;
  const errors = {
    ...(input && !isInput(input) ? input : {}),
    ...(outcome && outcome.kind !== 'preview' && outcome.kind !== 'not_found' ? refusalWords(outcome, reader) : {}),
    ...refused?.errors,
  };
  const field = fieldsOf('payments', filled, errors, reader);
  const option = (name: 'way' | 'service_effect', value: string) => ({
    value,
    label: t(name === 'way' ? wayWord(value as RefundWay) : `payments.${name}_${value}`),
    selected: filled[name] === value,
  });
  const preview = outcome?.kind === 'preview' ? outcome.preview : undefined;
  return view(
    'payments/refund',
    {
      title: t('payments.refund_title', { amount: formatMoney(payment.amount_cents, payment.currency, locale) }),
      back: `/payments/${id}`,
      action: `/payments/${id}/refund`,
      client: payment.client_name,
      errors: formErrors(errors),
      told: refused?.changed && { text: t('payments.refund_changed'), warn: true },
      amount: field('amount', { mode: 'decimal', max: 20, help: t('payments.refund_amount_help') }),
      way: field('way', { options: ways.map((value) => option('way', value)) }),
      service: field('service_effect', {
        options: ['take_back', 'keep'].map((value) => option('service_effect', value)),
      }),
      reason: field('reason', { required: true, max: 300 }),
      reference: {
        ...field('reference', { max: 100, help: t('payments.refund_reference_help') }),
        label: t('payments.refund_reference'),
      },
      phone: ways.includes('mpesa') && {
        ...field('phone', { type: 'tel', max: 40, help: t('payments.refund_phone_help') }),
        label: t('payments.refund_phone'),
      },
      preview: preview && {
        sentences: consequences(preview, filled.service_effect === 'keep' ? 'keep' : 'take_back', reader),
        fields: Object.entries({ ...filled, look: '1', seen: seenOf(preview) }).map(([name, value]) => ({
          name,
          value,
        })),
        button: t(preview.needs_approval ? 'payments.refund_ask' : 'payments.refund_do', {
          amount: formatMoney(preview.amount_cents, preview.currency, locale),
        }),
      },
    },
    Object.keys(errors).length > 0 ? { status: 422 } : refused?.changed ? { status: 409 } : {},
  );
}

export const refundRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/payments/:id/refund',
    permission: 'payments.refund',
    query: raw,
    run: (ctx, { params, query }, _web, person) => page(ctx, params.id, person, query),
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/:id/refund',
    permission: 'payments.refund',
    form: raw,
    async run(ctx, { params, form }, _web, person) {
      const values = raw.parse(form.ok ? form.value : { look: '1' });
      const reader = readerFor(ctx, person);
      const input = readForm(values, reader.t);
      if (!isInput(input)) return page(ctx, params.id, person, { ...values, look: '1' });
      const preview = await previewRefund(ctx, params.id, input);
      if (preview.kind === 'not_found') throw notFound('That payment');
      // What was shown is what is done: another payment or change may have come between.
      if (preview.kind === 'preview' && seenOf(preview.preview) !== values.seen)
        return page(ctx, params.id, person, { ...values, look: '1' }, { errors: {}, changed: true });
      const outcome = await refundPayment(ctx, params.id, input);
      if (outcome.kind === 'done') return seeOther(`/payments/${params.id}`);
      if (outcome.kind === 'not_found') throw notFound('That payment');
      return page(ctx, params.id, person, { ...values, look: '' }, { errors: refusalWords(outcome, reader) });
    },
  }),
];
