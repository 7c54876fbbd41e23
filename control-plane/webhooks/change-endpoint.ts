import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { EndpointPatch } from './schema';

export type ChangedEndpoint = { kind: 'done' } | { kind: 'not_found' } | { kind: 'changed_meanwhile' };

/** Changes where, what or whether. Made active again, it begins with a clean sheet, and what still waits for it is sent. */
export async function changeEndpoint(ctx: Context, id: bigint, patch: EndpointPatch): Promise<ChangedEndpoint> {
  const [row] = await ctx.tx.$queryRaw<
    { url: string; description: string; events: string[]; state: string; version: number }[]
  >`SELECT url, description, events, state, version FROM webhook_endpoint WHERE id = ${id} FOR UPDATE`;
  if (!row) return { kind: 'not_found' };
  if (patch.version !== undefined && patch.version !== row.version) return { kind: 'changed_meanwhile' };
  const url = patch.url ?? row.url;
  const state = patch.state ?? row.state;
  const fresh = state === 'active' && (row.state !== 'active' || url !== row.url);
  await ctx.tx.$executeRaw`
    UPDATE webhook_endpoint SET url = ${url}, description = ${patch.description ?? row.description}, events = ${patch.events ?? row.events},
      state = ${state}, failing_since = CASE WHEN ${fresh} THEN NULL ELSE failing_since END, failures = CASE WHEN ${fresh} THEN 0 ELSE failures END,
      resting_until = CASE WHEN ${fresh} THEN NULL ELSE resting_until END, updated_at = ${ctx.now}, version = version + 1
    WHERE id = ${id}`;
  if (fresh) await ctx.tx.$executeRaw`SELECT job_enqueue('webhooks.send')`;
  const { version: _, ...changed } = patch;
  await recordAudit(ctx, 'webhooks.change', { type: 'webhook_endpoint', id }, changed);
  return { kind: 'done' };
}
