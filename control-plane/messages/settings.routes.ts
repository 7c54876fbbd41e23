import { z } from 'zod';
import { hookAddress } from '../hooks';
import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { normalizePhone } from '../subscribers';
import {
  formatCount,
  formatMoment,
  formPages,
  readDecimal,
  stateBadge,
  type fieldsOf,
  type FormField,
  type FormView,
  type Reader,
} from '../ui';
import { findAccount, listAccounts, type AccountSeen } from './account.queries';
import { isProvider, secretNames, type Provider } from './accounts';
import { enqueueMessage } from './enqueue-message';
import { removeAccount, saveAccount } from './save-account';
import { automaticKinds, changeSettings, messageSettings, readSettings } from './settings';

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

/** What a field wants. */
const word = (name: string, { t }: Reader): string => t(`messages.wanted_${name}`);

const settingsPage: FormView<Awaited<ReturnType<typeof readSettings>>> = {
  slice: 'messages',
  view: 'messages/settings',
  word,
  told: ['saved', 'removed', 'account'],
  values: (settings) => ({
    locale: settings.locale,
    per_minute: String(settings.per_minute),
    per_day: String(settings.per_day),
    quiet_from: settings.quiet_from,
    quiet_until: settings.quiet_until,
    segment_price: settings.segment_micros === null ? '' : String(settings.segment_micros / 1_000_000),
    ...Object.fromEntries(automaticKinds.filter((kind) => !settings.silent.includes(kind)).map((kind) => [kind, 'on'])),
  }),
  async draw({ values, field }, { ctx, about: settings, person, reader, t }) {
    return {
      title: t('messages.settings'),
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
          selected: value === values['locale'],
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
        on: values[kind] === 'on',
      })),
      to: field('to', { max: 254, required: true, help: t('messages.test_help') }),
    };
  },
};

/** A price in the company's currency, of up to six places, in millionths; undefined when it is none. */
function microsOf(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const value = readDecimal(text, 6);
  return value === undefined ? undefined : value;
}

const accountPage: FormView<{ provider: Provider; account: AccountSeen }> = {
  slice: 'messages',
  view: 'messages/account',
  word,
  values({ provider, account }) {
    const stored = Object.entries(account.settings).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : typeof value === 'number' ? value.toString() : '',
    ]);
    return {
      position: String(account.position),
      ...(provider === 'smtp' ? { port: '587', security: 'starttls' } : {}),
      ...(Object.fromEntries(stored) as Record<string, string>),
      enabled: account.enabled || !account.configured ? 'on' : '',
    };
  },
  async draw({ values, field }, { ctx, about: { provider, account }, web, reader, t }) {
    const reports =
      provider === 'smtp' ? undefined : await hookAddress(ctx, web.publicUrl, { kind: provider, account: provider });
    return {
      title: t(`messages.provider_${provider}`),
      provider,
      configured: account.configured,
      version: account.version,
      enabled: values['enabled'] === 'on',
      about: t(`messages.about_${provider}`),
      fault: account.fault ? t(`messages.error_${account.fault}`) : '',
      fields: FIELDS[provider].map((name) => accountField(name, provider, account, field, reader)),
      position: field('position', { mode: 'numeric', max: 1, help: t('messages.position_help') }),
      reports: provider === 'twilio' ? undefined : reports,
      reportsHelp: t(`messages.reports_${provider}`),
    };
  },
};

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

const limits: PageRoute[] = [
  ...formPages({
    ...settingsPage,
    page: '/messages/settings',
    post: '/messages/settings',
    permission: 'messages.settings',
    form: rawForm,
    open: ({ ctx }) => readSettings(ctx),
    async save(values, { ctx }) {
      const segment_micros = microsOf(values['segment_price'] ?? '');
      const silent = automaticKinds.filter((kind) => values[kind] !== 'on');
      const read = messageSettings.safeParse({ ...values, silent, segment_micros });
      if (!read.success) {
        const names = read.error.issues.map(({ path }) => String(path[0]));
        return { kind: 'wrong', fields: names.map((name) => (name === 'segment_micros' ? 'segment_price' : name)) };
      }
      const version = /^\d{1,9}$/.test(values['version'] ?? '') ? Number(values['version']) : undefined;
      const outcome = await changeSettings(ctx, read.data, version);
      return outcome === 'changed_meanwhile' ? { kind: 'changed' } : seeOther('/messages/settings?told=saved');
    },
  }),
  ...formPages({
    ...settingsPage,
    post: '/messages/settings/test',
    permission: 'messages.settings',
    form: z.object({ to: z.string().trim().max(254) }),
    open: ({ ctx }) => readSettings(ctx),
    // The other form of the page stands as it is: its boxes must not come back empty, and mute everything when they are saved.
    shared: true,
    async save({ to }, { ctx, person, t }) {
      const channel = to.includes('@') ? 'email' : 'sms';
      const recipient = channel === 'email' ? to : (normalizePhone(to, person.tenant.currency) ?? '');
      const outcome = await enqueueMessage(ctx, {
        kind: 'test',
        channel,
        recipient,
        values: { name: person.actor.name },
      });
      if (outcome.kind === 'queued') return seeOther(`/messages/${outcome.id}?told=sent`);
      return { kind: 'refused', errors: { to: t(`messages.not_sent_${outcome.kind}`) } };
    },
  }),
];

const accounts: PageRoute[] = [
  ...formPages({
    ...accountPage,
    page: '/messages/settings/:provider',
    post: '/messages/settings/:provider',
    permission: 'messages.settings',
    form: rawForm,
    async open({ ctx, params }) {
      const provider = mustBe(params.provider);
      return { provider, account: await findAccount(ctx, provider) };
    },
    async save(values, { ctx, params }) {
      const outcome = await saveAccount(ctx, mustBe(params.provider), {
        ...values,
        enabled: values['enabled'] === 'on',
      });
      if (outcome.kind === 'done') return seeOther('/messages/settings?told=account');
      return outcome.kind === 'invalid' ? { kind: 'wrong', fields: Object.keys(outcome.fields) } : { kind: 'changed' };
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
