import { timingSafeEqual } from 'node:crypto';
import { providerActor, type HookEvent, type HookOutcome, type HookTools } from '../../hooks';
import type { Context } from '../../platform/context';
import { bookMoney, payerText } from '../book-money';
import type { Incoming } from '../find-owner';
import { readOutcome } from '../mpesa/outcome';
import { isPayer } from '../msisdn';
import { noteFailure, noteUnclear } from '../note-outcome';
import { openSettings } from '../providers';
import type { Step } from '../record-step';
import { settlePayment } from '../settle-payment';
import { readBankCall, type BankCall } from './callback';
import { orderWord } from './client';
import { familyBank } from './provider';
import { isBank, mayBeBank, type FamilyBankSettings } from './settings';

interface OrderRow {
  id: bigint;
  phone: string | null;
  amount_cents: bigint;
  account_ref: string;
  provider_ref: string | null;
  provider_ref2: string | null;
}

/**
 * What the bank says: the outcome of a prompt, or money that came to its paybill. The bank signs nothing and cannot be asked, so an outcome is believed only
 * with the word of its order (or both of the bank's own names for it), and a success only with the amount that was asked for. What is doubted is in no book:
 * a person compares it with the statement.
 */
export function handleBank(event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  const told = readBankCall(event.body);
  if (!told) return Promise.resolve({ kind: 'ignored', note: 'neither an outcome nor a payment' });
  const opening = { tenantId: event.tenantId, actor: providerActor(event), requestId: `hook-${event.id}` };
  return tools.db.inTenant(opening, async (ctx) => {
    const settings = await openSettings(ctx, familyBank);
    if (!settings) return { kind: 'ignored', note: 'no account is set up' };
    const order = await orderOf(ctx, told);
    if (order) return outcomeOf(ctx, event, settings, { told, order });
    // A call may overtake the answer to its prompt; one of a paybill names none.
    if (told.receipt === undefined || told.amount_cents === undefined || told.amount_cents === 0n)
      return { kind: 'later', note: 'of no order that we know' };
    if (told.shortcode !== '' && told.shortcode !== settings.shortcode)
      return { kind: 'ignored', note: 'of another shortcode' };
    const proven = isBank(settings, event.ip);
    const booked = await bookMoney(ctx, moneyOf(told, told.billRef), 'confirmation', proven, event.receivedAt);
    return { kind: 'done', note: booked.kind };
  });
}

async function orderOf(ctx: Context, told: BankCall): Promise<OrderRow | undefined> {
  const [row] = await ctx.tx.$queryRaw<OrderRow[]>`
    SELECT id, phone, amount_cents, account_ref, provider_ref, provider_ref2 FROM payment
    WHERE tenant_id = ${ctx.tenantId} AND method = 'familybank' AND account_ref IS NOT NULL
      AND (account_ref = ${told.accountRef ?? null} OR provider_ref = ${told.ref || null}) ORDER BY (account_ref = ${told.accountRef ?? null}) DESC LIMIT 1`;
  return row;
}

async function outcomeOf(
  ctx: Context,
  event: HookEvent,
  settings: FamilyBankSettings,
  { told, order }: { told: BankCall; order: OrderRow },
): Promise<HookOutcome> {
  const said = `${told.receipt ?? told.code} ${told.text}`.trim();
  const steps: Step[] = [{ step: 'called_back', detail: said, at: event.receivedAt }];
  const outcome = told.receipt === undefined ? readOutcome(told.code, told.text) : ({ kind: 'paid' } as const);
  const doubts = doubtsOf(ctx, event, settings, { told, order, paid: outcome.kind === 'paid' });
  if (doubts.length > 0) {
    steps.push({ step: 'doubted', detail: doubts.join(', ') });
    await noteUnclear(ctx, order.id, steps, undefined);
    if (told.receipt !== undefined && told.amount_cents !== undefined && told.amount_cents > 0n)
      await bookMoney(ctx, moneyOf(told, order.account_ref), 'callback', false, event.receivedAt);
    return { kind: 'done', note: `doubted: ${doubts.join(', ')}` };
  }
  if (outcome.kind === 'paid') return paid(ctx, { told, order }, steps);
  if (outcome.kind === 'failed') await noteFailure(ctx, order.id, outcome, steps);
  else await noteUnclear(ctx, order.id, steps, undefined);
  return { kind: 'done' };
}

async function paid(
  ctx: Context,
  { told, order }: { told: BankCall; order: OrderRow },
  steps: Step[],
): Promise<HookOutcome> {
  const proof = {
    receipt: told.receipt,
    amount_cents: told.amount_cents,
    source: 'callback' as const,
    payer: payerText(told.payer),
    payerName: told.payerName,
    occurredAt: told.at,
  };
  const settled = await settlePayment(ctx, order.id, proof, steps);
  if (settled.kind !== 'other_receipt' || told.receipt === undefined) return { kind: 'done', note: settled.kind };
  // A prompt has one receipt, and this one was settled by another: a person looks for it in the statement.
  const booked = await bookMoney(ctx, moneyOf(told, order.account_ref), 'callback', false);
  return { kind: 'done', note: `second receipt ${booked.kind}` };
}

/** Reasons not to take a call's word. */
function doubtsOf(
  ctx: Context,
  event: HookEvent,
  settings: FamilyBankSettings,
  { told, order, paid: success }: { told: BankCall; order: OrderRow; paid: boolean },
): string[] {
  const doubts: string[] = [];
  if (!mayBeBank(settings, event.ip)) doubts.push('unknown source');
  const byWord = told.word !== '' && isSame(told.word, orderWord(settings, ctx.tenantId, order.account_ref));
  const byNames = told.word === '' && told.ref === order.provider_ref && told.ref2 === order.provider_ref2;
  if (!byWord && !byNames) doubts.push('order');
  if (!success) return doubts;
  if (told.receipt === undefined && !settings.paid_without_receipt) doubts.push('no receipt');
  if (told.amount_cents === undefined ? told.receipt !== undefined : told.amount_cents !== order.amount_cents)
    doubts.push('amount');
  if (order.phone !== null && isPayer(told.payer, order.phone) === false) doubts.push('phone');
  return doubts;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const moneyOf = (told: BankCall, billRef: string): Incoming => ({
  method: 'familybank',
  receipt: told.receipt ?? '',
  amount_cents: told.amount_cents ?? 0n,
  currency: 'KES',
  payer: told.payer,
  payerName: told.payerName,
  billRef,
  at: told.at,
});
