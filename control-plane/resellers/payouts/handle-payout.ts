import { providerActor, type HookEvent, type HookOutcome, type HookTools } from '../../hooks';
import { isBelieved, mpesa, openSettings, readPayout, readResult, readStatus, type RefundTold } from '../../payments';
import type { Context } from '../../platform/context';
import { failPayout, settlePayout, type Step } from './close-payout';

/** What Safaricom tells of a payout, or of our question about one. From elsewhere, or of an unclear outcome, it is a reason to ask and no more. */
export function handlePayout(event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  const result = readResult(event.body);
  if (!result) return Promise.resolve({ kind: 'ignored', note: 'no result' });
  const opening = { tenantId: event.tenantId, actor: providerActor(event), requestId: `hook-${event.id}` };
  return tools.db.inTenant(opening, async (ctx): Promise<HookOutcome> => {
    const [row] = await ctx.tx.$queryRaw<{ id: bigint; asked: boolean }[]>`
      SELECT id, ask_ref IS NOT DISTINCT FROM ${result.conversation} AS asked FROM reseller_payout
      WHERE tenant_id = ${ctx.tenantId} AND (conversation = ${result.conversation} OR ask_ref = ${result.conversation} OR originator::text = ${result.originator}) LIMIT 1`;
    // It may have overtaken the answer to the question.
    if (!row) return { kind: 'later', note: 'of no payout that we know' };
    const settings = await openSettings(ctx, mpesa);
    if (!event.byToken || !settings || !isBelieved(settings, event.ip)) return askSoon(ctx, row.id);
    const told = row.asked ? readStatus(result) : readPayout(result);
    return note(ctx, row.id, told, {
      step: 'called_back',
      detail: `${result.code} ${result.text}`.trim(),
      at: event.receivedAt,
    });
  });
}

async function note(ctx: Context, id: bigint, told: RefundTold, step: Step): Promise<HookOutcome> {
  switch (told.kind) {
    case 'done':
      return { kind: 'done', note: await settlePayout(ctx, id, { from: 'mpesa', reference: told.ref }, [step]) };
    case 'failed':
      return { kind: 'done', note: await failPayout(ctx, id, told, [step]) };
    case 'asked':
    case 'unknown':
      return askSoon(ctx, id);
  }
}

async function askSoon(ctx: Context, id: bigint): Promise<HookOutcome> {
  await ctx.tx.$executeRaw`
    UPDATE reseller_payout SET due_at = coalesce(due_at, lango_now() + interval '30 seconds') WHERE id = ${id} AND state IN ('sending', 'unknown') AND asks < 30`;
  return { kind: 'done', note: 'doubted' };
}
