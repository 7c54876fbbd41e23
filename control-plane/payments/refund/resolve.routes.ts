import type { Context } from '../../platform/context';
import { seeOther, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { formatMoney, formPages } from '../../ui';
import { resolveRefund } from './close-refund';
import { findRefund } from './queries';
import { resolveInput } from './schema';

async function mustFind(ctx: Context, id: bigint) {
  const refund = await findRefund(ctx, id);
  if (!refund || refund.payment_id === null) throw notFound('That refund');
  return refund;
}

/** A refund whose outcome nobody told: somebody looks in the provider's portal and says it. */
export const resolveRoutes: PageRoute[] = [
  ...formPages({
    slice: 'payments',
    view: 'payments/resolve',
    page: '/payments/refunds/:id',
    post: '/payments/refunds/:id',
    permission: 'payments.refund',
    form: resolveInput,
    word: (_name, { t }) => t('payments.resolve_reference_wanted'),
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    draw: ({ values, field }, { about, reader: { t, locale } }) => ({
      title: t('payments.resolve_title', { amount: formatMoney(about.amount_cents, about.currency, locale) }),
      back: `/payments/${about.payment_id}`,
      client: about.client_name,
      action: `/payments/refunds/${about.id}`,
      open: about.state === 'sending',
      why: about.failure?.text ?? '',
      outcome: field('outcome', {
        label: t('payments.resolve_outcome'),
        options: ['done', 'failed'].map((value) => ({
          value,
          label: t(`payments.resolve_${value}`),
          selected: (values['outcome'] ?? 'done') === value,
        })),
      }),
      reference: field('reference', { label: t('payments.resolve_reference'), required: true, max: 100 }),
    }),
    async save(value, { ctx, params, about }) {
      await resolveRefund(ctx, params.id, value);
      return seeOther(`/payments/${about.payment_id}`);
    },
  }),
];
