import { z } from 'zod';
import type { Context } from '../../platform/context';
import { seeOther, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { formatMoney, formPages, readDecimal } from '../../ui';
import { refusalWords, wayWord } from './refund.view';
import { findRefund } from './queries';
import { refundWallet } from './refund-wallet';
import { maySendToPhone } from './to-phone';

const WAYS = ['cash', 'bank', 'mpesa'] as const;
const TOLD = { done: 'paid_out', asked: 'pay_out_asked', sending: 'pay_out_sending' } as const;

const form = z.object({
  amount: z
    .string()
    .transform((text) => readDecimal(text, 2))
    .pipe(z.int().min(1).max(1_000_000_000_000)),
  way: z.enum(WAYS),
  phone: z.string().trim().max(40).default(''),
  reason: z.string().trim().min(3).max(300),
  reference: z.string().trim().max(100).default(''),
});

async function whose(ctx: Context, id: bigint, currency: string) {
  const customer = await ctx.tx.subscriber.findFirst({ where: { id }, select: { name: true } });
  if (!customer) throw notFound('That customer');
  const wallet = await ctx.tx.ledger_account.findFirst({ where: { code: `wallet:${id}`, currency } });
  return { id, name: customer.name, cents: wallet?.balance_cents ?? 0n, byPhone: await maySendToPhone(ctx) };
}

/** What lies in a customer's wallet, given back: in cash, by bank, or to a phone. */
export const payOutRoutes: PageRoute[] = formPages({
  slice: 'payments',
  view: 'payments/pay-out',
  page: '/payments/pay-out/:id',
  post: '/payments/pay-out/:id',
  permission: 'payments.refund',
  form,
  told: Object.values(TOLD),
  open: ({ ctx, params, person }) => whose(ctx, params.id, person.tenant.currency),
  word: (name, { t }) =>
    t(
      name === 'amount'
        ? 'payments.amount_needed'
        : name === 'way'
          ? 'payments.refund_way_wanted'
          : 'payments.refund_reason_wanted',
    ),
  draw({ field, values }, { about, person, reader, t }) {
    const unit = person.tenant.currency;
    const ways = WAYS.filter((way) => way !== 'mpesa' || about.byPhone);
    return {
      title: t('payments.pay_out_title', { name: about.name }),
      client: about.name,
      back: `/wallets/${about.id}`,
      action: `/payments/pay-out/${about.id}`,
      holds: t('payments.pay_out_holds', { amount: formatMoney(about.cents, unit, reader.locale) }),
      amount: field('amount', { mode: 'decimal', required: true, max: 20, unit }),
      way: field('way', {
        options: ways.map((value) => ({ value, label: t(wayWord(value)), selected: values['way'] === value })),
      }),
      phone: about.byPhone && {
        ...field('phone', { type: 'tel', max: 40, help: t('payments.refund_phone_help') }),
        label: t('payments.refund_phone'),
      },
      reason: field('reason', { required: true, max: 300 }),
      reference: { ...field('reference', { max: 100 }), label: t('payments.refund_reference') },
    };
  },
  async save({ amount, way, phone, reason, reference }, { ctx, params, person, reader }) {
    const outcome = await refundWallet(ctx, {
      client_id: params.id.toString(),
      amount_cents: amount,
      currency: person.tenant.currency,
      way,
      reason,
      reference,
      phone,
    });
    if (outcome.kind === 'not_found') throw notFound('That customer');
    if (outcome.kind !== 'done') return { kind: 'refused', errors: refusalWords(outcome, reader) };
    const refund = await findRefund(ctx, outcome.id);
    const told = TOLD[refund?.state as keyof typeof TOLD] ?? 'paid_out';
    return seeOther(`/payments/pay-out/${params.id}?told=${told}`);
  },
});
