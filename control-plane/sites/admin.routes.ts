import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatMoment, outcomeBadge, readerFor, type Reader } from '../ui';
import { canSend } from '../messages';
import { formRoutes } from './form.routes';
import { identityRoutes } from './identity.routes';
import { listRouterPages, type RouterPages } from './pages/deploy-pages';
import { captiveRoutes } from './pages/pages.routes';
import { siteList } from './list.routes';
import { findLogo, findSite } from './queries';
import { removeSite } from './save-site';
import { LOGO_MAX_BYTES, setLogo } from './set-logo';

async function sitePage(ctx: Context, id: bigint, web: Web, person: Person, logoFault?: string): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const site = await findSite(ctx, { id });
  if (!site) throw notFound('That site');
  const logo = await findLogo(ctx, id);
  const routers = await listRouterPages(ctx, id);
  return view(
    'sites/site',
    {
      title: site.name,
      site,
      url: `${web.publicUrl}/hotspot/${site.slug}`,
      languages: site.languages.map((one) => t(`sites.language_${one}`)).join(', '),
      trial:
        site.trial_minutes === 0
          ? t('sites.no_trial')
          : t('sites.trial_long', { minutes: site.trial_minutes, hours: site.trial_hours }),
      oncePer: site.trial_minutes === 0 ? '' : t(`sites.once_per_${site.trial_once_per}`),
      // Without a way to send codes nobody gets the trial.
      trialWarning:
        site.trial_minutes > 0 && site.trial_once_per === 'phone' && !(await canSend(ctx, 'sms'))
          ? t('sites.trial_no_sms')
          : '',
      provider: site.identity_provider && {
        ...site.identity_provider,
        hosts: site.identity_provider.hosts.join(', '),
      },
      errors: logoFault && { fields: [{ name: 'file', message: logoFault }] },
      logoFault,
      logo: logo && `data:${logo.type};base64,${logo.bytes.toString('base64')}`,
      routers: routers.map((one) => printRouter(one, reader)),
      busy: routers.some(({ state }) => state === 'waiting' || state === 'running'),
      logoHelp: t('sites.logo_help', { kb: LOGO_MAX_BYTES / 1024 }),
      mayWrite: person.actor.permissions.has('sites.write'),
    },
    { status: logoFault ? 422 : 200 },
  );
}

/** A router of the site with what became of its pages. */
function printRouter(one: RouterPages, reader: Reader) {
  const { t } = reader;
  const outcome = { none: 'waiting', waiting: 'waiting', running: 'waiting', done: 'done', failed: 'failed' } as const;
  return {
    name: one.router,
    href: `/routers/${one.router_id}`,
    badge: one.state === 'none' ? undefined : outcomeBadge(outcome[one.state], reader),
    said:
      one.state === 'failed'
        ? t(`sites.fault_${one.fault}`)
        : t(`sites.pages_${one.state}`, { done: one.files_done, all: one.files_all }),
    detail: one.detail,
    shown: one.shown_at === null ? '' : t('sites.shown_since', { at: formatMoment(new Date(one.shown_at), reader) }),
  };
}

export const pageRoutes = [
  ...siteList,
  ...captiveRoutes,
  ...formRoutes,
  ...identityRoutes,
  pageRoute({
    method: 'GET',
    path: '/sites/:id',
    permission: 'sites.read',
    run: (ctx, { params }, web, person) => sitePage(ctx, params.id, web, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/sites/:id/logo',
    permission: 'sites.write',
    // More than is kept, so that a picture that is too large is answered with words beside the field.
    upload: 2_000_000,
    async run(ctx, { params, file }, web, person) {
      if (!(await findSite(ctx, { id: params.id }))) throw notFound('That site');
      const { t } = readerFor(ctx, person);
      if (!file) return sitePage(ctx, params.id, web, person, t('sites.logo_needed'));
      const outcome = await setLogo(ctx, params.id, file.bytes);
      if (outcome === 'done') return seeOther(`/sites/${params.id}`);
      return sitePage(ctx, params.id, web, person, t(`sites.logo_${outcome}`, { kb: LOGO_MAX_BYTES / 1024 }));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/sites/:id/logo/remove',
    permission: 'sites.write',
    async run(ctx, { params }) {
      if ((await setLogo(ctx, params.id, undefined)) === 'not_found') throw notFound('That site');
      return seeOther(`/sites/${params.id}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/sites/:id/remove',
    permission: 'sites.write',
    async run(ctx, { params }) {
      if ((await removeSite(ctx, params.id)) === 'not_found') throw notFound('That site');
      return seeOther('/sites');
    },
  }),
];
