import { z } from 'zod';
import { hookAddress } from '../hooks';
import type { Context } from '../platform/context';
import { seeOther, type PageRoute, type Web } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatMoment, formPages, type fieldsOf, type FormField, type FormView, type Reader } from '../ui';
import { providerOf, providers } from './providers';
import type { ProviderName } from './provider';
import { saveProvider, seeProvider } from './save-provider';

interface FormEntry {
  name: string;
  choices?: string[];
  check?: boolean;
  secret?: boolean;
  optional?: boolean;
}
const environment = { name: 'environment', choices: ['sandbox', 'production'] };

/** The fields of each provider's form, in order. Secret ones are drawn empty; choices are selects, switches are boxes. */
const FIELDS: Record<ProviderName, FormEntry[]> = {
  mpesa: [
    environment,
    { name: 'type', choices: ['paybill', 'till'] },
    { name: 'shortcode' },
    { name: 'till_number', optional: true },
    { name: 'consumer_key' },
    { name: 'consumer_secret', secret: true },
    { name: 'passkey', secret: true },
    { name: 'nominated_phone', optional: true },
    { name: 'initiator_name', optional: true },
    { name: 'security_credential', secret: true },
    { name: 'sources', optional: true },
    { name: 'refuse_unknown_accounts', check: true },
  ],
  familybank: [
    environment,
    { name: 'shortcode' },
    { name: 'client_id' },
    { name: 'client_secret', secret: true },
    { name: 'base_url', optional: true },
    { name: 'token_url', optional: true },
    { name: 'password_order', choices: ['shortcode_first', 'client_first'] },
    { name: 'field_names', choices: ['upper', 'mixed'] },
    { name: 'sources', optional: true },
    { name: 'paid_without_receipt', check: true },
  ],
  stripe: [
    { name: 'secret_key', secret: true },
    { name: 'webhook_secret', secret: true, optional: true },
  ],
};
/** The calls that each provider makes, as kinds of hook. */
const ADDRESSES: Record<ProviderName, string[]> = {
  mpesa: ['pay', 'paid', 'check', 'back'],
  familybank: ['bank'],
  stripe: ['card'],
};
const rawForm = z.record(z.string(), z.string().max(1_000));

type Seen = Awaited<ReturnType<typeof seeProvider>>;

const settingsPage: FormView<{ name: ProviderName; seen: Seen }> = {
  slice: 'payments',
  view: 'payments/settings',
  word: 'wanted',
  told: ['saved'],
  seen: ({ seen }) => [seen.version],
  values({ seen }) {
    const stored = Object.entries(seen.settings).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(', ') : value === true ? 'on' : typeof value === 'string' ? value : '',
    ]);
    return { ...(Object.fromEntries(stored) as Record<string, string>), per_second: String(seen.per_second) };
  },
  async draw({ values, field }, { ctx, web, about: { name, seen }, reader, t }) {
    const fields = FIELDS[name].filter((one) => !one.check);
    return {
      title: t('payments.settings_of', { provider: t(`payments.method_${name}`) }),
      provider: name,
      about: t(`payments.about_${name}`),
      fault: seen.fault && `${seen.fault} ${seen.fault_at ? formatMoment(new Date(seen.fault_at), reader) : ''}`,
      facts: factsOf(seen, reader),
      tabs: providers().map((one) => ({
        href: `/payments/settings/${one.name}`,
        label: t(`payments.method_${one.name}`),
        current: one.name === name,
      })),
      fields: fields.map((one) => fieldOf(one, { field, values, kept: seen.secrets, reader })),
      perSecond: field('per_second', { mode: 'numeric', max: 3, help: t('payments.per_second_help') }),
      checks: FIELDS[name]
        .filter((one) => one.check)
        .map(({ name: key }) => ({ name: key, label: t(`payments.${key}`), on: values[key] === 'on' })),
      addresses: seen.configured ? await addressesOf(ctx, web, name, reader) : undefined,
      pages: seen.configured ? await pagesOf(ctx, web, name, reader) : undefined,
      addressesHelp: t(`payments.addresses_help_${name}`),
    };
  },
};

function factsOf(seen: Seen, reader: Reader) {
  const { t } = reader;
  const at = (text: string | null) => (text === null ? t('payments.not_yet') : formatMoment(new Date(text), reader));
  if (!seen.configured || seen.provider === 'familybank') return [];
  const registered = { label: t('payments.registered_at'), value: at(seen.registered_at) };
  return seen.provider === 'stripe'
    ? [{ label: t('payments.mode'), value: t(`payments.mode_${String(seen.settings['mode'])}`) }, registered]
    : [registered, { label: t('payments.listed_at'), value: at(seen.listed_at) }];
}

function fieldOf(
  { name, choices, secret, optional }: FormEntry,
  o: { field: ReturnType<typeof fieldsOf>; values: Record<string, string>; kept: string[]; reader: Reader },
): FormField {
  const { t } = o.reader;
  if (choices)
    return o.field(name, {
      options: choices.map((value) => ({
        value,
        label: t(`payments.${name}_${value}`),
        selected: value === o.values[name],
      })),
    });
  if (secret)
    return o.field(name, {
      type: 'password',
      value: '',
      max: 200,
      autocomplete: 'off',
      ...(o.kept.includes(name)
        ? { help: t('payments.secret_kept') }
        : optional
          ? { help: t(`payments.${name}_help`) }
          : {}),
    });
  return o.field(name, {
    required: !optional,
    max: 200,
    autocomplete: 'off',
    ...(optional ? { help: t(`payments.${name}_help`) } : {}),
  });
}

/** What the company may print and send: where its customers pay and say that they have paid. */
async function pagesOf(ctx: Context, web: Web, name: ProviderName, { t }: Reader) {
  if (!providerOf(name)?.rings) return undefined;
  const { slug } = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId }, select: { slug: true } });
  return [
    { label: t('payments.pay_title'), value: `${web.publicUrl}/payments/pay/${slug}` },
    { label: t('payments.claim_title'), value: `${web.publicUrl}/payments/claim/${slug}` },
    { label: t('payments.papers_title'), value: `${web.publicUrl}/documents/${slug}` },
  ];
}

async function addressesOf(ctx: Context, web: Web, account: ProviderName, { t }: Reader) {
  return Promise.all(
    ADDRESSES[account].map(async (kind) => ({
      label: t(`payments.address_${kind}`),
      value: await hookAddress(ctx, web.publicUrl, { kind, account }),
    })),
  );
}

export const settingsRoutes: PageRoute[] = formPages({
  ...settingsPage,
  page: '/payments/settings/:provider',
  post: '/payments/settings/:provider',
  permission: 'payments.settings',
  form: rawForm,
  async open({ ctx, params }) {
    const provider = providerOf(params.provider);
    if (!provider) throw notFound('That provider');
    return { name: provider.name, seen: await seeProvider(ctx, provider) };
  },
  async save(values, { ctx, params, about: { name, seen } }) {
    const provider = providerOf(params.provider);
    if (!provider) throw notFound('That provider');
    const given = Object.fromEntries(
      [...FIELDS[name], { name: 'per_second', check: false }].map(({ name: key, check }) => [
        key,
        check ? values[key] === 'on' : (values[key] ?? ''),
      ]),
    );
    // What a program said and this page does not ask for stays.
    const outcome = await saveProvider(ctx, provider, { ...seen.settings, ...given });
    if (outcome.kind === 'done') return seeOther(`/payments/settings/${name}?told=saved`);
    // Of a list, its first fault stands at the field.
    return { kind: 'wrong', fields: Object.keys(outcome.fields).map((path) => path.split('.')[0] ?? path) };
  },
});
