import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { formatDay, formPages, seenOf, type FormView } from '../ui';
import { changeSettings, isTimezone } from './change-settings';
import {
  answersAs,
  identityProvider,
  removeIdentityProvider,
  saveIdentityProvider,
  type ProviderView,
} from './identity-provider';
import { ownSettings, type Settings } from './queries';
import { ZONES } from './schema';

const settingsForm = z.object({
  name: z.string().trim().min(1).max(120),
  timezone: z.string().refine(isTimezone),
  password_min_length: z.coerce.number().int().min(8).max(64),
  second_factor_required: z.string().optional(),
});

const providerForm = z.object({
  issuer: z.string().trim().min(1).max(300),
  client_id: z.string().trim().min(1).max(300),
  client_secret: z.string().trim().max(300).default(''),
  domain: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/)
    .max(253),
});

const ofSettings = (s: Settings): unknown[] => [s.name, s.timezone, s.password_min_length, s.second_factor_required];
const ofProvider = (one: ProviderView | undefined): unknown[] => [one?.issuer, one?.client_id, one?.domain];

const settingsPage: FormView<{ settings: Settings; provider: ProviderView | undefined }> = {
  slice: 'tenants',
  view: 'tenants/settings',
  word: (name, { t }) => t(`tenants.${name === 'name' ? 'company' : name}_wanted`),
  told: ['saved', 'provider_saved', 'provider_removed'],
  shared: true,
  values: ({ settings, provider }) => ({
    name: settings.name,
    timezone: settings.timezone,
    password_min_length: String(settings.password_min_length),
    issuer: provider?.issuer ?? '',
    client_id: provider?.client_id ?? '',
    domain: provider?.domain ?? '',
  }),
  draw({ values, field }, { ctx, web, about: { settings, provider }, reader, t }) {
    const zones = [...new Set<string>([...ZONES, settings.timezone])];
    const limit = (most: number | null) => (most === null ? t('tenants.no_limit') : String(most));
    return {
      title: t('tenants.settings_title'),
      name: { ...field('name', { required: true, max: 120 }), label: t('tenants.company') },
      timezone: field('timezone', {
        options: zones.map((value) => ({ value, label: value, selected: value === values['timezone'] })),
      }),
      least: field('password_min_length', { mode: 'numeric', max: 2, help: t('tenants.password_min_help') }),
      second: settings.second_factor_required,
      seen: seenOf(...ofSettings(settings)),
      licence: settings.licence_until
        ? formatDay(settings.licence_until, reader, { dateStyle: 'medium' })
        : t('tenants.no_end'),
      over: settings.licence_until !== null && settings.licence_until <= ctx.now,
      limits: [
        { label: t('tenants.subscribers'), value: limit(settings.limit_subscribers) },
        { label: t('tenants.routers'), value: limit(settings.limit_routers) },
        { label: t('tenants.staff'), value: limit(settings.limit_staff) },
      ],
      provider: provider !== undefined,
      providerSeen: seenOf(...ofProvider(provider)),
      returnAddress: `${web.publicUrl.replace(/\/$/, '')}/login/company/return`,
      issuer: field('issuer', { required: true, max: 300, help: t('tenants.issuer_help') }),
      clientId: field('client_id', { required: true, max: 300, autocomplete: 'off' }),
      clientSecret: field('client_secret', {
        type: 'password',
        value: '',
        max: 300,
        autocomplete: 'off',
        ...(provider ? { help: t('tenants.secret_kept') } : {}),
      }),
      domain: field('domain', { required: true, max: 253, help: t('tenants.domain_help') }),
    };
  },
};

const open = async ({ ctx }: { ctx: Context }) => ({
  settings: await ownSettings(ctx),
  provider: await identityProvider(ctx),
});

export const settingsRoutes: PageRoute[] = [
  ...formPages({
    ...settingsPage,
    page: '/tenants/settings',
    post: '/tenants/settings',
    permission: 'tenants.settings',
    form: settingsForm,
    open,
    seen: ({ settings }) => ofSettings(settings),
    async save({ second_factor_required, ...change }, { ctx }) {
      await changeSettings(ctx, { ...change, second_factor_required: second_factor_required === 'on' });
      return seeOther('/tenants/settings?told=saved');
    },
  }),
  ...formPages({
    ...settingsPage,
    post: '/tenants/identity',
    permission: 'tenants.settings',
    form: providerForm,
    open,
    seen: ({ provider }) => ofProvider(provider),
    before: async ({ form }, web) => form.ok && (await answersAs(form.value, web.publicUrl)),
    async save(wanted, { ctx, before: answers, t }) {
      const outcome = await saveIdentityProvider(ctx, wanted, answers);
      if (outcome.kind === 'saved') return seeOther('/tenants/settings?told=provider_saved');
      return { kind: 'refused', errors: { [outcome.field]: t(`tenants.${outcome.kind}`) } };
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/identity/remove',
    permission: 'tenants.settings',
    async run(ctx) {
      await removeIdentityProvider(ctx);
      return seeOther('/tenants/settings?told=provider_removed');
    },
  }),
];
