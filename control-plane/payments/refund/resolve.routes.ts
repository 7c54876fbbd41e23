import type { Context } from '../../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../../platform/http/page';
import type { Person } from '../../platform/http/person';
import { notFound } from '../../platform/http/problem';
import { fieldsOf, formatMoney, formErrors, readerFor } from '../../ui';
import { resolveRefund } from './close-refund';
import { findRefund } from './queries';
import { resolveInput } from './schema';

/** A refund whose outcome nobody told: somebody looks in the provider's portal and says it. */
async function page(
  ctx: Context,
  id: bigint,
  person: Person,
  refused?: { values: Record<string, string>; errors: Record<string, string> },
): Promise<PageResult> {
  const refund = await findRefund(ctx, id);
  if (!refund || refund.payment_id === null) throw notFound('That refund');
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const values = { outcome: 'done', ...refused?.values };
  const errors = refused?.errors ?? {};
  const field = fieldsOf('payments', values, errors, reader);
  return view(
    'payments/resolve',
    {
      title: t('payments.resolve_title', { amount: formatMoney(refund.amount_cents, refund.currency, locale) }),
      back: `/payments/${refund.payment_id}`,
      client: refund.client_name,
      action: `/payments/refunds/${id}`,
      errors: formErrors(errors),
      open: refund.state === 'sending',
      why: refund.failure?.text ?? '',
      outcome: {
        ...field('outcome', {
          options: ['done', 'failed'].map((value) => ({
            value,
            label: t(`payments.resolve_${value}`),
            selected: values.outcome === value,
          })),
        }),
        label: t('payments.resolve_outcome'),
      },
      reference: { ...field('reference', { required: true, max: 100 }), label: t('payments.resolve_reference') },
    },
    refused ? { status: 422 } : {},
  );
}

export const resolveRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/payments/refunds/:id',
    permission: 'payments.refund',
    run: (ctx, { params }, _web, person) => page(ctx, params.id, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/refunds/:id',
    permission: 'payments.refund',
    form: resolveInput,
    async run(ctx, { params, form }, _web, person) {
      const refund = await findRefund(ctx, params.id);
      if (!refund || refund.payment_id === null) throw notFound('That refund');
      const { t } = readerFor(ctx, person);
      if (!form.ok)
        return page(ctx, params.id, person, {
          values: form.values,
          errors: { reference: t('payments.resolve_reference_wanted') },
        });
      await resolveRefund(ctx, params.id, form.value);
      return seeOther(`/payments/${refund.payment_id}`);
    },
  }),
];
