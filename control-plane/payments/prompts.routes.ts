import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Context } from '../platform/context';
import { conflict, invalid, notFound, tooMany } from '../platform/http/problem';
import { Reply, route, type ApiRoute, type Call } from '../platform/http/route';
import { buyerOf } from './find-buyer';
import { providerOf } from './providers';
import { findPayment } from './queries';
import { requestPayment, type Requested } from './request-payment';
import { saveProvider, seeProvider } from './save-provider';
import { newPayment, paymentWithTimeline, type PaymentWithTimeline } from './schema';

/** A prompt is out after a second or three; whoever asked is told the provider's name for it rather than that it will be. */
const WAIT_MS = 6_000;
const LOOK_EVERY_MS = 60;

function idOf(outcome: Requested): bigint {
  switch (outcome.kind) {
    case 'done':
    case 'under_way':
      return outcome.id;
    case 'too_soon':
      throw tooMany(
        outcome.wait_s,
        `This phone was prompted less than a minute ago. Wait ${outcome.wait_s} s, or let the customer answer that prompt.`,
      );
    case 'ended':
      throw conflict(
        'is_ended',
        'This subscription has ended for good and can take no money. Make a new subscription and ask for its payment.',
      );
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

async function mustFind(ctx: Context, id: bigint): Promise<PaymentWithTimeline> {
  const found = await findPayment(ctx, id);
  if (!found) throw notFound('This payment');
  return found;
}

const request = route({
  method: 'POST',
  path: '/billing/payments',
  permission: 'payments.write',
  summary: 'Ask a customer for money by a provider: their phone is prompted, and what they pay renews the subscription',
  body: newPayment,
  answer: paymentWithTimeline,
  async run(ctx, { body }) {
    const buyer = await buyerOf(ctx, body);
    if (buyer.kind === 'invalid') throw invalid(buyer.fields);
    return mustFind(ctx, idOf(await requestPayment(ctx, { ...body, subscription_id: buyer.subscriptionId })));
  },
});

/** After the transaction that wrote it down: waits until the queue has handed it to the provider, in transactions of their own. */
async function whenSent(call: Call, made: PaymentWithTimeline): Promise<PaymentWithTimeline> {
  const { person } = call;
  if (!person) return made;
  const opening = { tenantId: person.tenant.id, actor: person.actor, requestId: call.requestId };
  const end = Date.now() + WAIT_MS;
  for (let seen = made; ;) {
    if (seen.state !== 'created' || Date.now() > end) return seen;
    await sleep(LOOK_EVERY_MS);
    seen = await call.db.inTenant(opening, (ctx) => mustFind(ctx, BigInt(made.id)));
  }
}

const settingsAnswer = z.looseObject({
  provider: z.string(),
  configured: z.boolean(),
  secrets: z.array(z.string()).meta({ description: 'names of the secrets that are kept; what they are is never told' }),
  fault: z.string().nullable(),
});

function mustKnow(name: string) {
  const provider = providerOf(name);
  if (!provider) throw notFound('This provider');
  return provider;
}

async function settingsOf(ctx: Context, name: string) {
  const { settings, ...seen } = await seeProvider(ctx, mustKnow(name));
  return { ...settings, ...seen };
}

export const promptRoutes: ApiRoute[] = [
  {
    ...request,
    async perform(call) {
      const made = (await request.perform(call)) as PaymentWithTimeline | Reply;
      if (!(made instanceof Reply)) return whenSent(call, made);
      // A repeat under the same key: the same payment, as it stands now.
      const first = paymentWithTimeline.safeParse(made.body);
      return first.success ? new Reply(made.status, await whenSent(call, first.data), made.headers) : made;
    },
  },
  route({
    method: 'GET',
    path: '/settings/payments/:provider',
    permission: 'payments.settings',
    summary: 'Show a company’s account with a payment provider, without its secrets',
    answer: settingsAnswer,
    run: (ctx, { params }) => settingsOf(ctx, params.provider),
  }),
  route({
    method: 'PUT',
    path: '/settings/payments/:provider',
    permission: 'payments.settings',
    summary: 'Set up a company’s account with a payment provider; secrets that are left out stay',
    body: z.record(z.string(), z.unknown()),
    answer: settingsAnswer,
    async run(ctx, { params, body }) {
      const outcome = await saveProvider(ctx, mustKnow(params.provider), body);
      if (outcome.kind === 'invalid') throw invalid(outcome.fields);
      return settingsOf(ctx, params.provider);
    },
  }),
];
