import type { Context } from '../platform/context';

/** Asks the providers at once about everything open that this phone was prompted for, and for their lists of the last two days. */
export async function askAgain(ctx: Context, phone: string | undefined): Promise<void> {
  if (phone !== undefined)
    await ctx.tx.$executeRaw`
      UPDATE payment SET due_at = lango_now() WHERE tenant_id = ${ctx.tenantId} AND phone = ${phone} AND state IN ('prompted', 'unknown', 'failed')
        AND provider_ref IS NOT NULL AND created_at > lango_now() - interval '48 hours'`;
  await ctx.tx.$executeRaw`SELECT job_enqueue('payments.work')`;
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('payments.list', json_build_object('tenant', k.tenant_id::text, 'provider', k.provider, 'hours', 48), NULL, format('payments.list:%s:%s', k.tenant_id, k.provider))
    FROM payment_provider k WHERE k.tenant_id = ${ctx.tenantId} AND k.provider = 'mpesa' AND k.settings ->> 'nominated_phone' <> ''`;
}
