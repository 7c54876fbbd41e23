import type { Context } from '../platform/context';
import { cursorId, pageOf, type Page } from '../platform/http/input';

export interface Configuration {
  id: string;
  router_id: string;
  router: string;
  taken_at: string;
  seen_at: string;
  version: string;
  lines: number;
  added: number;
  removed: number;
  missing: string[];
}

interface Row extends Omit<Configuration, 'id' | 'router_id' | 'taken_at' | 'seen_at'> {
  id: bigint;
  router_id: bigint;
  taken_at: Date;
  seen_at: Date;
}

export interface ConfigurationFilter {
  routerId?: bigint | undefined;
  id?: bigint | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit: number;
}

/** Kept configurations, the newest first, without their words. */
export async function listConfigurations(ctx: Context, filter: ConfigurationFilter): Promise<Page<Configuration>> {
  const before = cursorId(filter.cursor) ?? null;
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT c.id, c.nas_id AS router_id, n.name AS router, c.taken_at, c.seen_at, c.version, c.lines, c.added, c.removed, c.missing
    FROM configuration c JOIN nas n ON n.id = c.nas_id
    WHERE c.tenant_id = ${ctx.tenantId} AND (${filter.routerId ?? null}::bigint IS NULL OR c.nas_id = ${filter.routerId ?? null})
      AND (${filter.id ?? null}::bigint IS NULL OR c.id = ${filter.id ?? null})
      AND (${filter.q ?? null}::text IS NULL OR strpos(lower(n.name), lower(${filter.q ?? null})) > 0)
      AND (${before}::bigint IS NULL OR c.id < ${before})
    ORDER BY c.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => ({
      ...row,
      id: row.id.toString(),
      router_id: row.router_id.toString(),
      taken_at: row.taken_at.toISOString(),
      seen_at: row.seen_at.toISOString(),
    }),
  );
}

export async function findConfiguration(
  ctx: Context,
  id: bigint,
): Promise<(Configuration & { words: string }) | undefined> {
  const [found] = (await listConfigurations(ctx, { id, limit: 1 })).items;
  if (!found) return undefined;
  const [row] = await ctx.tx.$queryRaw<{ words: string }[]>`SELECT words FROM configuration WHERE id = ${id}`;
  return { ...found, words: row?.words ?? '' };
}

/** The one that a router had before this one. */
export async function findEarlier(ctx: Context, routerId: bigint, id: bigint): Promise<bigint | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM configuration WHERE nas_id = ${routerId} AND id < ${id} ORDER BY id DESC LIMIT 1`;
  return row?.id;
}

/** How the last try of a router went. */
export async function findTry(ctx: Context, routerId: bigint): Promise<{ at: Date; fault: string | null } | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ at: Date; fault: string | null }[]>`
    SELECT at, fault FROM configuration_try WHERE nas_id = ${routerId}`;
  return row;
}

/** Whether a router's configuration was read in the last day, changed or not. */
export async function isFresh(ctx: Context, routerId: bigint): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ fresh: boolean }[]>`
    SELECT EXISTS (SELECT FROM configuration WHERE nas_id = ${routerId} AND seen_at > lango_now() - interval '1 day') AS fresh`;
  return row?.fresh === true;
}
