import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';
import type { DriftKind } from './find-drift';

export interface Finding {
  id: string;
  router_id: string;
  router: string;
  kind: DriftKind;
  subject: string;
  detail: string;
  plan: string[][];
  found_at: string;
  seen_at: string;
  gone_at: string | null;
  repair_asked_at: string | null;
  repair_fault: string | null;
}

interface Row extends Omit<Finding, 'id' | 'router_id' | 'found_at' | 'seen_at' | 'gone_at' | 'repair_asked_at'> {
  id: bigint;
  router_id: bigint;
  found_at: Date;
  seen_at: Date;
  gone_at: Date | null;
  repair_asked_at: Date | null;
}

export interface FindingFilter {
  id?: bigint | undefined;
  routerId?: bigint | undefined;
  kind?: DriftKind | undefined;
  state?: 'there' | 'gone' | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit: number;
}

/** What was found on routers, the newest first. */
export async function listFindings(ctx: Context, filter: FindingFilter): Promise<Page<Finding>> {
  const all: Prisma.Sql[] = [Prisma.sql`f.tenant_id = ${ctx.tenantId}`];
  if (filter.id !== undefined) all.push(Prisma.sql`f.id = ${filter.id}`);
  if (filter.routerId !== undefined) all.push(Prisma.sql`f.nas_id = ${filter.routerId}`);
  if (filter.kind) all.push(Prisma.sql`f.kind = ${filter.kind}`);
  if (filter.state)
    all.push(filter.state === 'there' ? Prisma.sql`f.gone_at IS NULL` : Prisma.sql`f.gone_at IS NOT NULL`);
  if (filter.q)
    all.push(
      Prisma.sql`(strpos(lower(n.name), lower(${filter.q})) > 0 OR strpos(lower(f.subject), lower(${filter.q})) > 0)`,
    );
  const before = cursorId(filter.cursor);
  if (before !== undefined) all.push(Prisma.sql`f.id < ${before}`);
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT f.id, f.nas_id AS router_id, n.name AS router, f.kind, f.subject, f.detail, f.plan, f.found_at, f.seen_at, f.gone_at, f.repair_asked_at, f.repair_fault
    FROM drift_finding f JOIN nas n ON n.id = f.nas_id WHERE ${Prisma.join(all, ' AND ')} ORDER BY f.id DESC LIMIT ${filter.limit + 1}`;
  const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => ({
      ...row,
      id: row.id.toString(),
      router_id: row.router_id.toString(),
      found_at: row.found_at.toISOString(),
      seen_at: row.seen_at.toISOString(),
      gone_at: iso(row.gone_at),
      repair_asked_at: iso(row.repair_asked_at),
    }),
  );
}

/** How the last check of a router went. */
export async function findCheck(
  ctx: Context,
  routerId: bigint,
): Promise<{ at: Date; fault: string | null } | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ at: Date; fault: string | null }[]>`
    SELECT at, fault FROM drift_check WHERE nas_id = ${routerId}`;
  return row;
}
