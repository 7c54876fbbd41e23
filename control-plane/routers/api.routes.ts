import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { changeRouter } from './change-router';
import { createRouter, type RouterOutcome } from './create-router';
import { deleteRouter } from './delete-router';
import { findRouter, listRouters } from './queries';
import { newRouter, routerAnswer, routerPatch, type Router } from './schema';

/** The router as it stands, or the refusal. A clash never says whose address it is: that would tell one company about another. */
async function answer(ctx: Context, outcome: RouterOutcome): Promise<Router> {
  switch (outcome.kind) {
    case 'not_found':
      throw notFound('This router');
    case 'changed_meanwhile':
      throw conflict(
        'changed_meanwhile',
        'Somebody else changed this router since you read it. Read it again and repeat your change.',
      );
    case 'name_taken':
      throw conflict('name_taken', 'One of your routers has this name already. Choose another name.', {
        name: 'is taken by another router',
      });
    case 'address_taken':
      throw conflict(
        'address_taken',
        'This address speaks for a router on this installation already. Give this router an address of its own: through its own tunnel, or with /radius set src-address. Several of your own behind one address each need a realm.',
        { address: 'is in use by a router' },
      );
    case 'shared_differs':
      throw conflict(
        'shared_differs',
        'Another router of yours has this address. Routers behind one address have one secret, one make and one signature policy: give the same here.',
        { address: 'is shared with a router that has another secret, make or policy' },
      );
    case 'rotating':
      throw conflict(
        'rotating',
        'The secrets of this router are being replaced. Wait until that is over (GET /api/routers/:id/rotation), or make a new line for it.',
      );
    case 'done': {
      const found = await findRouter(ctx, outcome.id);
      if (!found) throw notFound('This router');
      return found;
    }
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/routers',
    permission: 'routers.read',
    summary: 'List routers and what was last heard of them',
    query: listQuery,
    answer: z.object({ items: z.array(routerAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listRouters(ctx, { q: query.q, limit: query.limit, before: cursorId(query.cursor) }),
  }),
  route({
    method: 'POST',
    path: '/routers',
    permission: 'routers.write',
    summary: 'Take in a router',
    body: newRouter,
    answer: routerAnswer,
    run: async (ctx, { body }) => answer(ctx, await createRouter(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/routers/:id',
    permission: 'routers.read',
    summary: 'Show a router',
    answer: routerAnswer,
    run: (ctx, { params }) => answer(ctx, { kind: 'done', id: params.id }),
  }),
  route({
    method: 'PATCH',
    path: '/routers/:id',
    permission: 'routers.write',
    summary: 'Change a router; it acts within 2 s',
    body: routerPatch,
    answer: routerAnswer,
    run: async (ctx, { params, body }) => answer(ctx, await changeRouter(ctx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/routers/:id',
    permission: 'routers.write',
    summary: 'Remove a router; it acts within 2 s',
    run: async (ctx, { params }) => {
      if ((await deleteRouter(ctx, params.id)) === 'not_found') throw notFound('This router');
    },
  }),
];
