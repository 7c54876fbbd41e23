import { recordAudit } from '../audit';
import { enqueueMessage } from '../messages';
import type { Context } from '../platform/context';
import { readerOf, asLocale } from '../ui';
import type { Alert } from './judge';
import { findSettings } from './settings';

interface Named {
  id: bigint;
  name: string;
}

/** Opens an alert, once while it lasts, and tells who wants to hear of it. */
export async function openAlert(ctx: Context, router: Named, alert: Alert): Promise<void> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO monitoring_alert (tenant_id, nas_id, kind, subject, value) VALUES (${ctx.tenantId}, ${router.id}, ${alert.kind}, ${alert.subject}, ${alert.value})
    ON CONFLICT (nas_id, kind, subject) WHERE closed_at IS NULL DO NOTHING RETURNING id`;
  if (row) await told(ctx, 'open', row.id, router, alert);
}

/** Ends an alert: what it told of is over. */
export async function closeAlert(ctx: Context, router: Named, alert: Alert): Promise<void> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    UPDATE monitoring_alert SET closed_at = lango_now() WHERE nas_id = ${router.id} AND kind = ${alert.kind} AND subject = ${alert.subject} AND closed_at IS NULL
    RETURNING id`;
  if (row) await told(ctx, 'close', row.id, router, alert);
}

export type Acknowledged = 'done' | 'not_found';

/** Somebody says that they are at it; the alert stays until what it tells of is over. */
export async function acknowledgeAlert(ctx: Context, id: bigint): Promise<Acknowledged> {
  const [row] = await ctx.tx.$queryRaw<{ nas_id: bigint; fresh: boolean }[]>`
    WITH was AS (SELECT id, acknowledged_at IS NULL AS fresh FROM monitoring_alert WHERE id = ${id})
    UPDATE monitoring_alert a SET acknowledged_at = coalesce(a.acknowledged_at, lango_now()), acknowledged_by = coalesce(a.acknowledged_by, ${ctx.actor.name})
    FROM was WHERE a.id = was.id RETURNING a.nas_id, was.fresh`;
  if (!row) return 'not_found';
  if (row.fresh)
    await recordAudit(ctx, 'monitoring.acknowledge', { type: 'nas', id: row.nas_id }, { alert: id.toString() });
  return 'done';
}

async function told(ctx: Context, verb: 'open' | 'close', id: bigint, router: Named, alert: Alert): Promise<void> {
  await recordAudit(ctx, `monitoring.${verb}`, { type: 'nas', id: router.id }, { ...alert, router: router.name });
  await ctx.tx.$executeRaw`
    SELECT pg_notify('lango_live', json_build_object('tenant', ${ctx.tenantId}::text, 'topic', 'router', 'id', ${router.id}::text)::text)`;
  const { phone, email, locale } = await findSettings(ctx);
  // Not asked for at night by a silence of ours: whoever gave a number wants to be woken.
  const { t } = readerOf({ locale: asLocale(locale), zone: 'UTC', nowMs: ctx.now.getTime(), currency: 'KES' });
  const what = t(`monitoring.${verb}_${alert.kind}`, { subject: alert.subject, value: alert.value });
  for (const [channel, recipient] of [
    ['sms', phone],
    ['email', email],
  ] as const)
    if (recipient !== '')
      await enqueueMessage(ctx, {
        kind: 'router_alert',
        channel,
        recipient,
        locale: asLocale(locale),
        values: { router: router.name, what, at: ctx.now.toISOString() },
        key: `router_alert:${id}:${verb}`,
      });
}
