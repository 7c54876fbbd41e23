import type Stripe from 'stripe';
import { providerActor, type HookEvent, type HookOutcome, type HookReply, type HookTools } from '../../hooks';
import type { Context } from '../../platform/context';
import { bookMoney } from '../book-money';
import { noteFailure, noteUnclear } from '../note-outcome';
import { openSettings } from '../providers';
import type { Step } from '../record-step';
import { settlePayment } from '../settle-payment';
import { readEvent } from './events';
import { fromMinor } from './minor';
import { receiptOf, stripe } from './provider';
import { noteDispute, noteRefund } from './taken-back';

/** A refund may overtake the payment by some minutes. */
const TRIES = 8;

const opening = (event: HookEvent) => ({
  tenantId: event.tenantId,
  actor: providerActor(event),
  requestId: `hook-${event.id}`,
});

/** 400 for what is not signed: Stripe shows it to its owner, and sends it again for days. */
export function answerStripe(event: HookEvent, tools: HookTools): Promise<HookReply> {
  return tools.db.inTenant(opening(event), async (ctx) => {
    const settings = await openSettings(ctx, stripe);
    return settings && readEvent(settings, event)
      ? { status: 200, body: { received: true } }
      : { status: 400, body: { error: { code: 'signature', message: 'This event is not signed for this account.' } } };
  });
}

/** An event of Stripe's, once by its id, whatever order events come in. */
export function handleStripe(event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  return tools.db.inTenant(opening(event), async (ctx): Promise<HookOutcome> => {
    const settings = await openSettings(ctx, stripe);
    const told = settings && readEvent(settings, event);
    if (!told) return { kind: 'ignored', note: 'not signed for this account' };
    const fresh = await ctx.tx.$executeRaw`
      INSERT INTO payment_event (tenant_id, provider, event_id) VALUES (${ctx.tenantId}, 'stripe', ${told.id.slice(0, 200)}) ON CONFLICT DO NOTHING`;
    if (fresh !== 1) return { kind: 'done', note: 'told before' };
    const outcome = await handle(ctx, told, event.receivedAt);
    if (outcome.kind !== 'later') return outcome;
    // Somebody else's business on the same account, where it stays unknown.
    if (event.tries >= TRIES) return { kind: 'ignored', note: outcome.note };
    await ctx.tx.$executeRaw`
      DELETE FROM payment_event WHERE tenant_id = ${ctx.tenantId} AND provider = 'stripe' AND event_id = ${told.id.slice(0, 200)}`;
    return outcome;
  });
}

async function handle(ctx: Context, told: Stripe.Event, at: Date): Promise<HookOutcome> {
  // Stripe has hundreds of kinds; ours are those in events.ts.
  switch (told.type /* oxlint-disable-line typescript/switch-exhaustiveness-check */) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
      return sessionTold(ctx, told.type, told.data.object, at);
    case 'payment_intent.payment_failed':
      return declined(ctx, told.data.object, at);
    case 'refund.created':
    case 'refund.failed':
      return noteRefund(ctx, told.type, told.data.object, at);
    case 'charge.dispute.created':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
    case 'charge.dispute.closed':
      return noteDispute(ctx, told.type, told.data.object, at);
    default:
      return { kind: 'ignored', note: told.type };
  }
}

interface OrderRow {
  id: bigint;
  amount_cents: bigint;
  currency: string;
  provider_ref: string | null;
}

/** By our reference, which Stripe tells back: an event may overtake the answer that names the session. */
async function orderOf(ctx: Context, ref: string | null | undefined): Promise<OrderRow | undefined> {
  const [row] = await ctx.tx.$queryRaw<OrderRow[]>`
    SELECT id, amount_cents, currency, provider_ref FROM payment WHERE tenant_id = ${ctx.tenantId} AND method = 'stripe' AND account_ref = ${ref ?? ''}`;
  return row;
}

async function sessionTold(
  ctx: Context,
  type: string,
  session: Stripe.Checkout.Session,
  at: Date,
): Promise<HookOutcome> {
  const order = await orderOf(ctx, session.client_reference_id);
  if (!order) return { kind: 'ignored', note: 'of no order of ours' };
  const steps: Step[] = [{ step: 'called_back', detail: type, at }];
  const another = order.provider_ref !== null && order.provider_ref !== session.id;
  if (session.payment_status === 'paid') return paid(ctx, { order, session, another }, steps);
  // Another session of the same order says nothing about this one.
  if (!another && type === 'checkout.session.expired')
    await noteFailure(ctx, order.id, { code: 'expired', text: 'The page to pay on has run out.' }, steps);
  else if (!another && type === 'checkout.session.async_payment_failed')
    await noteFailure(ctx, order.id, { code: 'payment_failed', text: 'The customer\u2019s bank did not pay.' }, steps);
  else await noteUnclear(ctx, order.id, steps, undefined);
  return { kind: 'done', note: session.payment_status };
}

async function paid(
  ctx: Context,
  { order, session, another }: { order: OrderRow; session: Stripe.Checkout.Session; another: boolean },
  steps: Step[],
): Promise<HookOutcome> {
  const currency = (session.currency ?? '').toUpperCase();
  const amount_cents = session.amount_total === null ? 0n : fromMinor(session.amount_total, currency);
  const { receipt } = receiptOf(session);
  const doubts = [
    another && 'order',
    receipt === undefined && 'no receipt',
    amount_cents !== order.amount_cents && 'amount',
    currency !== order.currency && 'currency',
  ].filter((doubt) => doubt !== false);
  if (doubts.length > 0 || receipt === undefined) {
    steps.push({ step: 'doubted', detail: doubts.join(', ') });
    await noteUnclear(ctx, order.id, steps, undefined);
    return { kind: 'done', note: `doubted: ${doubts.join(', ')}` };
  }
  const settled = await settlePayment(ctx, order.id, { receipt, amount_cents, source: 'callback' }, steps);
  if (settled.kind !== 'other_receipt') return { kind: 'done', note: settled.kind };
  // Paid twice: the second is money of theirs too.
  const money = {
    method: 'stripe' as const,
    receipt,
    amount_cents,
    currency,
    payer: undefined,
    payerName: '',
    at: undefined,
  };
  const booked = await bookMoney(ctx, { ...money, billRef: session.client_reference_id ?? '' }, 'callback', true);
  return { kind: 'done', note: `second receipt ${booked.kind}` };
}

/** A card was declined; the page stays open and the customer may try another. */
async function declined(ctx: Context, intent: Stripe.PaymentIntent, at: Date): Promise<HookOutcome> {
  const order = await orderOf(ctx, intent.metadata['order']);
  if (!order) return { kind: 'ignored', note: 'of no order of ours' };
  const why = intent.last_payment_error;
  const detail = [why?.decline_code ?? why?.code, why?.message].filter(Boolean).join(' ');
  await noteUnclear(ctx, order.id, [{ step: 'declined', detail: detail || null, at }], undefined);
  return { kind: 'done', note: 'declined' };
}
