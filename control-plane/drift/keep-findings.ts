import { recordAudits } from '../audit';
import type { Context } from '../platform/context';
import type { Checked } from './find-drift';

/**
 * Writes down what a check found: what is new is found, what is known is seen again, what is not there any more is gone. A check that failed says
 * nothing of what is there.
 */
export async function keepFindings(ctx: Context, routerId: bigint, checked: Checked): Promise<void> {
  const fault = checked.kind === 'failed' ? checked.why : null;
  await ctx.tx.$executeRaw`
    INSERT INTO drift_check (nas_id, tenant_id, fault) VALUES (${routerId}, ${ctx.tenantId}, ${fault})
    ON CONFLICT (nas_id) DO UPDATE SET at = lango_now(), fault = excluded.fault`;
  if (checked.kind === 'failed') return;
  const json = JSON.stringify(checked.found);
  const found = await ctx.tx.$queryRaw<{ id: bigint; kind: string; subject: string; fresh: boolean }[]>`
    INSERT INTO drift_finding (tenant_id, nas_id, kind, subject, detail, plan)
    SELECT DISTINCT ON (f.kind, f.subject) ${ctx.tenantId}, ${routerId}, f.kind, f.subject, f.detail, f.plan
    FROM jsonb_to_recordset(${json}::jsonb) AS f (kind text, subject text, detail text, plan jsonb)
    ON CONFLICT (nas_id, kind, subject) WHERE gone_at IS NULL DO UPDATE SET seen_at = lango_now(), detail = excluded.detail, plan = excluded.plan
    RETURNING id, kind, subject, found_at = seen_at AS fresh`;
  const ids = found.map(({ id }) => id);
  const gone = await ctx.tx.$queryRaw<{ kind: string; subject: string }[]>`
    UPDATE drift_finding SET gone_at = lango_now() WHERE nas_id = ${routerId} AND gone_at IS NULL AND id <> ALL (${ids}::bigint[]) RETURNING kind, subject`;
  const subject = { type: 'nas', id: routerId };
  await recordAudits(ctx, [
    ...found
      .filter(({ fresh }) => fresh)
      .map(({ kind, subject: of }) => ({ action: 'drift.find', subject, detail: { kind, of } })),
    ...gone.map(({ kind, subject: of }) => ({ action: 'drift.mend', subject, detail: { kind, of } })),
  ]);
  await ctx.tx.$executeRaw`
    SELECT pg_notify('lango_live', json_build_object('tenant', ${ctx.tenantId}::text, 'topic', 'router', 'id', ${routerId}::text)::text)`;
}
