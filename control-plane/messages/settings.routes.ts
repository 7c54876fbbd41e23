import { z } from 'zod';
import { hookAddress } from '../hooks';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { normalizePhone } from '../subscribers';
import {
  fieldsOf,
  formatCount,
  formatMoment,
  formErrors,
  readDecimal,
  readerFor,
  stateBadge,
  type FormField,
  type Reader,
} from '../ui';
import { findAccount, listAccounts, type AccountSeen } from './account.queries';
import { isProvider, secretNames, type Provider } from './accounts';
import { enqueueMessage } from './enqueue-message';
import { removeAccount, saveAccount } from './save-account';
import { automaticKinds, changeSettings, messageSettings, readSettings } from './settings';

const TOLD = ['saved', 'removed', 'account'] as const;
const rawForm = z.record(z.string(), z.string().max(1_000));

/** The fields of each provider's form, in order; secrets among them are drawn empty. */
const FIELDS: Record<Provider, string[]> = {
  africastalking: ['username', 'api_key', 'sender_id'],
  twilio: ['account_sid', 'auth_token', 'from', 'messaging_service_sid'],
  smtp: ['host', 'port', 'security', 'username', 'password', 'from_email', 'from_name'],
  sendgrid: ['api_key', 'from_email', 'from_name', 'webhook_public_key'],
  resend: ['api_key', 'from_email', 'from_name', 'webhook_secret'],
};
const SECURITY = ['starttls', 'tls', 'insecure_none'];
const OPTIONAL = new Set([
  'sender_id',
  'from',
  'messaging_service_sid',
  'from_name',
  'webhook_public_key',
  'webhook_secret',
]);

function badgeOf(account: AccountSeen, reader: Reader) {
  const { t } = reader;
  if (!account.configured) return stateBadge('pending', reader, { word: t('messages.not_set') });
  if (!account.enabled) return stateBadge('off', reader, { word: t('messages.switched_off') });
  if (account.fault) {
    const since = account.fault_at ? formatMoment(account.fault_at, reader) : '';
    return stateBadge('blocked', reader, {
      word: t('messages.faulty'),
      why: `${t(`messages.error_${account.fault}`)} ${since}`,
    });
  }
  return stateBadge('active', reader);
}

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
}

async function settingsPage(ctx: Context, person: Person, web: Web, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const settings = await readSettings(ctx);
  const price = settings.segment_micros === null ? '' : String(settings.segment_micros / 1_000_000);
  const values = {
    locale: settings.locale,
    per_minute: String(settings.per_minute),
    per_day: String(settings.per_day),
    quiet_from: settings.quiet_from,
    quiet_until: settings.quiet_until,
    segment_price: price,
    ...refused?.values,
  };
  const field = fieldsOf('messages', values, refused?.errors ?? {}, reader);
  const told = TOLD.find((one) => one === web.query['told']);
  return view(
    'messages/settings',
    {
      title: t('messages.settings'),
      told: told && { text: t(`messages.told_${told}`) },
      errors: formErrors(refused?.errors ?? {}),
      accounts: (await listAccounts(ctx)).map((account) => ({
        href: `/messages/settings/${account.provider}`,
        name: t(`messages.provider_${account.provider}`),
        channel: t(`messages.channel_${account.channel}`),
        state: badgeOf(account, reader),
        place: account.configured ? String(account.position) : '–',
      })),
      usage: [
        {
          label: t('messages.today'),
          value: t('messages.of_most', {
            count: formatCount(settings.today, reader.locale),
            most: formatCount(settings.per_day, reader.locale),
          }),
        },
        { label: t('messages.state_waiting'), value: formatCount(settings.waiting, reader.locale) },
      ],
      version: settings.version,
      language: field('locale', {
        options: ['en', 'sw'].map((value) => ({
          value,
          label: t(`messages.their_locale_${value}`),
          selected: value === values.locale,
        })),
      }),
      perMinute: field('per_minute', { mode: 'numeric', max: 5 }),
      perDay: field('per_day', { mode: 'numeric', max: 7 }),
      quietFrom: field('quiet_from', { max: 5, help: t('messages.quiet_help') }),
      quietUntil: field('quiet_until', { max: 5 }),
      segmentPrice: field('segment_price', {
        mode: 'decimal',
        max: 10,
        unit: person.tenant.currency,
        help: t('messages.segment_price_help'),
      }),
      automatic: automaticKinds.map((kind) => ({
        name: kind,
        label: t(`messages.kind_${kind}`),
        help: t(`messages.when_${kind}`),
        on: refused ? refused.values[kind] === 'on' : !settings.silent.includes(kind),
      })),
      to: field('to', { max: 254, required: true, help: t('messages.test_help') }),
    },
    refused ? { status: 422 } : {},
  );
}

/** A price in the company's currency, of up to six places, in millionths; undefined when it is none. */
function microsOf(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const value = readDecimal(text, 6);
  return value === undefined ? undefined : value;
}

async function accountPage(
  ctx: Context,
  person: Person,
  web: Web,
  provider: Provider,
  refused?: Refused & { status?: number },
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const account = await findAccount(ctx, provider);
  const stored = Object.fromEntries(
    Object.entries(account.settings).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : typeof value === 'number' ? value.toString() : '',
    ]),
  );
  const usual = provider === 'smtp' ? { port: '587', security: 'starttls' } : {};
  const values: Record<string, string> = {
    position: String(account.position),
    ...usual,
    ...stored,
    ...refused?.values,
  };
  const field = fieldsOf('messages', values, refused?.errors ?? {}, reader);
  const reports =
    provider === 'smtp' ? undefined : await hookAddress(ctx, web.publicUrl, { kind: provider, account: provider });
  return view(
    'messages/account',
    {
      title: t(`messages.provider_${provider}`),
      errors: formErrors(refused?.errors ?? {}),
      provider,
      configured: account.configured,
      version: account.version,
      enabled: refused ? refused.values['enabled'] === 'on' : account.enabled || !account.configured,
      about: t(`messages.about_${provider}`),
      fault: account.fault ? t(`messages.error_${account.fault}`) : '',
      fields: FIELDS[provider].map((name) => accountField(name, provider, account, field, reader)),
      position: field('position', { mode: 'numeric', max: 1, help: t('messages.position_help') }),
      reports: provider === 'twilio' ? undefined : reports,
      reportsHelp: t(`messages.reports_${provider}`),
    },
    refused ? { status: refused.status ?? 422 } : {},
  );
}

function accountField(
  name: string,
  provider: Provider,
  account: AccountSeen,
  field: ReturnType<typeof fieldsOf>,
  { t }: Reader,
): FormField {
  const secret = secretNames(provider).includes(name);
  const made = field(name, { required: !OPTIONAL.has(name) && provider !== 'smtp' });
  if (name === 'security')
    return {
      ...made,
      options: SECURITY.map((value) => ({
        value,
        label: t(`messages.security_${value}`),
        selected: value === made.value,
      })),
    };
  if (secret)
    return {
      ...made,
      type: 'password',
      value: '',
      autocomplete: 'off',
      max: 200,
      required: false,
      ...(account.secrets.includes(name) ? { help: t('messages.secret_kept') } : {}),
    };
  return { ...made, autocomplete: 'off', max: 400, ...(name === 'port' ? { mode: 'numeric' as const } : {}) };
}

function mustBe(text: string): Provider {
  if (!isProvider(text)) throw notFound('That provider');
  return text;
}

/** What is wrong with a field, in the reader's language. */
const fieldFaults = (fields: Record<string, string>, { t }: Reader): Record<string, string> =>
  Object.fromEntries(Object.keys(fields).map((name) => [name, t(`messages.wanted_${name}`)]));

const limits: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/messages/settings',
    permission: 'messages.settings',
    run: (ctx, _input, web, person) => settingsPage(ctx, person, web),
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/settings',
    permission: 'messages.settings',
    form: rawForm,
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      const values = form.ok ? form.value : form.values;
      const segment_micros = microsOf(values['segment_price'] ?? '');
      const silent = automaticKinds.filter((kind) => values[kind] !== 'on');
      const read = messageSettings.safeParse({ ...values, silent, segment_micros });
      if (!read.success) {
        const names = Object.fromEntries(
          read.error.issues.map(({ path }) => [path[0] === 'segment_micros' ? 'segment_price' : String(path[0]), '']),
        );
        return settingsPage(ctx, person, web, { values, errors: fieldFaults(names, reader) });
      }
      const version = /^\d{1,9}$/.test(values['version'] ?? '') ? Number(values['version']) : undefined;
      if ((await changeSettings(ctx, read.data, version)) === 'changed_meanwhile')
        return settingsPage(ctx, person, web, {
          values: {},
          errors: { locale: reader.t('messages.changed_meanwhile') },
        });
      return seeOther('/messages/settings?told=saved');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/settings/test',
    permission: 'messages.settings',
    form: z.object({ to: z.string().trim().max(254) }),
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      const to = form.ok ? form.value.to : '';
      const channel = to.includes('@') ? 'email' : 'sms';
      const recipient = channel === 'email' ? to : (normalizePhone(to, person.tenant.currency) ?? '');
      const outcome = await enqueueMessage(ctx, {
        kind: 'test',
        channel,
        recipient,
        values: { name: person.actor.name },
      });
      if (outcome.kind === 'queued') return seeOther(`/messages/${outcome.id}?told=sent`);
      return settingsPage(ctx, person, web, {
        values: { to },
        errors: { to: reader.t(`messages.not_sent_${outcome.kind}`) },
      });
    },
  }),
];

const accounts: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/messages/settings/:provider',
    permission: 'messages.settings',
    run: (ctx, { params }, web, person) => accountPage(ctx, person, web, mustBe(params.provider)),
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/settings/:provider',
    permission: 'messages.settings',
    form: rawForm,
    async run(ctx, { params, form }, web, person) {
      const reader = readerFor(ctx, person);
      const provider = mustBe(params.provider);
      const values = form.ok ? form.value : form.values;
      const outcome = await saveAccount(ctx, provider, { ...values, enabled: values['enabled'] === 'on' });
      if (outcome.kind === 'done') return seeOther('/messages/settings?told=account');
      const errors =
        outcome.kind === 'invalid'
          ? fieldFaults(outcome.fields, reader)
          : { [FIELDS[provider][0] ?? '']: reader.t('messages.changed_meanwhile') };
      const status = outcome.kind === 'invalid' ? 422 : 409;
      return accountPage(ctx, person, web, provider, { values, errors, status });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/settings/:provider/remove',
    permission: 'messages.settings',
    async run(ctx, { params }) {
      if ((await removeAccount(ctx, mustBe(params.provider))) === 'not_found') throw notFound('That account');
      return seeOther('/messages/settings?told=removed');
    },
  }),
];

export const settingsRoutes: PageRoute[] = [...limits, ...accounts];
