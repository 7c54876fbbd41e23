import { providerActor, type HookEvent, type HookOutcome, type HookTools } from '../../hooks';
import type { PrismaClient } from '../../platform/db/generated/client';
import type { Context } from '../../platform/context';
import { bookMoney } from '../book-money';
import { isPayer } from '../msisdn';
import { noteFailure, noteUnclear } from '../note-outcome';
import { unsealSettings, type KeptSettings } from '../providers';
import type { Step } from '../record-step';
import { settlePayment } from '../settle-payment';
import { payerText } from '../book-money';
import { readStkCallback, type StkCallback } from './callback';
import { readOutcome } from './outcome';
import { mpesa } from './provider';
import { isBelieved } from './settings';

/** An order, and beside it the company's account as it is kept; without one both are null. */
interface OrderRow {
  id: bigint;
  state: string;
  phone: string | null;
  amount_cents: bigint;
  provider_ref2: string | null;
  settings: KeptSettings['settings'] | null;
  secrets_enc: KeptSettings['secrets_enc'] | null;
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
  const opening = { tenantId: event.tenantId, actor: providerActor(event), requestId: `hook-${event.id}` };
  return tools.db.inTenant(opening, async (ctx) => {
    const [order] = await ctx.tx.$queryRaw<OrderRow[]>`
      SELECT p.id, p.state, p.phone, p.amount_cents, p.provider_ref2, a.settings, a.secrets_enc
      FROM payment p LEFT JOIN payment_provider a ON a.tenant_id = p.tenant_id AND a.provider = p.method
      WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'mpesa' AND p.provider_ref = ${told.checkoutId}`;
    // It may have overtaken the answer to the prompt itself.
    if (!order) return { kind: 'later', note: 'of no order that we know' };
    const doubts = doubtsOf(ctx, event, told, order);
    const steps: Step[] = [{ step: 'called_back', detail: `${told.code} ${told.text}`.trim(), at: event.receivedAt }];
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

async function paid(ctx: Context, id: bigint, told: StkCallback, steps: Step[]): Promise<HookOutcome> {
  const { receipt, amount_cents } = told;
  const proof = { receipt, amount_cents, source: 'callback' as const, payer: payerText(told.payer) };
  const settled = await settlePayment(ctx, id, proof, steps);
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
function doubtsOf(ctx: Context, event: HookEvent, told: StkCallback, order: OrderRow): string[] {
  const { settings: kept, secrets_enc } = order;
  const settings = kept && secrets_enc ? unsealSettings(ctx, mpesa, { settings: kept, secrets_enc }) : undefined;
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
