import { z } from 'zod';
import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages } from '../ui';
import { hostsOfProvider, removeIdentityProvider, saveIdentityProvider } from './identity-provider';
import { findSite } from './queries';
import { providerChange } from './schema';

const hostList = providerChange.shape.hosts;
const hostsOf = (text: string): string[] => text.split(/[\s,]+/).filter((one) => one !== '');

/** The same as the API takes, with the hosts on lines of their own. */
const providerForm = providerChange.extend({
  hosts: z
    .string()
    .max(2000)
    .default('')
    .refine((text) => hostList.safeParse(hostsOf(text)).success)
    .transform((text) => hostList.parse(hostsOf(text))),
});

/** Where the guests of a site sign in: its provider. */
export const identityRoutes: PageRoute[] = [
  ...formPages({
    slice: 'sites',
    view: 'sites/identity',
    page: '/sites/:id/identity',
    post: '/sites/:id/identity',
    permission: 'sites.write',
    form: providerForm,
    async open({ ctx, params }) {
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('That site');
      return site;
    },
    seen: ({ identity_provider: one }) => [one?.name, one?.issuer, one?.client_id, one?.hosts],
    values: ({ identity_provider: one }) => ({
      name: one?.name ?? '',
      issuer: one?.issuer ?? '',
      client_id: one?.client_id ?? '',
      hosts: one?.hosts.join('\n') ?? '',
    }),
    word: (name, { t }) => t(`sites.provider_${name}_needed`),
    draw({ field }, { about: site, web, t }) {
      const { identity_provider: one } = site;
      return {
        title: t('sites.identity_title', { name: site.name }),
        action: `/sites/${site.id}/identity`,
        back: `/sites/${site.id}`,
        site: site.name,
        returnAddress: `${web.publicUrl.replace(/\/$/, '')}/hotspot/${site.slug}/identity/return`,
        name: {
          ...field('name', { required: true, max: 40, autocomplete: 'off', help: t('sites.provider_name_help') }),
          label: t('sites.provider_name'),
        },
        issuer: field('issuer', { required: true, max: 300, help: t('sites.issuer_help') }),
        clientId: field('client_id', { required: true, max: 300, autocomplete: 'off' }),
        clientSecret: field('client_secret', {
          type: 'password',
          value: '',
          max: 300,
          autocomplete: 'off',
          ...(one ? { help: t('sites.secret_kept') } : {}),
        }),
        hosts: field('hosts', { lines: 4, max: 2000, help: t('sites.hosts_help') }),
        remove: one !== null,
      };
    },
    before: async ({ form }, web) => (form.ok ? hostsOfProvider(form.value, web.publicUrl) : undefined),
    async save(value, { ctx, params, before: hosts, t }) {
      const outcome = await saveIdentityProvider(ctx, params.id, value, hosts);
      if (outcome.kind === 'not_found') throw notFound('That site');
      if (outcome.kind === 'saved') return seeOther(`/sites/${params.id}`);
      return { kind: 'refused', errors: { [outcome.field]: t(`sites.${outcome.kind}`) } };
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/sites/:id/identity/remove',
    permission: 'sites.write',
    async run(ctx, { params }) {
      if ((await removeIdentityProvider(ctx, params.id)) === 'not_found') throw notFound('That site’s provider');
      return seeOther(`/sites/${params.id}`);
    },
  }),
];
