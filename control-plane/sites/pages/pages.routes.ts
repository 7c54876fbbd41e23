import { z } from 'zod';
import { bytesFile, pageRoute, publicPage, seeOther, view } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { readerFor } from '../../ui';
import { findSite } from '../queries';
import { siteLanguages, type SiteLanguage } from '../schema';
import { deployPages, pagesOf } from './deploy-pages';
import { previewErrors, previewPage, previewPages } from './preview';
import { wordsOfError } from './render-pages';

const asked = z.object({
  page: z.enum(previewPages).default('login'),
  lang: z.enum(siteLanguages).optional(),
  error: z
    .union([z.literal(''), z.enum(previewErrors)])
    .optional()
    .transform((error) => (error === '' ? undefined : error)),
});

/** The console's policy, and a frame of our own. */
const WITH_FRAME =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'";
/** The page in the frame is a drawing: it runs nothing, sends nothing and asks nobody. */
const DRAWING =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox";

export const captiveRoutes = [
  pageRoute({
    method: 'POST',
    path: '/sites/:id/deploy',
    permission: 'sites.write',
    async run(ctx, { params }) {
      if ((await deployPages(ctx, params.id)) === undefined) throw notFound('That site');
      return seeOther(`/sites/${params.id}#routers`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sites/:id/preview',
    permission: 'sites.read',
    query: asked,
    async run(ctx, { params, query }, _web, person) {
      const { t } = readerFor(ctx, person);
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('That site');
      const lang = shownIn(site.languages, query.lang);
      const here = { page: query.page, lang, ...(query.error && { error: query.error }) };
      const link = (change: Record<string, string | undefined>): string => {
        const all = Object.entries({ ...here, ...change }).filter(([, value]) => value !== undefined);
        return `/sites/${site.id}/preview?${new URLSearchParams(all).toString()}`;
      };
      return view(
        'sites/preview',
        {
          title: t('sites.preview_of', { name: site.name }),
          site,
          frame: link({}).replace('/preview?', '/preview/frame?'),
          pages: previewPages.map((page) => ({
            href: link({ page, error: undefined }),
            text: t(`sites.page_${page}`),
            current: page === query.page,
          })),
          languages: site.languages.map((one) => ({
            href: link({ lang: one }),
            text: t(`sites.language_${one}`),
            current: one === lang,
          })),
          errors: previewErrors.map((error) => ({
            value: error,
            label: wordsOfError(error, lang),
            selected: error === query.error,
          })),
          query: { page: query.page === 'error' ? 'error' : 'login', lang },
        },
        { headers: { 'Content-Security-Policy': WITH_FRAME } },
      );
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sites/:id/preview/frame',
    permission: 'sites.read',
    query: asked,
    async run(ctx, { params, query }, web) {
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('That site');
      const set = await pagesOf(ctx, site, web.publicUrl, undefined);
      const [main = 'en'] = site.languages;
      const html = previewPage(set, query.page, shownIn(site.languages, query.lang), main, query.error);
      if (html === undefined) throw notFound('That page');
      return view('sites/frame', { layout: null, html }, { headers: { 'Content-Security-Policy': DRAWING } });
    },
  }),
  publicPage({
    method: 'GET',
    path: '/sites/pages/:hash/:at',
    weight: 'file',
    async run(call, { params }) {
      const { hash, at } = params;
      if (!/^[0-9a-f]{64}$/.test(hash) || !/^\d{1,3}$/.test(at)) throw notFound('That page');
      const [row] = await call.db.outside.$queryRaw<{ base64: string | null }[]>`
        SELECT site_page_file(${hash}, ${Number(at)}::integer) AS base64`;
      if (!row?.base64) throw notFound('That page');
      return bytesFile(`page-${at}`, 'application/octet-stream', Buffer.from(row.base64, 'base64'));
    },
  }),
];

function shownIn(languages: SiteLanguage[], wanted: SiteLanguage | undefined): SiteLanguage {
  return wanted && languages.includes(wanted) ? wanted : (languages[0] ?? 'en');
}
