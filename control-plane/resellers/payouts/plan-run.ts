import { askApproval } from '../../approvals';
import { recordAudit } from '../../audit';
import { mayPayOut, mpesa, openSettings } from '../../payments';
import type { Context } from '../../platform/context';
import { listPayable } from './queries';
import type { PlanInput } from './schema';

export type PlanOutcome = { kind: 'done'; id: bigint } | { kind: 'nobody' } | { kind: 'not_set_up' };

/** Writes a run down and asks a second person; no money moves before they agree. What is owed is fixed now, and paid at most. */
export async function planRun(ctx: Context, input: PlanInput): Promise<PlanOutcome> {
  if (input.method === 'mpesa') {
    const settings = await openSettings(ctx, mpesa);
    if (!settings || !mayPayOut(settings)) return { kind: 'not_set_up' };
  }
  // Two who plan at once: the second finds the payouts of the first.
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`payout run ${ctx.tenantId}`}, 0))`;
  const payable = await listPayable(ctx, input);
  const [first] = payable;
  if (!first) return { kind: 'nobody' };
  const total = payable.reduce((sum, one) => sum + BigInt(one.amount_cents), 0n);
  const { currency } = first;
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [run] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO reseller_payout_run (tenant_id, method, total_cents, currency, created_by, created_name)
    VALUES (${ctx.tenantId}, ${input.method}, ${total}, ${currency}, ${staffId}::bigint, ${ctx.actor.name}) RETURNING id`;
  if (!run) throw new Error('The run was not written.');
  const rows = payable.map(({ reseller_id, amount_cents, phone }) => ({ reseller_id, amount_cents, phone }));
  await ctx.tx.$executeRaw`
    WITH made AS (
      INSERT INTO reseller_payout (tenant_id, run_id, reseller_id, amount_cents, currency, phone)
      SELECT ${ctx.tenantId}, ${run.id}, x.reseller_id, x.amount_cents, ${currency}, x.phone
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x (reseller_id bigint, amount_cents bigint, phone text) RETURNING id)
    SELECT count(*) FROM made`;
  await ctx.tx.$executeRaw`
    INSERT INTO reseller_payout_step (tenant_id, payout_id, step, detail) SELECT tenant_id, id, 'planned', ${ctx.actor.name} FROM reseller_payout WHERE run_id = ${run.id}`;
  await askApproval(ctx, {
    kind: 'resellers.payout',
    subjectId: run.id,
    amount_cents: total,
    currency,
    summary: `Commission of ${payable.length} reseller${payable.length === 1 ? '' : 's'}`,
    path: `/resellers/payouts/${run.id}`,
  });
  await recordAudit(
    ctx,
    'resellers.plan_payout',
    { type: 'reseller_payout_run', id: run.id },
    { method: input.method, count: payable.length, total_cents: total, currency },
  );
  return { kind: 'done', id: run.id };
}
