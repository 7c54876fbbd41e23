import { providerActor, type HookEvent, type HookOutcome, type HookTools } from '../../hooks';
import type { PrismaClient } from '../../platform/db/generated/client';
import type { Context } from '../../platform/context';
import { bookMoney } from '../book-money';
import { isPayer } from '../msisdn';
import { noteFailure, noteUnclear } from '../note-outcome';
import { unsealSettings, type KeptSettings } from '../providers';
import type { Step } from '../record-step';
import { settlePayment, type Proof } from '../settle-payment';
import { settleTogether, type Paid } from '../settle-together';
import { payerText } from '../book-money';
import { readStkCallback, type StkCallback } from './callback';
import { readOutcome } from './outcome';
import { mpesa } from './provider';
import { isBelieved, type MpesaSettings } from './settings';

/** What never changes of an order, and what a callback about it is held against. */
interface OrderRow {
  id: bigint;
  provider_ref: string;
  subscriber_id: bigint;
  subscription_id: bigint | null;
  reseller_id: bigint | null;
  phone: string | null;
  amount_cents: bigint;
  provider_ref2: string | null;
}

/** Orders by the names that Safaricom gave them, beside the company's account; undefined where it has none. */
interface Orders {
  of: ReadonlyMap<string, OrderRow>;
  settings: MpesaSettings | undefined;
}

/** The company that a callback to the open address is about. */
export async function orderOfCallback(
  outside: PrismaClient,
  told: StkCallback | undefined,
): Promise<bigint | undefined> {
  if (!told) return undefined;
  const [row] = await outside.$queryRaw<
    { id: bigint | null }[]
  >`SELECT payment_company_of('mpesa', ${told.checkoutId}) AS id`;
  return row?.id ?? undefined;
}

/**
 * The outcome of a prompt. It is believed when it came to the company's own address, from Safaricom, and says what was asked for; whatever else it says is
 * a reason to ask Safaricom, no more.
 */
export function handleStk(event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  const told = readStkCallback(event.body);
  if (!told) return Promise.resolve({ kind: 'ignored', note: 'not the outcome of a prompt' });
  return tools.db.inTenant(openingOf(event), async (ctx) => {
    const { of, settings } = await readOrders(ctx, [told.checkoutId]);
    const order = of.get(told.checkoutId);
    if (!order) return unknownOrder;
    const doubts = doubtsOf(settings, event, told, order);
    const steps = [calledBack(event, told)];
    const outcome = readOutcome(told.code, told.text);
    if (doubts.length > 0) {
      steps.push({ step: 'doubted', detail: doubts.join(', ') });
      await noteUnclear(
        ctx,
        order.id,
        steps,
        adoptable(told, order.provider_ref2 ? doubts : [...doubts, 'order'], outcome.kind === 'paid'),
      );
      return { kind: 'done', note: `doubted: ${doubts.join(', ')}` };
    }
    if (outcome.kind === 'paid') return paid(ctx, order.id, told, steps);
    if (outcome.kind === 'failed') await noteFailure(ctx, order.id, outcome, steps);
    else await noteUnclear(ctx, order.id, steps, undefined);
    return { kind: 'done' };
  });
}

/**
 * Several of a company's in one transaction: those that are believed and tell of plain payments. For the others undefined: they are worked on one by one.
 * @throws for all of them where one stumbles
 */
export function handleStkTogether(
  events: readonly HookEvent[],
  tools: HookTools,
): Promise<(HookOutcome | undefined)[]> {
  const calls = events.map((event) => ({ event, told: readStkCallback(event.body) }));
  const [first] = events;
  if (!first) return Promise.resolve([]);
  return tools.db.inTenant(openingOf(first), async (ctx) => {
    const { of, settings } = await readOrders(
      ctx,
      calls.flatMap(({ told }) => (told ? [told.checkoutId] : [])),
    );
    const believed = calls.map(({ event, told }): Paid | undefined => {
      const order = told && of.get(told.checkoutId);
      if (!told || !order || order.subscription_id === null || told.receipt === undefined) return undefined;
      if (told.amount_cents === undefined || readOutcome(told.code, told.text).kind !== 'paid') return undefined;
      if (doubtsOf(settings, event, told, order).length > 0) return undefined;
      return {
        id: order.id,
        subscriberId: order.subscriber_id,
        subscriptionId: order.subscription_id,
        resellerId: order.reseller_id,
        proof: { ...proofOf(told), receipt: told.receipt, amount_cents: told.amount_cents },
        steps: [calledBack(event, told)],
        by: openingOf(event),
      };
    });
    const settled = await settleTogether(
      ctx,
      'mpesa',
      believed.filter((one) => one !== undefined),
    );
    return believed.map((one) => (one && settled.has(one) ? { kind: 'done', note: 'settled' } : undefined));
  });
}

const openingOf = (event: HookEvent) => ({
  tenantId: event.tenantId,
  actor: providerActor(event),
  requestId: `hook-${event.id}`,
});

// It may have overtaken the answer to the prompt itself.
const unknownOrder: HookOutcome = { kind: 'later', note: 'of no order that we know' };

const calledBack = (event: HookEvent, told: StkCallback): Step => ({
  step: 'called_back',
  detail: `${told.code} ${told.text}`.trim(),
  at: event.receivedAt,
});

const proofOf = ({ receipt, amount_cents, payer }: StkCallback): Proof => ({
  receipt,
  amount_cents,
  source: 'callback',
  payer: payerText(payer),
});

/** Orders and the account that a callback must come from. */
async function readOrders(ctx: Context, checkoutIds: readonly string[]): Promise<Orders> {
  const rows = await ctx.tx.$queryRaw<(OrderRow & Nullable<KeptSettings>)[]>`
    SELECT p.id, p.provider_ref, p.subscriber_id, p.subscription_id, c.reseller_id, p.phone, p.amount_cents, p.provider_ref2, a.settings, a.secrets_enc
    FROM payment p JOIN subscriber c ON c.id = p.subscriber_id LEFT JOIN payment_provider a ON a.tenant_id = p.tenant_id AND a.provider = p.method
    WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'mpesa' AND p.provider_ref = ANY (${checkoutIds}::text[])`;
  const [row] = rows;
  const kept = row?.settings && row.secrets_enc ? { settings: row.settings, secrets_enc: row.secrets_enc } : undefined;
  return {
    of: new Map(rows.map((one) => [one.provider_ref, one])),
    settings: kept && unsealSettings(ctx, mpesa, kept),
  };
}

type Nullable<T> = { [K in keyof T]: T[K] | null };

async function paid(ctx: Context, id: bigint, told: StkCallback, steps: Step[]): Promise<HookOutcome> {
  const { receipt, amount_cents } = told;
  const settled = await settlePayment(ctx, id, proofOf(told), steps);
  if (settled.kind !== 'other_receipt' || receipt === undefined) return { kind: 'done', note: settled.kind };
  // A prompt has one receipt, and this one was settled by another: an earlier payment by hand was taken for it, or this is a lie. The provider's list tells.
  const money = {
    method: 'mpesa' as const,
    receipt,
    amount_cents: amount_cents ?? 0n,
    currency: 'KES',
    payer: told.payer,
    payerName: '',
    billRef: await accountRef(ctx, id),
    at: undefined,
  };
  const booked = await bookMoney(ctx, money, 'callback', false);
  return { kind: 'done', note: `second receipt ${booked.kind}` };
}

async function accountRef(ctx: Context, id: bigint): Promise<string> {
  const [row] = await ctx.tx.$queryRaw<
    { account_ref: string | null }[]
  >`SELECT account_ref FROM payment WHERE id = ${id}`;
  return row?.account_ref ?? '';
}

/** Reasons not to take a callback's word. */
function doubtsOf(settings: MpesaSettings | undefined, event: HookEvent, told: StkCallback, order: OrderRow): string[] {
  const doubts: string[] = [];
  if (!event.byToken) doubts.push('open address');
  else if (!settings || !isBelieved(settings, event.ip)) doubts.push('unknown source');
  if (order.provider_ref2 && told.merchantId !== order.provider_ref2) doubts.push('order');
  if (told.code !== '0') return doubts;
  if (told.receipt === undefined) doubts.push('no receipt');
  if (told.amount_cents !== order.amount_cents) doubts.push('amount');
  if (order.phone !== null && isPayer(told.payer, order.phone) === false) doubts.push('phone');
  return doubts;
}

/**
 * The receipt of a doubted success, kept until Safaricom has said that it was one: only where everything in it is right, the second name of the order too,
 * which nobody but Safaricom and we know. No amount is ever kept: Safaricom's answer is about the prompt, and the amount of that is ours.
 */
function adoptable(told: StkCallback, doubts: string[], success: boolean): string | undefined {
  const onlyPlace = doubts.every((doubt) => doubt === 'open address' || doubt === 'unknown source');
  return success && onlyPlace ? told.receipt : undefined;
}
