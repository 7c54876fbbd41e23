import { z } from 'zod';
import type { Context } from '../platform/context';
import { conflict, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { eventNames, eventSentences } from './catalogue';
import { changeEndpoint } from './change-endpoint';
import { createEndpoint } from './create-endpoint';
import { findDelivery, findEndpoint, listDeliveries, listEndpoints } from './queries';
import { removeEndpoint } from './remove-endpoint';
import { replayDelivery, replaySpan, sendTest } from './replay-deliveries';
import { rotateSecret } from './rotate-secret';
import {
  deliveryAnswer,
  deliveryQuery,
  deliveryWithAttempts,
  endpointAnswer,
  endpointPatch,
  endpointWithSecret,
  newEndpoint,
  replayInput,
  rotateInput,
  type DeliveryWithAttempts,
  type Endpoint,
} from './schema';

async function mustFind(ctx: Context, id: bigint): Promise<Endpoint> {
  const found = await findEndpoint(ctx, id);
  if (!found) throw notFound('This webhook endpoint');
  return found;
}

async function mustFindDelivery(ctx: Context, id: bigint): Promise<DeliveryWithAttempts> {
  const found = await findDelivery(ctx, id);
  if (!found) throw notFound('This delivery');
  return found;
}

const endpoints = [
  route({
    method: 'GET',
    path: '/webhooks',
    permission: 'webhooks.read',
    summary: 'List webhook endpoints',
    answer: z.object({ items: z.array(endpointAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: await listEndpoints(ctx), nextCursor: null }),
  }),
  route({
    method: 'POST',
    path: '/webhooks',
    permission: 'webhooks.write',
    summary: 'Register an endpoint; the answer holds the signing secret, which is told this once',
    body: newEndpoint,
    answer: endpointWithSecret,
    run: async (ctx, { body }) => {
      const made = await createEndpoint(ctx, body);
      if (made.kind === 'too_many')
        throw conflict('too_many', `A company has at most ${made.most} webhook endpoints. Remove one first.`);
      return new Reply(201, { ...(await mustFind(ctx, made.id)), secret: made.secret }, {}, 'told_once');
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/events',
    permission: 'webhooks.read',
    summary: 'List the events that can be asked for',
    answer: z.object({
      items: z.array(z.object({ type: z.enum(eventNames), sentence: z.string() })),
      nextCursor: z.null(),
    }),
    run: async () => ({
      items: eventNames.map((type) => ({ type, sentence: eventSentences[type] })),
      nextCursor: null,
    }),
  }),
  route({
    method: 'GET',
    path: '/webhooks/:id',
    permission: 'webhooks.read',
    summary: 'Show an endpoint',
    answer: endpointAnswer,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'PATCH',
    path: '/webhooks/:id',
    permission: 'webhooks.write',
    summary: 'Change address, events or description; pause, or bring back',
    body: endpointPatch,
    answer: endpointAnswer,
    run: async (ctx, { params, body }) => {
      const outcome = await changeEndpoint(ctx, params.id, body);
      if (outcome.kind === 'not_found') throw notFound('This webhook endpoint');
      if (outcome.kind === 'changed_meanwhile')
        throw conflict('changed_meanwhile', 'Somebody changed this endpoint meanwhile. Read it again, then change it.');
      return mustFind(ctx, params.id);
    },
  }),
  route({
    method: 'DELETE',
    path: '/webhooks/:id',
    permission: 'webhooks.write',
    summary: 'Remove an endpoint with its deliveries',
    run: async (ctx, { params }) => {
      if ((await removeEndpoint(ctx, params.id)) === 'not_found') throw notFound('This webhook endpoint');
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/:id/rotate-secret',
    permission: 'webhooks.write',
    summary: 'Make a new signing secret; the one before it signs too for a while',
    status: 200,
    body: rotateInput,
    answer: endpointWithSecret,
    run: async (ctx, { params, body }) => {
      const outcome = await rotateSecret(ctx, params.id, body.overlap_hours);
      if (outcome.kind === 'not_found') throw notFound('This webhook endpoint');
      return new Reply(200, { ...(await mustFind(ctx, params.id)), secret: outcome.secret }, {}, 'told_once');
    },
  }),
];

const deliveries = [
  route({
    method: 'POST',
    path: '/webhooks/:id/test',
    permission: 'webhooks.write',
    summary: 'Send a test message to this endpoint',
    status: 202,
    answer: deliveryWithAttempts,
    run: async (ctx, { params }) => {
      const delivery = await sendTest(ctx, params.id);
      if (delivery === undefined) throw notFound('This webhook endpoint');
      return mustFindDelivery(ctx, delivery);
    },
  }),
  route({
    method: 'POST',
    path: '/webhooks/:id/replay',
    permission: 'webhooks.write',
    summary: 'Send again what was told in a span of time, under the same message ids',
    status: 202,
    body: replayInput,
    answer: z.object({ count: z.int() }),
    run: async (ctx, { params, body }) => {
      const until = body.until === undefined ? ctx.now : new Date(body.until);
      const count = await replaySpan(ctx, params.id, { since: new Date(body.since), until, which: body.which });
      if (count === undefined) throw notFound('This webhook endpoint');
      return { count };
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/:id/deliveries',
    permission: 'webhooks.read',
    summary: 'List what was sent to an endpoint, newest first; kept for 30 days',
    query: deliveryQuery,
    answer: z.object({ items: z.array(deliveryAnswer), nextCursor: z.string().nullable() }),
    run: async (ctx, { params, query }) => {
      await mustFind(ctx, params.id);
      return listDeliveries(ctx, params.id, query);
    },
  }),
  route({
    method: 'GET',
    path: '/webhooks/deliveries/:id',
    permission: 'webhooks.read',
    summary: 'Show a delivery: what was sent, and what came back at each try',
    answer: deliveryWithAttempts,
    run: (ctx, { params }) => mustFindDelivery(ctx, params.id),
  }),
  route({
    method: 'POST',
    path: '/webhooks/deliveries/:id/replay',
    permission: 'webhooks.write',
    summary: 'Send a delivery again, under the same message id',
    status: 202,
    answer: deliveryWithAttempts,
    run: async (ctx, { params }) => {
      if ((await replayDelivery(ctx, params.id)) === 'not_found') throw notFound('This delivery');
      return mustFindDelivery(ctx, params.id);
    },
  }),
];

export const apiRoutes = [...endpoints, ...deliveries];
