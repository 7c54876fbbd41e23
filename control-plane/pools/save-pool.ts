import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findPool } from './queries';
import { readRanges, type Range } from './ranges';
import type { NewPool, Pool } from './schema';

export type PoolOutcome =
  | { kind: 'done'; pool: Pool }
  | { kind: 'not_found' }
  | { kind: 'name_taken' }
  | { kind: 'changed_meanwhile'; version: number }
  /** Routers that have both would give one address to two customers. */
  | { kind: 'overlaps'; pool: string }
  /** A customer's own address lies in it. */
  | { kind: 'holds_static'; address: string; username: string }
  | { kind: 'invalid'; fields: Record<string, string> };

const EACH = { ipv4: 32, static: 32, ipv6: 64, delegated: 56 } as const;

/** Makes a pool known. Nothing is sent to a router: the pool of this name must stand there. */
export async function createPool(ctx: Context, input: NewPool): Promise<PoolOutcome> {
  await lock(ctx);
  const ranges = await accept(ctx, input, undefined);
  if ('kind' in ranges) return ranges;
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO pool (tenant_id, name, kind, alert_percent) VALUES (${ctx.tenantId}, ${input.name}, ${input.kind}, ${input.alert_percent ?? 90}) RETURNING id`;
  if (!made) throw new Error('The new pool has no id.');
  return settle(ctx, made.id, input, ranges.ranges, 'pools.create');
}

/** Changes a pool; `version` as it was read. */
export async function changePool(ctx: Context, id: bigint, version: number, input: NewPool): Promise<PoolOutcome> {
  await lock(ctx);
  const [row] = await ctx.tx.$queryRaw<{ version: number }[]>`SELECT version FROM pool WHERE id = ${id}`;
  if (!row) return { kind: 'not_found' };
  if (row.version !== version) return { kind: 'changed_meanwhile', version: row.version };
  const ranges = await accept(ctx, input, id);
  if ('kind' in ranges) return ranges;
  await ctx.tx.$executeRaw`
    UPDATE pool SET name = ${input.name}, kind = ${input.kind}, alert_percent = ${input.alert_percent ?? 90}, version = version + 1 WHERE id = ${id}`;
  await ctx.tx.$executeRaw`DELETE FROM pool_range WHERE pool_id = ${id}`;
  await ctx.tx.$executeRaw`DELETE FROM pool_router WHERE pool_id = ${id}`;
  return settle(ctx, id, input, ranges.ranges, 'pools.change');
}

/** Forgets a pool. Plans that name it go on naming it: it stands on the router. */
export async function removePool(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const pool = await findPool(ctx, id);
  if (!pool) return 'not_found';
  await ctx.tx.$executeRaw`DELETE FROM pool WHERE id = ${id}`;
  await recordAudit(ctx, 'pools.remove', { type: 'pool', id }, { name: pool.name, ranges: pool.ranges });
  return 'done';
}

/** One change of pools at a time in a company: two that overlap must not be written side by side. */
const lock = (ctx: Context) =>
  ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`pools ${ctx.tenantId}`}, 0))`;

async function accept(
  ctx: Context,
  input: NewPool,
  except: bigint | undefined,
): Promise<{ ranges: Range[] } | Exclude<PoolOutcome, { kind: 'done' }>> {
  const ranges = readRanges(input.ranges, input.kind, input.each_length ?? EACH[input.kind]);
  if (!ranges) {
    const form =
      input.kind === 'ipv6' || input.kind === 'delegated' ? '2001:db8::/40' : '10.0.0.2-10.0.0.254 or 10.0.0.0/24';
    return { kind: 'invalid', fields: { ranges: `must be ranges as ${form} that do not overlap` } };
  }
  const routers = [...new Set(input.router_ids ?? [])];
  const known = await ctx.tx.$queryRaw<
    unknown[]
  >`SELECT 1 FROM nas WHERE tenant_id = ${ctx.tenantId} AND id = ANY (${routers}::bigint[])`;
  if (known.length < routers.length)
    return { kind: 'invalid', fields: { router_ids: 'names a router that you do not have; list /api/routers' } };
  const same = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM pool WHERE tenant_id = ${ctx.tenantId} AND name = ${input.name} AND id IS DISTINCT FROM ${except ?? null}::bigint`;
  if (same.length > 0) return { kind: 'name_taken' };
  const [firsts, lasts] = [ranges.map((one) => one.first), ranges.map((one) => one.last)];
  const [other] = await ctx.tx.$queryRaw<{ name: string }[]>`
    SELECT p.name FROM unnest(${firsts}::inet[], ${lasts}::inet[]) AS w (first_ip, last_ip)
    JOIN pool_range r ON r.tenant_id = ${ctx.tenantId} AND r.first_ip <= w.last_ip AND r.last_ip >= w.first_ip
    JOIN pool p ON p.id = r.pool_id
    WHERE p.id IS DISTINCT FROM ${except ?? null}::bigint
      AND (cardinality(${routers}::bigint[]) = 0 OR NOT EXISTS (SELECT FROM pool_router x WHERE x.pool_id = p.id)
           OR EXISTS (SELECT FROM pool_router x WHERE x.pool_id = p.id AND x.nas_id = ANY (${routers}::bigint[]))) LIMIT 1`;
  if (other) return { kind: 'overlaps', pool: other.name };
  const [fixed] = await ctx.tx.$queryRaw<{ address: string; username: string }[]>`
    SELECT host(s.static_ip) AS address, s.username FROM subscription s
    JOIN unnest(${firsts}::inet[], ${lasts}::inet[]) AS w (first_ip, last_ip) ON s.static_ip BETWEEN w.first_ip AND w.last_ip
    WHERE s.tenant_id = ${ctx.tenantId} AND s.status <> 'ended' AND ${input.kind} = 'ipv4' LIMIT 1`;
  return fixed ? { kind: 'holds_static', ...fixed } : { ranges };
}

async function settle(ctx: Context, id: bigint, input: NewPool, ranges: Range[], action: string): Promise<PoolOutcome> {
  await ctx.tx.$executeRaw`
    INSERT INTO pool_range (pool_id, tenant_id, first_ip, last_ip, size, written)
    SELECT ${id}, ${ctx.tenantId}, f, l, s, w FROM unnest(${ranges.map((one) => one.first)}::inet[], ${ranges.map((one) => one.last)}::inet[],
      ${ranges.map((one) => one.size)}::bigint[], ${ranges.map((one) => one.written)}::text[]) AS r (f, l, s, w)`;
  await ctx.tx.$executeRaw`
    INSERT INTO pool_router (pool_id, nas_id, tenant_id) SELECT ${id}, n, ${ctx.tenantId} FROM unnest(${[...new Set(input.router_ids ?? [])]}::bigint[]) n`;
  await recordAudit(ctx, action, { type: 'pool', id }, { ...input, router_ids: input.router_ids?.slice(0, 50) });
  const pool = await findPool(ctx, id);
  if (!pool) throw new Error(`pool ${id} is gone after it was written`);
  return { kind: 'done', pool };
}
