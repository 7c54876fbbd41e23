import { z } from 'zod';
import { listPackages } from '../plans';
import type { Context } from '../platform/context';
import { formatMoney, type fieldsOf, type FormView, type Reader } from '../ui';
import { newSite, trialClaims, type NewSite, type Site } from './schema';

/** What is too long for a field is said at the field, by readSite. */
export const siteForm = z.record(z.string(), z.string());
export type Values = z.output<typeof siteForm>;

/** The site that a form asks for, or the fields in the way. */
export function readSite(values: Values): { kind: 'read'; input: NewSite } | { kind: 'wrong'; fields: string[] } {
  const text = (name: string) => values[name]?.trim() ?? '';
  const number = (name: string, none: number) =>
    /^\d{1,5}$/.test(text(name)) ? Number(text(name)) : text(name) === '' ? none : NaN;
  const ids = (prefix: string) =>
    Object.keys(values).flatMap((name) => new RegExp(`^${prefix}_([1-9]\\d{0,17})$`).exec(name)?.[1] ?? []);
  const first = text('language') === 'sw' ? 'sw' : 'en';
  const other = first === 'sw' ? 'en' : 'sw';
  const parsed = newSite.safeParse({
    name: text('name'),
    ...(text('slug') === '' ? {} : { slug: text('slug') }),
    words: text('words'),
    phone: text('phone'),
    colour: text('colour') || '#0d2b32',
    accent: text('accent') || '#0e5560',
    languages: values['both'] === 'yes' ? [first, other] : [first],
    terms: text('terms').replace(/\r\n?/g, '\n'),
    terms_required: values['terms_required'] === 'yes',
    trial_minutes: number('trial_minutes', 0),
    trial_hours: number('trial_hours', 24),
    trial_once_per: text('trial_once_per') || 'device',
    package_ids: ids('plan'),
    router_ids: ids('router'),
  });
  if (parsed.success) return { kind: 'read', input: parsed.data };
  return { kind: 'wrong', fields: [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))] };
}

/** A site as the form shows it. */
function valuesOf(site: Site): Values {
  return {
    name: site.name,
    words: site.words,
    phone: site.phone,
    colour: site.colour,
    accent: site.accent,
    language: site.languages[0] ?? 'en',
    both: site.languages.length > 1 ? 'yes' : '',
    terms: site.terms,
    terms_required: site.terms_required ? 'yes' : '',
    trial_minutes: String(site.trial_minutes),
    trial_hours: String(site.trial_hours),
    trial_once_per: site.trial_once_per,
    ...Object.fromEntries(site.packages.map(({ id }) => [`plan_${id}`, 'yes'])),
    ...Object.fromEntries(site.routers.map(({ id }) => [`router_${id}`, 'yes'])),
  };
}

/** The form of a new site (beginning with both languages), or of one that is there. */
export const siteFormView: FormView<Site | undefined> = {
  slice: 'sites',
  view: 'sites/form',
  values: (site) => (site ? valuesOf(site) : { both: 'yes' }),
  draw: ({ values, field }, { ctx, about: site, reader }) => drawForm(ctx, { values, field, site, reader }),
};

interface Drawn {
  values: Values;
  field: ReturnType<typeof fieldsOf>;
  site: Site | undefined;
  reader: Reader;
}

async function drawForm(ctx: Context, { values, field, site, reader }: Drawn): Promise<Record<string, unknown>> {
  const { t, locale } = reader;
  const { items } = await listPackages(ctx, { limit: 200, before: undefined });
  const routers = await ctx.tx.$queryRaw<{ id: bigint; name: string; site: string | null }[]>`
    SELECT n.id, n.name, s.name AS site FROM nas n
    LEFT JOIN site_router x ON x.nas_id = n.id AND x.site_id IS DISTINCT FROM ${site ? BigInt(site.id) : null}::bigint LEFT JOIN site s ON s.id = x.site_id
    WHERE n.tenant_id = ${ctx.tenantId} ORDER BY lower(n.name) LIMIT 500`;
  const language = values['language'] ?? 'en';
  return {
    title: site ? t('sites.edit_title', { name: site.name }) : t('sites.new_title'),
    action: site ? `/sites/${site.id}/edit` : '/sites',
    back: site ? `/sites/${site.id}` : '/sites',
    version: site?.version,
    name: field('name', { required: true, max: 40, autocomplete: 'off', help: t('sites.name_help') }),
    slug: site
      ? undefined
      : field('slug', { max: 40, autocomplete: 'off', unit: '/hotspot/…', help: t('sites.slug_help') }),
    words: field('words', { max: 120, autocomplete: 'off', help: t('sites.words_help') }),
    phone: field('phone', { type: 'tel', max: 20, autocomplete: 'off', help: t('sites.phone_help') }),
    colour: field('colour', { max: 7, autocomplete: 'off', value: values['colour'] ?? '#0d2b32' }),
    accent: field('accent', {
      max: 7,
      autocomplete: 'off',
      value: values['accent'] ?? '#0e5560',
      help: t('sites.accent_help'),
    }),
    language: field('language', {
      options: ['en', 'sw'].map((value) => ({
        value,
        label: t(`sites.language_${value}`),
        selected: value === language,
      })),
    }),
    both: values['both'] === 'yes',
    terms: field('terms', { lines: 5, max: 4000, help: t('sites.terms_help') }),
    termsRequired: values['terms_required'] === 'yes',
    ...trialFields(field, values, reader),
    plans: items.map(({ id, name, price_cents, currency }) => ({
      name: `plan_${id}`,
      label: `${name} · ${formatMoney(price_cents, currency, locale)}`,
      checked: values[`plan_${id}`] === 'yes',
    })),
    routers: routers.map((one) => ({
      name: `router_${one.id}`,
      label: one.site ? `${one.name} · ${one.site}` : one.name,
      checked: values[`router_${one.id}`] === 'yes',
      taken: one.site !== null,
    })),
  };
}

/** How long a trial is, when it is given again, and what has it once. */
function trialFields(field: ReturnType<typeof fieldsOf>, values: Values, { t }: Reader) {
  return {
    trial_minutes: field('trial_minutes', {
      mode: 'numeric',
      unit: t('sites.minutes'),
      value: values['trial_minutes'] ?? '0',
      help: t('sites.trial_minutes_help'),
    }),
    trial_hours: field('trial_hours', {
      mode: 'numeric',
      unit: t('sites.hours'),
      value: values['trial_hours'] ?? '24',
    }),
    trial_once_per: field('trial_once_per', {
      options: trialClaims.map((value) => ({
        value,
        label: t(`sites.once_per_${value}`),
        selected: value === (values['trial_once_per'] ?? 'device'),
      })),
      help: t('sites.trial_once_per_help'),
    }),
  };
}
