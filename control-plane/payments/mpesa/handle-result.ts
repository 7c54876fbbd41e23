import { providerActor, type HookEvent, type HookOutcome, type HookTools } from '../../hooks';
import type { Context } from '../../platform/context';
import type { RefundTold } from '../provider';
import { openSettings } from '../providers';
import type { Step } from '../record-step';
import { failRefund, settleRefund } from '../refund/close-refund';
import { readPayout } from './payout';
import { mpesa } from './provider';
import { readResult, readReversal, readStatus, type Result } from './reversal';
import { isBelieved } from './settings';

/**
 * What Safaricom tells of a reversal, or of a question about one. Believed when it came to the company's own address, from Safaricom; otherwise it is a reason
 * to ask, no more. A notice that its queue took too long says nothing about the money.
 */
export function handleResult(event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  const result = readResult(event.body);
  if (!result) return Promise.resolve({ kind: 'ignored', note: 'no result' });
  const opening = { tenantId: event.tenantId, actor: providerActor(event), requestId: `hook-${event.id}` };
  return tools.db.inTenant(opening, async (ctx): Promise<HookOutcome> => {
    const refund = await findRefund(ctx, result);
    // It may have overtaken the answer to the order itself.
    if (!refund) return { kind: 'later', note: 'of no refund that we know' };
    const settings = await openSettings(ctx, mpesa);
    if (!event.byToken || !settings || !isBelieved(settings, event.ip)) return askAbout(ctx, refund.id);
    const told = refund.asked ? readStatus(result) : refund.way === 'mpesa' ? readPayout(result) : readReversal(result);
    return note(ctx, refund.id, told, {
      step: 'called_back',
      detail: `${result.code} ${result.text}`.trim(),
      at: event.receivedAt,
    });
  });
}

async function note(ctx: Context, id: bigint, told: RefundTold, step: Step): Promise<HookOutcome> {
  switch (told.kind) {
    case 'done': {
      const closed = await settleRefund(ctx, id, told.ref || undefined, [step]);
      // Told to have failed before: a person has to look.
      return closed.kind === 'late' ? { kind: 'later', note: 'it failed before' } : { kind: 'done', note: closed.kind };
    }
    case 'failed': {
      const closed = await failRefund(ctx, id, told, [step]);
      return { kind: 'done', note: closed.kind };
    }
    case 'asked':
    case 'unknown':
      return askAbout(ctx, id);
  }
}

/** Asked at once, unless it was asked so often that a person has to look. */
async function askAbout(ctx: Context, id: bigint): Promise<HookOutcome> {
  await ctx.tx.$executeRaw`
    UPDATE payment_refund SET due_at = coalesce(due_at, lango_now() + interval '30 seconds') WHERE id = ${id} AND state = 'sending' AND asks < 5`;
  return { kind: 'done', note: 'doubted' };
}

async function findRefund(
  ctx: Context,
  result: Result,
): Promise<{ id: bigint; asked: boolean; way: string } | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint; way: string; asked: boolean | null }[]>`
    SELECT id, way, ask_ref = ${result.conversation} AND provider_ref IS DISTINCT FROM ${result.conversation} AS asked FROM payment_refund
    WHERE tenant_id = ${ctx.tenantId} AND (provider_ref = ${result.conversation} OR ask_ref = ${result.conversation} OR (way = 'mpesa' AND id = ${ownOrder(ctx, result.originator)})) LIMIT 1`;
  return row && { id: row.id, way: row.way, asked: row.asked ?? false };
}

/** The refund that an order to a phone names; 0 where it is none of this company's. */
function ownOrder(ctx: Context, originator: string): bigint {
  const [, tenant, id] = /^refund-(\d{1,18})-(\d{1,18})$/.exec(originator) ?? [];
  return tenant === ctx.tenantId.toString() && id !== undefined ? BigInt(id) : 0n;
}
