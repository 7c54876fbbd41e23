import { recordAudit } from '../../audit';
import { accountFor, lockAccounts, postTransfers } from '../../ledger';
import { nextAskAt } from '../../payments';
import type { Context } from '../../platform/context';
import { accountOf } from '../accounts';

export interface PayoutRow {
  id: bigint;
  run_id: bigint;
  reseller_id: bigint;
  amount_cents: bigint;
  currency: string;
  phone: string;
  state: string;
  originator: string;
  conversation: string | null;
  sent_at: Date | null;
  asks: number;
}

export interface Step {
  step: string;
  detail: string;
  at?: Date;
}

/** A payout until the transaction ends; undefined where there is none. */
export async function lockPayout(ctx: Context, id: bigint): Promise<PayoutRow | undefined> {
  const [row] = await ctx.tx.$queryRaw<PayoutRow[]>`
    SELECT id, run_id, reseller_id, amount_cents, currency::text AS currency, phone, state, originator::text AS originator, conversation, sent_at, asks
    FROM reseller_payout WHERE tenant_id = ${ctx.tenantId} AND id = ${id} FOR NO KEY UPDATE`;
  return row;
}

export async function recordSteps(ctx: Context, id: bigint, steps: Step[]): Promise<void> {
  for (const { step, detail, at } of steps)
    await ctx.tx.$executeRaw`
      INSERT INTO reseller_payout_step (tenant_id, payout_id, at, step, detail)
      VALUES (${ctx.tenantId}, ${id}, coalesce(${at ?? null}::timestamptz, clock_timestamp()), ${step}, ${detail.slice(0, 400)})`;
}

/**
 * Sets a payout's money aside: from now on it is on its way and no other payout takes it. False where less is owed by now than was agreed to.
 * Accounts are locked in one order everywhere: payouts, the provider's, commission.
 */
export async function setAside(ctx: Context, row: PayoutRow): Promise<boolean> {
  const payouts = await accountOf(ctx, row.reseller_id, 'payouts');
  const commission = await accountOf(ctx, row.reseller_id, 'commission');
  await lockAccounts(ctx, [payouts]);
  const owed = (await lockAccounts(ctx, [commission])).get(commission) ?? 0n;
  if (owed < row.amount_cents) return false;
  await postTransfers(ctx, [
    {
      key: `payout:${row.id}:aside`,
      debit: commission,
      credit: payouts,
      amount_cents: row.amount_cents,
      kind: 'payout',
    },
  ]);
  return true;
}

/** The money has arrived: out of the account that it was paid from. Once; also where it was believed to have failed. */
export async function settlePayout(
  ctx: Context,
  id: bigint,
  paid: { from: 'cash' | 'bank' | 'mpesa'; reference: string },
  steps: Step[],
): Promise<'settled' | 'stood' | 'not_found' | 'not_sent'> {
  const row = await lockPayout(ctx, id);
  if (!row) return 'not_found';
  if (row.state === 'waiting' || row.state === 'cancelled') return 'not_sent';
  if (row.state === 'paid') {
    await recordSteps(ctx, id, [{ step: 'told_again', detail: paid.reference }]);
    return 'stood';
  }
  const late = row.state === 'failed';
  const payouts = await accountOf(ctx, row.reseller_id, 'payouts');
  const out = await accountFor(ctx, paid.from, row.currency);
  const commission = await accountOf(ctx, row.reseller_id, 'commission');
  if (!late) await lockAccounts(ctx, [payouts]);
  await lockAccounts(ctx, [out]);
  await postTransfers(ctx, [
    {
      key: `payout:${id}:paid`,
      debit: late ? commission : payouts,
      credit: out,
      amount_cents: row.amount_cents,
      kind: late ? 'payout' : 'payout_sent',
      memo: paid.reference,
    },
  ]);
  await ctx.tx.$executeRaw`
    UPDATE reseller_payout SET state = 'paid', reference = ${paid.reference || 'paid'}, paid_at = lango_now(), due_at = NULL, claimed_until = NULL WHERE id = ${id}`;
  await recordSteps(ctx, id, [...steps, { step: 'paid', detail: `${paid.from} ${paid.reference}` }]);
  await recordAudit(
    ctx,
    'resellers.pay_out',
    { type: 'reseller', id: row.reseller_id },
    { payout_id: id, amount_cents: row.amount_cents, currency: row.currency, ...paid },
  );
  return 'settled';
}

/** It was certainly not paid: the money is the reseller's commission again. */
export async function failPayout(
  ctx: Context,
  id: bigint,
  why: { code: string; text: string },
  steps: Step[],
): Promise<'failed' | 'stood' | 'not_found'> {
  const row = await lockPayout(ctx, id);
  if (!row) return 'not_found';
  if (row.state !== 'sending' && row.state !== 'unknown') return 'stood';
  const payouts = await accountOf(ctx, row.reseller_id, 'payouts');
  const commission = await accountOf(ctx, row.reseller_id, 'commission');
  await lockAccounts(ctx, [payouts]);
  await postTransfers(ctx, [
    {
      key: `payout:${id}:back`,
      debit: payouts,
      credit: commission,
      amount_cents: row.amount_cents,
      kind: 'payout_back',
    },
  ]);
  await markFailed(ctx, id, why, steps);
  return 'failed';
}

export async function markFailed(
  ctx: Context,
  id: bigint,
  { code, text }: { code: string; text: string },
  steps: Step[],
): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE reseller_payout SET state = 'failed', code = ${code.slice(0, 40)}, code_text = ${text.slice(0, 300)}, due_at = NULL, claimed_until = NULL WHERE id = ${id}`;
  await recordSteps(ctx, id, [...steps, { step: 'failed', detail: `${code} ${text}`.trim() }]);
}

/** Nobody can say: asked about again on the janitor's timetable, for 48 hours; then it waits for a person. */
export async function noteUnknown(ctx: Context, id: bigint, steps: Step[]): Promise<void> {
  const row = await lockPayout(ctx, id);
  if (row?.state !== 'sending' && row?.state !== 'unknown') return;
  const next = nextAskAt(row.sent_at ?? ctx.now, row.asks, ctx.now);
  await ctx.tx.$executeRaw`
    UPDATE reseller_payout SET state = 'unknown', asks = asks + 1, due_at = ${next}::timestamptz, claimed_until = NULL WHERE id = ${id}`;
  await recordSteps(ctx, id, next ? steps : [...steps, { step: 'for_a_person', detail: 'no outcome within 48 hours' }]);
  if (next) await wakeAt(ctx, next);
}

export async function wakeAt(ctx: Context, at: Date): Promise<void> {
  await ctx.tx
    .$executeRaw`SELECT job_enqueue('resellers.pay', '{}', ${at}::timestamptz, ${`resellers.pay:${at.getTime()}`})`;
}
