import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findRouter } from '../routers';

export type AskOutcome = 'asked' | 'not_found' | 'no_api';

/** Asks for a router to be looked through now; the queue does it. */
export async function askCheck(ctx: Context, routerId: bigint): Promise<AskOutcome> {
  const router = await findRouter(ctx, routerId);
  if (!router) return 'not_found';
  if (!router.has_api_password) return 'no_api';
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('drift.check', json_build_object('router_id', ${routerId}::text), NULL, ${`drift.check:${routerId}`})`;
  await recordAudit(ctx, 'drift.ask', { type: 'nas', id: routerId });
  return 'asked';
}

export type RepairOutcome =
  { kind: 'asked'; routerId: bigint } | { kind: 'not_found' } | { kind: 'by_hand'; routerId: bigint };

/** Asks for the plan of a finding to be carried out. What no command of ours can mend stays a person's work. */
export async function askRepair(ctx: Context, id: bigint): Promise<RepairOutcome> {
  const [row] = await ctx.tx.$queryRaw<
    { nas_id: bigint; kind: string; subject: string; steps: number; gone: boolean }[]
  >`
    SELECT nas_id, kind, subject, jsonb_array_length(plan) AS steps, gone_at IS NOT NULL AS gone FROM drift_finding WHERE id = ${id} FOR UPDATE`;
  if (!row || row.gone) return { kind: 'not_found' };
  if (row.steps === 0) return { kind: 'by_hand', routerId: row.nas_id };
  await ctx.tx
    .$executeRaw`UPDATE drift_finding SET repair_asked_at = lango_now(), repair_fault = NULL WHERE id = ${id}`;
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('drift.repair', json_build_object('router_id', ${row.nas_id}::text, 'finding_id', ${id}::text), NULL, ${`drift.repair:${id}`})`;
  await recordAudit(ctx, 'drift.repair', { type: 'nas', id: row.nas_id }, { kind: row.kind, of: row.subject });
  return { kind: 'asked', routerId: row.nas_id };
}
