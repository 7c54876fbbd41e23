import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { fieldsOf, formatDay, formErrors, readerFor, seenOf } from '../ui';
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
  seen: z.string().max(40).default(''),
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
  /** A program that sends none takes what is there. */
  seen: z.string().max(40).default(''),
});

const fingerprint = (s: Settings): string =>
  seenOf(s.name, s.timezone, s.password_min_length, s.second_factor_required);
const providerSeen = (one: ProviderView | undefined): string => seenOf(one?.issuer, one?.client_id, one?.domain);

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
  title?: string;
  status?: number;
}

async function settingsPage(ctx: Context, web: Web, person: Person, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const settings = await ownSettings(ctx);
  const provider = await identityProvider(ctx);
  const told = (['saved', 'provider_saved', 'provider_removed'] as const).find((one) => one === web.query['told']);
  const values = {
    name: settings.name,
    timezone: settings.timezone,
    password_min_length: String(settings.password_min_length),
    issuer: provider?.issuer ?? '',
    client_id: provider?.client_id ?? '',
    domain: provider?.domain ?? '',
    ...refused?.values,
  };
  const field = fieldsOf('tenants', values, refused?.errors ?? {}, reader);
  const zones = [...new Set<string>([...ZONES, settings.timezone])];
  const limit = (most: number | null) => (most === null ? t('tenants.no_limit') : String(most));
  return view(
    'tenants/settings',
    {
      title: t('tenants.settings_title'),
      told: told && { text: t(`tenants.told_${told}`) },
      errors: refused && { title: refused.title, fields: formErrors(refused.errors)?.fields ?? [] },
      name: { ...field('name', { required: true, max: 120 }), label: t('tenants.company') },
      timezone: field('timezone', {
        options: zones.map((value) => ({ value, label: value, selected: value === values.timezone })),
      }),
      least: field('password_min_length', { mode: 'numeric', max: 2, help: t('tenants.password_min_help') }),
      second: settings.second_factor_required,
      seen: fingerprint(settings),
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
      providerSeen: providerSeen(provider),
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
    },
    refused ? { status: refused.status ?? 422 } : {},
  );
}

export const settingsRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/tenants/settings',
    permission: 'tenants.settings',
    run: (ctx, _input, web, person) => settingsPage(ctx, web, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/settings',
    permission: 'tenants.settings',
    form: settingsForm,
    async run(ctx, { form }, web, person) {
      const { t } = readerFor(ctx, person);
      if (!form.ok) {
        const errors = Object.keys(form.fields).map(
          (name) => [name, t(`tenants.${name === 'name' ? 'company' : name}_wanted`)] as const,
        );
        return settingsPage(ctx, web, person, { values: form.values, errors: Object.fromEntries(errors) });
      }
      const { seen, second_factor_required, ...change } = form.value;
      if (seen !== fingerprint(await ownSettings(ctx)))
        return settingsPage(ctx, web, person, {
          values: {},
          errors: {},
          title: t('staff.changed_meanwhile'),
          status: 409,
        });
      await changeSettings(ctx, { ...change, second_factor_required: second_factor_required === 'on' });
      return seeOther('/tenants/settings?told=saved');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/identity',
    permission: 'tenants.settings',
    form: providerForm,
    before: async ({ form }, web) => form.ok && (await answersAs(form.value, web.publicUrl)),
    async run(ctx, { form }, web, person, answers) {
      const { t } = readerFor(ctx, person);
      const again = (values: Record<string, string>, errors: Record<string, string>) =>
        settingsPage(ctx, web, person, { values, errors });
      if (!form.ok)
        return again(
          form.values,
          Object.fromEntries(Object.keys(form.fields).map((name) => [name, t(`tenants.${name}_wanted`)])),
        );
      const { seen, ...wanted } = form.value;
      if (seen !== '' && seen !== providerSeen(await identityProvider(ctx)))
        return settingsPage(ctx, web, person, {
          values: {},
          errors: {},
          title: t('staff.changed_meanwhile'),
          status: 409,
        });
      const outcome = await saveIdentityProvider(ctx, wanted, answers);
      if (outcome.kind === 'saved') return seeOther('/tenants/settings?told=provider_saved');
      const { client_secret: _secret, ...values } = wanted;
      return again(values, { [outcome.field]: t(`tenants.${outcome.kind}`) });
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
