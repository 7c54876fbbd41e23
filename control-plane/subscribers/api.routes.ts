import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { changeSubscriber } from './change-subscriber';
import { createSubscriber, type SubscriberOutcome } from './create-subscriber';
import { personalDataRoutes } from './personal-data.routes';
import { findSubscriber, listSubscribers } from './queries';
import { removeSubscriber } from './remove-subscriber';
import { newSubscriber, subscriberAnswer, subscriberPatch, type Subscriber } from './schema';

function answer(outcome: SubscriberOutcome): Subscriber {
  switch (outcome.kind) {
    case 'done':
      return outcome.subscriber;
    case 'not_found':
      throw notFound('This client');
    case 'changed_meanwhile':
      throw conflict(
        'changed_meanwhile',
        'Somebody else changed this client since you read it. Read it again and repeat your change.',
      );
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/clients',
    permission: 'subscribers.read',
    summary: 'List clients',
    query: listQuery,
    answer: z.object({ items: z.array(subscriberAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listSubscribers(ctx, { q: query.q, limit: query.limit, before: cursorId(query.cursor) }),
  }),
  route({
    method: 'POST',
    path: '/clients',
    permission: 'subscribers.write',
    summary: 'Take in a client',
    body: newSubscriber,
    answer: subscriberAnswer,
    run: async (ctx, { body }) => answer(await createSubscriber(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/clients/:id',
    permission: 'subscribers.read',
    summary: 'Show a client',
    answer: subscriberAnswer,
    run: async (ctx, { params }) => {
      const found = await findSubscriber(ctx, params.id);
      if (!found) throw notFound('This client');
      return found;
    },
  }),
  route({
    method: 'PATCH',
    path: '/clients/:id',
    permission: 'subscribers.write',
    summary: 'Change a client',
    body: subscriberPatch,
    answer: subscriberAnswer,
    run: async (ctx, { params, body }) => answer(await changeSubscriber(ctx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/clients/:id',
    permission: 'subscribers.remove',
    summary: 'Remove a client and end their service',
    run: async (ctx, { params }) => {
      if ((await removeSubscriber(ctx, params.id)) === 'not_found') throw notFound('This client');
    },
  }),
  ...personalDataRoutes,
];
