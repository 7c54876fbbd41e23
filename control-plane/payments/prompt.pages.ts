import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { seeOther, type PageRoute } from '../platform/http/page';
import { formPages, readDecimal, type Reader } from '../ui';
import { providerNames, type ProviderName } from './provider';
import { requestPayment } from './request-payment';
import { serviceOfForm } from './service-of-form';

const promptForm = z.object({
  subscription_id: idField,
  provider: z.enum(providerNames).default('mpesa'),
  phone: z.string().trim().min(1).max(40),
  // Left empty: what the next purchase costs.
  amount: z
    .string()
    .default('')
    .transform((text) => (text.trim() === '' ? undefined : (readDecimal(text, 2) ?? Number.NaN)))
    .pipe(z.int().min(1).max(1_000_000_000_000).optional()),
});

/** Accounts that this company has, the phone's first. */
async function waysOf(ctx: Context): Promise<ProviderName[]> {
  const rows = await ctx.tx.$queryRaw<{ provider: ProviderName }[]>`
    SELECT provider FROM payment_provider WHERE tenant_id = ${ctx.tenantId}`;
  return providerNames.filter((name) => rows.some(({ provider }) => provider === name));
}

/** Staff has a customer's phone rung, or a page to pay on opened. */
export const promptPageRoutes: PageRoute[] = formPages({
  slice: 'payments',
  view: 'payments/prompt',
  page: '/payments/prompt',
  post: '/payments/prompt',
  permission: 'payments.write',
  form: promptForm,
  async open({ ctx }, typed) {
    return { service: await serviceOfForm(ctx, typed), ways: await waysOf(ctx) };
  },
  values: ({ service, ways }) => ({ phone: service.subscriber.phone ?? '', provider: ways[0] ?? 'mpesa' }),
  draw({ values, field }, { about: { service, ways }, t }) {
    const chosen = values['provider'];
    return {
      title: t('payments.prompt_for', { name: service.subscriber.name }),
      back: `/subscribers/${service.subscriber_id}`,
      client: service.subscriber.name,
      subscription: service.id.toString(),
      // One way is no choice.
      only: ways.length > 1 ? undefined : (ways[0] ?? 'mpesa'),
      provider: field('provider', {
        options: ways.map((value) => ({ value, label: t(`payments.way_${value}`), selected: value === chosen })),
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
    };
  },
  word: (field, { t }) => t(field === 'provider' ? 'payments.way_needed' : `payments.${field}_needed`),
  async save({ subscription_id, provider, phone, amount }, { ctx, reader }) {
    const { t } = reader;
    const outcome = await requestPayment(ctx, {
      subscription_id,
      phone,
      provider,
      ...(amount === undefined ? {} : { amount_cents: amount }),
    });
    switch (outcome.kind) {
      case 'done':
      case 'under_way':
        return seeOther(`/payments/${outcome.id}`);
      case 'too_soon':
        return { kind: 'refused', errors: { phone: t('payments.too_soon', { seconds: outcome.wait_s }) } };
      case 'ended':
        return { kind: 'refused', errors: { phone: t('payments.ended') } };
      case 'invalid':
        return {
          kind: 'refused',
          errors: outcome.nothing
            ? { amount: t('payments.amount_nothing') }
            : faultsOf(outcome.fields, provider, reader),
        };
    }
  },
});

/** The words of the form for what the command refused. */
function faultsOf(fields: Record<string, string>, provider: ProviderName, { t }: Reader): Record<string, string> {
  if ('phone' in fields)
    return { phone: t(provider === 'stripe' ? 'payments.phone_any_needed' : 'payments.phone_needed') };
  if ('provider' in fields)
    return { phone: t('payments.provider_needed', { provider: t(`payments.method_${provider}`) }) };
  return { amount: t('payments.amount_whole') };
}
