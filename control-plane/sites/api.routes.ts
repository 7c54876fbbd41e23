import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { publicRoute, Reply, route } from '../platform/http/route';
import { hostsOfProvider, removeIdentityProvider, saveIdentityProvider } from './identity-provider';
import { deployPages, listRouterPages } from './pages/deploy-pages';
import { findSite, findSiteDoor, listSites } from './queries';
import { changeSite, createSite, removeSite, type SiteOutcome } from './save-site';
import { newSite, providerChange, routerPagesAnswer, siteAnswer, siteChange, type Site } from './schema';

function answer(outcome: SiteOutcome): Site {
  switch (outcome.kind) {
    case 'done':
      return outcome.site;
    case 'not_found':
      throw notFound('This site');
    case 'name_taken':
      throw conflict('name_taken', 'A site of this name is there already.', { name: 'is another site’s' });
    case 'slug_taken':
      throw conflict('slug_taken', 'This address is taken. Choose another, or leave it out.', { slug: 'is taken' });
    case 'changed_meanwhile':
      throw conflict('changed_meanwhile', `Somebody changed it; it is at version ${outcome.version}. Read it again.`);
    case 'router_taken':
      throw conflict(
        'router_taken',
        `The router ${outcome.router} serves the site ${outcome.site}. Take it away there first.`,
        { router_ids: 'names a router of another site' },
      );
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/sites',
    permission: 'sites.read',
    summary: 'List the places with a hotspot',
    query: listQuery,
    answer: z.object({ items: z.array(siteAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listSites(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/sites',
    permission: 'sites.write',
    summary: 'Make a site; without a slug its address is made of its name',
    body: newSite,
    answer: siteAnswer,
    run: async (ctx, { body }) => answer(await createSite(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/sites/:id',
    permission: 'sites.read',
    summary: 'Show a site',
    answer: siteAnswer,
    async run(ctx, { params }) {
      const site = await findSite(ctx, { id: params.id });
      if (!site) throw notFound('This site');
      return site;
    },
  }),
  route({
    method: 'PUT',
    path: '/sites/:id',
    permission: 'sites.write',
    summary: 'Change a site; send the version that was read',
    body: siteChange,
    answer: siteAnswer,
    run: async (ctx, { params, body }) => answer(await changeSite(ctx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/sites/:id',
    permission: 'sites.write',
    summary: 'Forget a site; its routers keep the pages that they have',
    run: async (ctx, { params }) => {
      if ((await removeSite(ctx, params.id)) === 'not_found') throw notFound('This site');
    },
  }),
  route({
    method: 'PUT',
    path: '/sites/:id/identity-provider',
    permission: 'sites.write',
    summary:
      'Have guests of a site sign in at an OpenID Connect provider, once it answers; without a secret the one that is kept stays',
    body: providerChange,
    answer: siteAnswer,
    before: ({ body }, { publicUrl }) => hostsOfProvider(body, publicUrl),
    async run(ctx, { params, body }, _person, hosts) {
      const outcome = await saveIdentityProvider(ctx, params.id, body, hosts);
      switch (outcome.kind) {
        case 'not_found':
          throw notFound('This site');
        case 'issuer_unreachable':
          throw invalid({ issuer: 'does not answer as an OpenID Connect provider of this name' });
        case 'secret_wanted':
          throw invalid({ client_secret: 'is needed for another issuer or client' });
        case 'saved':
          return findSite(ctx, { id: params.id });
      }
    },
  }),
  route({
    method: 'DELETE',
    path: '/sites/:id/identity-provider',
    permission: 'sites.write',
    summary: 'Have nobody sign in there any more; who is online stays',
    run: async (ctx, { params }) => {
      if ((await removeIdentityProvider(ctx, params.id)) === 'not_found') throw notFound('This site’s provider');
    },
  }),
  route({
    method: 'POST',
    path: '/sites/:id/deploy',
    permission: 'sites.write',
    summary: 'Have the pages of a site put on its routers; ask below how far they are',
    status: 202,
    answer: z.object({ routers: z.int() }),
    async run(ctx, { params }) {
      const routers = await deployPages(ctx, params.id);
      if (routers === undefined) throw notFound('This site');
      return { routers };
    },
  }),
  route({
    method: 'GET',
    path: '/sites/:id/deploy',
    permission: 'sites.read',
    summary: 'How far the pages of a site are on each of its routers',
    answer: z.object({ items: z.array(routerPagesAnswer), nextCursor: z.null() }),
    async run(ctx, { params }) {
      if (!(await findSite(ctx, { id: params.id }))) throw notFound('This site');
      return { items: await listRouterPages(ctx, params.id), nextCursor: null };
    },
  }),
  publicRoute({
    method: 'GET',
    path: '/sites/door/:slug',
    summary: 'Whether the shop of a site is open; asked by the login page on a router',
    answer: z.object({ open: z.literal(true) }),
    async run(call, { params }) {
      // The page that asks was served by a router, wherever that is.
      const headers = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
      const open = (await findSiteDoor(call.db.outside, params.slug)) !== undefined;
      return new Reply(
        open ? 200 : 404,
        open ? { open } : { error: { code: 'not_found', message: 'This site is not open.' } },
        headers,
      );
    },
  }),
];
