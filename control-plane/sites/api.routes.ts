import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { findSite, listSites } from './queries';
import { changeSite, createSite, removeSite, type SiteOutcome } from './save-site';
import { newSite, siteAnswer, siteChange, type Site } from './schema';

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
];
