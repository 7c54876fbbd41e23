import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery, type Page } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { activateSubscription } from './activate-subscription';
import { changePlan, previewPlanChange } from './change-plan';
import { changeSubscription } from './change-subscription';
import { createSubscription, type CreateOutcome } from './create-subscription';
import { endSubscription } from './end-subscription';
import { extendSubscription } from './extend-subscription';
import { pauseSubscription } from './pause-subscription';
import { findSubscription, listSubscriptions } from './queries';
import { renewFromWallet, renewSubscription } from './renew-subscription';
import { resumeSubscription } from './resume-subscription';
import {
  changePlanInput,
  extendInput,
  newSubscription,
  newSubscriptionOfClient,
  planChangeAnswer,
  planChangeQuery,
  renewInput,
  subscriptionAnswer,
  subscriptionPatch,
  suspendInput,
  topUpInput,
  type Subscription,
} from './schema';
import { planChangeOf } from './plan-change.view';
import { lockSubscription, type Outcome } from './standing';
import { subscriptionStates } from './states';
import { suspendSubscription } from './suspend-subscription';
import { topUpSubscription } from './top-up-subscription';

const filters = listQuery.extend({
  state: z.enum(subscriptionStates).optional(),
  client_id: idField.optional(),
  package_id: idField.optional(),
  username: z.string().max(128).optional(),
});
const listAnswer = z.object({ items: z.array(subscriptionAnswer), nextCursor: z.string().nullable() });

/** The subscription as it stands after a command, or the command's refusal as an error. */
async function answer(ctx: Context, id: bigint, outcome: Outcome | CreateOutcome): Promise<Subscription> {
  switch (outcome.kind) {
    case 'not_found':
      throw notFound('This subscription');
    case 'refused':
      throw conflict(outcome.code, outcome.message, outcome.fields);
    case 'invalid':
      throw invalid(outcome.fields);
    case 'done': {
      const found = await findSubscription(ctx, id);
      if (!found) throw notFound('This subscription');
      return found;
    }
  }
}

function list(ctx: Context, query: z.output<typeof filters>, clientId = query.client_id): Promise<Page<Subscription>> {
  const { cursor, ...rest } = query;
  return listSubscriptions(ctx, { ...rest, client_id: clientId, before: cursorId(cursor) });
}

async function mustBeClient(ctx: Context, id: bigint): Promise<void> {
  if (!(await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null } }))) throw notFound('This client');
}

const records = [
  route({
    method: 'GET',
    path: '/subscriptions',
    permission: 'subscriptions.read',
    summary: 'List subscriptions with their present state',
    query: filters,
    answer: listAnswer,
    run: (ctx, { query }) => list(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/subscriptions',
    permission: 'subscriptions.write',
    summary: 'Sell a package to a client; it is pending until paid or activated',
    body: newSubscription,
    answer: subscriptionAnswer,
    run: async (ctx, { body }) => {
      const outcome = await createSubscription(ctx, body);
      return answer(ctx, outcome.kind === 'done' ? outcome.id : 0n, outcome);
    },
  }),
  route({
    method: 'GET',
    path: '/clients/:id/subscriptions',
    permission: 'subscriptions.read',
    summary: 'List the subscriptions of a client',
    query: filters,
    answer: listAnswer,
    run: async (ctx, { params, query }) => {
      await mustBeClient(ctx, params.id);
      return list(ctx, query, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/clients/:id/subscriptions',
    permission: 'subscriptions.write',
    summary: 'Sell a package to this client',
    body: newSubscriptionOfClient,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) => {
      await mustBeClient(ctx, params.id);
      const outcome = await createSubscription(ctx, { ...body, client_id: params.id });
      return answer(ctx, outcome.kind === 'done' ? outcome.id : 0n, outcome);
    },
  }),
  route({
    method: 'GET',
    path: '/subscriptions/:id',
    permission: 'subscriptions.read',
    summary: 'Show a subscription',
    answer: subscriptionAnswer,
    run: (ctx, { params }) => answer(ctx, params.id, { kind: 'done' }),
  }),
  route({
    method: 'PATCH',
    path: '/subscriptions/:id',
    permission: 'subscriptions.write',
    summary: 'Change username, password, static address or MAC lock',
    body: subscriptionPatch,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) => answer(ctx, params.id, await changeSubscription(ctx, params.id, body)),
  }),
];

const actions = [
  route({
    method: 'POST',
    path: '/subscriptions/:id/activate',
    permission: 'subscriptions.write',
    summary: 'Begin a pending subscription without a payment',
    status: 200,
    answer: subscriptionAnswer,
    run: async (ctx, { params }) => answer(ctx, params.id, await activateSubscription(ctx, params.id)),
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/end',
    permission: 'subscriptions.write',
    summary: 'End a subscription for good; the fee of a contract that is not over is taken from the wallet, or waived',
    status: 200,
    body: z.object({ early_fee: z.enum(['charge', 'waive']).default('charge') }),
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) => answer(ctx, params.id, await endSubscription(ctx, params.id, body.early_fee)),
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/renew',
    permission: 'subscriptions.write',
    summary: 'Give one more validity without a payment, or buy it from the wallet',
    status: 200,
    body: renewInput,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) => {
      const renew = body.pay === 'wallet' ? renewFromWallet : renewSubscription;
      return answer(ctx, params.id, await renew(ctx, params.id));
    },
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/extend',
    permission: 'subscriptions.write',
    summary: 'Give extra time',
    status: 200,
    body: extendInput,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) => answer(ctx, params.id, await extendSubscription(ctx, params.id, body)),
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/suspend',
    permission: 'subscriptions.suspend',
    summary: 'Shut the gate by hand',
    status: 200,
    body: suspendInput,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) =>
      answer(ctx, params.id, await suspendSubscription(ctx, params.id, body.reason)),
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/resume',
    permission: 'subscriptions.suspend',
    summary: 'Undo a suspension or a pause',
    status: 200,
    answer: subscriptionAnswer,
    run: async (ctx, { params }) => answer(ctx, params.id, await resumeSubscription(ctx, params.id)),
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/pause',
    permission: 'subscriptions.write',
    summary: 'Stop service and its clock',
    status: 200,
    answer: subscriptionAnswer,
    run: async (ctx, { params }) => answer(ctx, params.id, await pauseSubscription(ctx, params.id)),
  }),
  route({
    method: 'GET',
    path: '/subscriptions/:id/change-plan',
    permission: 'subscriptions.read',
    summary: 'Show what a change of plan would come to, before it happens',
    query: planChangeQuery,
    answer: planChangeAnswer,
    run: async (ctx, { params, query }) => {
      const sub = await lockSubscription(ctx, params.id);
      if (!sub) throw notFound('This subscription');
      const preview = await previewPlanChange(ctx, sub, query.package_id ?? sub.plan.plan_id);
      if (preview.kind === 'not_on_sale')
        throw invalid({ package_id: 'is not on sale; list /api/packages for what is' });
      return planChangeOf(preview);
    },
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/change-plan',
    permission: 'subscriptions.write',
    summary: 'Move to another package, now or at renewal',
    status: 200,
    body: changePlanInput,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) =>
      answer(
        ctx,
        params.id,
        await changePlan(ctx, params.id, {
          packageId: body.package_id,
          when: body.when,
          settle: body.settle,
          asOf: body.as_of,
        }),
      ),
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/top-up',
    permission: 'subscriptions.write',
    summary: 'Add bytes to the running cycle',
    status: 200,
    body: topUpInput,
    answer: subscriptionAnswer,
    run: async (ctx, { params, body }) =>
      answer(ctx, params.id, await topUpSubscription(ctx, params.id, BigInt(body.bytes))),
  }),
];

export const apiRoutes = [...records, ...actions];
