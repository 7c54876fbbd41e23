import type { Context } from '../platform/context';
import { bytes } from '../platform/http/input';
import type { PoolKind } from './ranges';
import type { Pool } from './schema';

interface Row {
  id: bigint;
  name: string;
  kind: PoolKind;
  alert_percent: number;
  version: number;
  ranges: string[];
  size: bigint;
  used: bigint;
  peak: bigint | null;
  peak_at: Date | null;
  routers: Pool['routers'];
  packages: Pool['packages'];
}

/** Pools by name with what is in use at this moment; a company has a few dozen. One statement over the live sessions. */
export async function listPools(ctx: Context, id?: bigint): Promise<Pool[]> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT p.id, p.name, p.kind, p.alert_percent, p.version, r.ranges, r.size, n.used, k.used_max AS peak, k.hour AS peak_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id::text, 'name', o.name) ORDER BY o.name), '[]')
            FROM pool_router x JOIN nas o ON o.id = x.nas_id WHERE x.pool_id = p.id) AS routers,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', l.id::text, 'name', l.name) ORDER BY l.name), '[]')
            FROM plan l JOIN plan_version v ON v.id = l.current_version_id
            WHERE l.archived_at IS NULL AND p.name IN (v.pool, v.ipv6_pool, v.delegated_ipv6_pool)) AS packages
    FROM pool p
    JOIN pool_used(${id ?? null}::bigint) n ON n.pool_id = p.id
    CROSS JOIN LATERAL (SELECT array_agg(written ORDER BY id) AS ranges, least(sum(size), 9007199254740991)::bigint AS size FROM pool_range WHERE pool_id = p.id) r
    LEFT JOIN LATERAL (SELECT used_max, hour FROM pool_usage WHERE pool_id = p.id AND hour > lango_now() - interval '30 days' ORDER BY used_max DESC, hour DESC LIMIT 1) k ON true
    WHERE p.tenant_id = ${ctx.tenantId} ORDER BY lower(p.name) LIMIT 500`;
  return rows.map(toPool);
}

export async function findPool(ctx: Context, id: bigint): Promise<Pool | undefined> {
  return (await listPools(ctx, id))[0];
}

function toPool({ id, size, used, peak, peak_at, ...row }: Row): Pool {
  return {
    ...row,
    id: id.toString(),
    size: bytes(size),
    used: Number(used),
    peak: peak === null || peak_at === null ? null : { used: Number(peak), at: peak_at.toISOString() },
    is_near_end: Number(used) * 100 >= Number(size) * row.alert_percent,
  };
}

/** Names of the pools that a plan may name, by kind. */
export async function poolNames(ctx: Context): Promise<{ name: string; kind: PoolKind }[]> {
  return ctx.tx.$queryRaw<{ name: string; kind: PoolKind }[]>`
    SELECT name, kind FROM pool WHERE tenant_id = ${ctx.tenantId} ORDER BY lower(name) LIMIT 500`;
}

/** Pools that were nearly empty of free addresses when they were last looked at, within the last hour; the fullest first. */
export async function poolsNearEnd(ctx: Context): Promise<{ id: bigint; name: string; percent: number }[]> {
  return ctx.tx.$queryRaw<{ id: bigint; name: string; percent: number }[]>`
    SELECT p.id, p.name, (100 * u.used / r.size)::int AS percent
    FROM pool p
    CROSS JOIN LATERAL (SELECT sum(size) AS size FROM pool_range WHERE pool_id = p.id) r
    CROSS JOIN LATERAL (SELECT used FROM pool_usage WHERE pool_id = p.id AND seen_at > lango_now() - interval '1 hour' ORDER BY hour DESC LIMIT 1) u
    WHERE p.tenant_id = ${ctx.tenantId} AND u.used * 100 >= r.size * p.alert_percent
    ORDER BY u.used / r.size DESC LIMIT 5`;
}

/** The fullest moment of each hour of the last week, oldest first; hours in which nobody looked are left out. */
export async function peaksOf(ctx: Context, id: bigint): Promise<{ hour: Date; used_max: bigint }[]> {
  return ctx.tx.$queryRaw<{ hour: Date; used_max: bigint }[]>`
    SELECT hour, used_max FROM pool_usage WHERE pool_id = ${id} AND hour > lango_now() - interval '7 days' ORDER BY hour`;
}
