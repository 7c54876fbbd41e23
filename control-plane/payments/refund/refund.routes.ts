import { z } from 'zod';
import type { Context } from '../../platform/context';
import { seeOther, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import {
  fieldsOf,
  formatMoney,
  formErrors,
  formPages,
  readDecimal,
  type FormCall,
  type FormState,
  type Reader,
} from '../../ui';
import { findPayment } from '../queries';
import type { Payment } from '../schema';
import { previewRefund, refundPayment } from './refund-payment';
import { consequences, refusalWords, seenOf, waysOf, wayWord } from './refund.view';
import { refundInput, type RefundInput, type RefundPreview, type RefundWay } from './schema';
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

const words: Record<string, string> = {
  amount: 'payments.amount_needed',
  way: 'payments.refund_way_wanted',
  service_effect: 'payments.refund_service_wanted',
  reference: 'payments.refund_reference_wanted',
  phone: 'payments.phone_needed',
};
/** What a field wants, as a word. */
const wordOf = (name: string): string => words[name] ?? 'payments.refund_reason_wanted';

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
  return Object.fromEntries(
    parsed.error.issues.map((issue) => {
      const name = names[String(issue.path[0])] ?? String(issue.path[0]);
      return [name, t(wordOf(name))];
    }),
  );
}

const isInput = (value: RefundInput | Record<string, string>): value is RefundInput => 'service' in value;

/** What stands in the form: what the address names, as a line of a statement does, or what was typed and looked at. */
const valuesOf = (query: Record<string, string>, ways: RefundWay[]): Record<string, string> => {
  const asked = raw.safeParse(query);
  const form = asked.success ? asked.data : raw.parse({});
  return { ...form, way: form.way || (ways[0] ?? 'cash'), service_effect: form.service_effect || 'take_back' };
};

interface About {
  id: bigint;
  payment: Payment;
  ways: RefundWay[];
}

/** What would happen, once somebody wants to look, and nothing is wrong with what was typed. */
async function lookAt(ctx: Context, { id }: About, { values, errors }: FormState, reader: Reader) {
  if (values['look'] !== '1' || Object.keys(errors).length > 0) return { errors };
  const input = readForm(raw.parse(values), reader.t);
  if (!isInput(input)) return { errors: input };
  const outcome = await previewRefund(ctx, id, input);
  if (outcome.kind === 'not_found') throw notFound('That payment');
  return outcome.kind === 'preview' ? { errors, preview: outcome.preview } : { errors: refusalWords(outcome, reader) };
}

/** The second form of the page, under what will happen: all that was typed, and what was seen of it. */
function previewModel(preview: RefundPreview | undefined, values: Record<string, string>, reader: Reader) {
  const { t, locale } = reader;
  if (!preview) return undefined;
  const service = values['service_effect'] === 'keep' ? 'keep' : 'take_back';
  return {
    sentences: consequences(preview, service, reader),
    fields: Object.entries({ ...raw.parse(values), look: '1', seen: seenOf(preview) }).map(([name, value]) => ({
      name,
      value,
    })),
    button: t(preview.needs_approval ? 'payments.refund_ask' : 'payments.refund_do', {
      amount: formatMoney(preview.amount_cents, preview.currency, locale),
    }),
  };
}

async function draw(form: FormState, { ctx, about, reader }: FormCall<About>) {
  const { payment, ways, id } = about;
  const { t, locale } = reader;
  const { values } = form;
  const { errors, preview } = await lookAt(ctx, about, form, reader);
  const field = fieldsOf('payments', values, errors, reader);
  const option = (name: 'way' | 'service_effect', value: string) => ({
    value,
    label: t(name === 'way' ? wayWord(value as RefundWay) : `payments.${name}_${value}`),
    selected: values[name] === value,
  });
  return {
    title: t('payments.refund_title', { amount: formatMoney(payment.amount_cents, payment.currency, locale) }),
    back: `/payments/${id}`,
    action: `/payments/${id}/refund`,
    client: payment.client_name,
    errors: formErrors(errors),
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
    preview: previewModel(preview, values, reader),
  };
}

/** A payment given back: first what will happen, then, if it still would, that. */
export const refundRoutes: PageRoute[] = formPages({
  slice: 'payments',
  view: 'payments/refund',
  page: '/payments/:id/refund',
  post: '/payments/:id/refund',
  permission: 'payments.refund',
  form: raw,
  word: (name, { t }) => t(wordOf(name)),
  async open({ ctx, params }): Promise<About> {
    const payment = await findPayment(ctx, params.id);
    if (!payment) throw notFound('That payment');
    const ways = waysOf(payment, await mayGiveBack(ctx, payment.method), await maySendToPhone(ctx));
    return { id: params.id, payment, ways };
  },
  values: ({ ways }, { web }) => valuesOf(web.query, ways),
  draw,
  async save(value, { ctx, params, reader }) {
    const input = readForm(value, reader.t);
    if (!isInput(input)) return { kind: 'refused', errors: input };
    const outcome = await previewRefund(ctx, params.id, input);
    if (outcome.kind === 'not_found') throw notFound('That payment');
    if (outcome.kind !== 'preview') return { kind: 'refused', errors: refusalWords(outcome, reader) };
    if (value.seen === '')
      return seeOther(`/payments/${params.id}/refund?${new URLSearchParams({ ...value, look: '1' }).toString()}`);
    // What was shown is what is done: another payment or change may have come between.
    if (seenOf(outcome.preview) !== value.seen) return { kind: 'changed', title: reader.t('payments.refund_changed') };
    const done = await refundPayment(ctx, params.id, input);
    if (done.kind === 'done') return seeOther(`/payments/${params.id}`);
    if (done.kind === 'not_found') throw notFound('That payment');
    return { kind: 'refused', errors: refusalWords(done, reader) };
  },
});
