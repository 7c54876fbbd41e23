import { z } from 'zod';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { findPool, listPools } from './queries';
import { changePool, createPool, removePool, type PoolOutcome } from './save-pool';
import { newPool, poolAnswer, poolChange, type Pool } from './schema';

function answer(outcome: PoolOutcome): Pool {
  switch (outcome.kind) {
    case 'done':
      return outcome.pool;
    case 'not_found':
      throw notFound('This pool');
    case 'name_taken':
      throw conflict('name_taken', 'A pool of this name is known already.', { name: 'is another pool’s' });
    case 'changed_meanwhile':
      throw conflict('changed_meanwhile', `Somebody changed it; it is at version ${outcome.version}. Read it again.`);
    case 'overlaps':
      throw conflict(
        'overlaps',
        `It overlaps the pool ${outcome.pool} on the same router. Give each addresses of its own.`,
      );
    case 'holds_static':
      throw conflict(
        'holds_static',
        `${outcome.address} is the own address of ${outcome.username}; a router would give it to somebody else. Leave it out of the ranges.`,
      );
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/pools',
    permission: 'pools.read',
    summary: 'List address pools with what is in use now and at the fullest',
    answer: z.object({ items: z.array(poolAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: await listPools(ctx), nextCursor: null }),
  }),
  route({
    method: 'POST',
    path: '/pools',
    permission: 'pools.write',
    summary: 'Make an address pool of the routers known',
    body: newPool,
    answer: poolAnswer,
    run: async (ctx, { body }) => answer(await createPool(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/pools/:id',
    permission: 'pools.read',
    summary: 'Show an address pool',
    answer: poolAnswer,
    run: async (ctx, { params }) => {
      const found = await findPool(ctx, params.id);
      if (!found) throw notFound('This pool');
      return found;
    },
  }),
  route({
    method: 'PUT',
    path: '/pools/:id',
    permission: 'pools.write',
    summary: 'Change an address pool; send the version that was read',
    body: poolChange,
    answer: poolAnswer,
    run: async (ctx, { params, body }) => answer(await changePool(ctx, params.id, body.version, body)),
  }),
  route({
    method: 'DELETE',
    path: '/pools/:id',
    permission: 'pools.write',
    summary: 'Forget an address pool; the one on the router stays',
    run: async (ctx, { params }) => {
      if ((await removePool(ctx, params.id)) === 'not_found') throw notFound('This pool');
    },
  }),
];
