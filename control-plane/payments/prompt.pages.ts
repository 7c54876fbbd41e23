import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, readDecimal, readerFor, type Reader } from '../ui';
import { providerNames, type ProviderName } from './provider';
import { requestPayment } from './request-payment';

const promptForm = z.object({
  subscription_id: idField,
  provider: z.enum(providerNames).default('mpesa'),
  phone: z.string().trim().max(40),
  amount: z.string().trim().max(20).optional(),
});

/** Accounts that this company has, the phone's first. */
async function waysOf(ctx: Context): Promise<ProviderName[]> {
  const rows = await ctx.tx.$queryRaw<{ provider: ProviderName }[]>`
    SELECT provider FROM payment_provider WHERE tenant_id = ${ctx.tenantId}`;
  return providerNames.filter((name) => rows.some(({ provider }) => provider === name));
}

async function promptPage(
  ctx: Context,
  reader: Reader,
  values: Record<string, string>,
  errors: Record<string, string>,
  status?: number,
): Promise<PageResult> {
  const { t } = reader;
  const id = idField.safeParse(values['subscription_id']);
  const service = id.success
    ? await ctx.tx.subscription.findFirst({ where: { id: id.data }, include: { subscriber: true } })
    : null;
  if (!service) throw notFound('That subscription');
  const ways = await waysOf(ctx);
  const chosen = values['provider'] ?? ways[0] ?? 'mpesa';
  const field = fieldsOf('payments', { phone: service.subscriber.phone ?? '', ...values }, errors, reader);
  return view(
    'payments/prompt',
    {
      title: t('payments.prompt_for', { name: service.subscriber.name }),
      back: `/subscribers/${service.subscriber_id}`,
      client: service.subscriber.name,
      subscription: service.id.toString(),
      errors: formErrors(errors),
      // One way is no choice.
      only: ways.length > 1 ? undefined : chosen,
      provider: field('provider', {
        options: ways.map((value) => ({
          value,
          label: t(`payments.way_${value}`),
          selected: value === chosen,
        })),
      }),
      phone: field('phone', {
        type: 'tel',
        mode: 'tel',
        required: true,
        max: 40,
        autocomplete: 'off',
        help: t('payments.phone_help'),
      }),
      amount: field('amount', { mode: 'decimal', max: 20, help: t('payments.amount_help') }),
      help: ways.includes('stripe') ? t('payments.prompt_help_card') : undefined,
    },
    status ? { status } : {},
  );
}

export const promptPageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/payments/prompt',
    permission: 'payments.write',
    query: z.object({ subscription_id: z.string().max(20).default('') }),
    run: (ctx, { query }, _web, person) =>
      promptPage(ctx, readerFor(ctx, person), { subscription_id: query.subscription_id }, {}),
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/prompt',
    permission: 'payments.write',
    form: promptForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      if (!form.ok) return promptPage(ctx, reader, form.values, { phone: t('payments.phone_needed') }, 422);
      const { subscription_id, provider, phone, amount = '' } = form.value;
      const values = { subscription_id: subscription_id.toString(), provider, phone, amount };
      const cents = amount === '' ? undefined : readDecimal(amount, 2);
      if (amount !== '' && (cents === undefined || cents < 1))
        return promptPage(ctx, reader, values, { amount: t('payments.amount_needed') }, 422);
      const outcome = await requestPayment(ctx, {
        subscription_id,
        phone,
        provider,
        ...(cents === undefined ? {} : { amount_cents: cents }),
      });
      switch (outcome.kind) {
        case 'done':
        case 'under_way':
          return seeOther(`/payments/${outcome.id}`);
        case 'too_soon':
          return promptPage(ctx, reader, values, { phone: t('payments.too_soon', { seconds: outcome.wait_s }) }, 422);
        case 'ended':
          return promptPage(ctx, reader, values, { phone: t('payments.ended') }, 422);
        case 'invalid':
          return promptPage(ctx, reader, values, faultsOf(outcome.fields, provider, reader), 422);
      }
    },
  }),
];

/** The words of the form for what the command refused. */
function faultsOf(fields: Record<string, string>, provider: ProviderName, { t }: Reader): Record<string, string> {
  if ('phone' in fields)
    return { phone: t(provider === 'stripe' ? 'payments.phone_any_needed' : 'payments.phone_needed') };
  if ('provider' in fields)
    return { phone: t('payments.provider_needed', { provider: t(`payments.method_${provider}`) }) };
  return { amount: t('payments.amount_whole') };
}
