import type { Context } from '../platform/context';
import type { RunKind } from './queries';

/** Asks for a self-test, a plan or its application; the jobs part does it at once. One of a kind that is under way is not begun twice. */
export async function startRun(
  ctx: Context,
  routerId: bigint,
  kind: RunKind,
  asked: { overwrite?: string[] } = {},
): Promise<bigint> {
  const [under] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM provisioning_run WHERE nas_id = ${routerId} AND kind = ${kind} AND state = 'running' AND started_at > ${ctx.now}::timestamptz - interval '2 minutes'
    ORDER BY id DESC LIMIT 1`;
  if (under) return under.id;
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO provisioning_run (tenant_id, nas_id, kind, result, started_at)
    VALUES (${ctx.tenantId}, ${routerId}, ${kind}, ${JSON.stringify(asked)}::jsonb, ${ctx.now}) RETURNING id`;
  if (!made) throw new Error('The run has no id.');
  await ctx.tx.$queryRaw`
    SELECT job_enqueue('provisioning.run', ${JSON.stringify({ run: String(made.id), tenant: String(ctx.tenantId) })}::json, NULL, ${`provisioning:${made.id}`})`;
  return made.id;
}
