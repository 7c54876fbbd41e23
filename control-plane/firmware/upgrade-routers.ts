import { randomUUID } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { startNext } from './run-steps';

/** A night's work at most. */
export const BATCH_MOST = 200;

export type UpgradeOutcome =
  | { kind: 'asked'; batch: string; runs: string[] }
  | { kind: 'not_found' }
  | { kind: 'no_api'; router: string }
  | { kind: 'under_way'; router: string };

/**
 * Asks for routers to be upgraded, one after another in the order that was given: nothing is asked of the next before the last one was read back, and the first that
 * fails stops the rest. Refused as a whole when one has no API here, or is being upgraded already.
 */
export async function upgradeRouters(
  ctx: Context,
  routerIds: readonly bigint[],
  { board }: { board: boolean },
): Promise<UpgradeOutcome> {
  const rows = await ctx.tx.$queryRaw<{ id: bigint; name: string; has_api: boolean; under_way: boolean }[]>`
    SELECT n.id, n.name, n.api_username IS NOT NULL AND n.api_password_enc IS NOT NULL AS has_api,
           EXISTS (SELECT FROM firmware_run r WHERE r.nas_id = n.id AND r.state IN ('waiting', 'running')) AS under_way
    FROM nas n WHERE n.id = ANY (${[...routerIds]}) AND n.tenant_id = ${ctx.tenantId}`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const routers = [...new Set(routerIds)].flatMap((id) => byId.get(id) ?? []);
  if (routers.length === 0 || routers.length < new Set(routerIds).size) return { kind: 'not_found' };
  for (const router of routers) {
    if (!router.has_api) return { kind: 'no_api', router: router.name };
    if (router.under_way) return { kind: 'under_way', router: router.name };
  }
  const batch = randomUUID();
  const runs: string[] = [];
  for (const router of routers) {
    const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
      INSERT INTO firmware_run (tenant_id, nas_id, batch, board, asked_by) VALUES (${ctx.tenantId}, ${router.id}, ${batch}::uuid, ${board}, ${ctx.actor.name})
      RETURNING id`;
    runs.push(String(made?.id));
    await recordAudit(ctx, 'firmware.upgrade', { type: 'nas', id: router.id }, { board, of: routers.length });
  }
  await startNext(ctx, batch);
  return { kind: 'asked', batch, runs };
}

/** Asks a router now which versions it has and could have; the queue does it. */
export async function askForCheck(ctx: Context, routerId: bigint): Promise<'asked' | 'not_found' | 'no_api'> {
  const [router] = await ctx.tx.$queryRaw<{ has_api: boolean }[]>`
    SELECT api_username IS NOT NULL AND api_password_enc IS NOT NULL AS has_api FROM nas WHERE id = ${routerId} AND tenant_id = ${ctx.tenantId}`;
  if (!router) return 'not_found';
  if (!router.has_api) return 'no_api';
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('firmware.check', json_build_object('router_id', ${routerId}::text), NULL, ${`firmware.check:${routerId}`})`;
  await recordAudit(ctx, 'firmware.ask', { type: 'nas', id: routerId });
  return 'asked';
}
