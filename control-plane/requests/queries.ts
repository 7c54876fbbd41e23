import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';
import type { ErrorRow, RequestFilter, RequestRow } from './schema';

type Row = Omit<RequestRow, 'id' | 'staff_id' | 'token_id'> & {
  id: bigint;
  staff_id: bigint | null;
  token_id: bigint | null;
};

function conditions(filter: RequestFilter): Prisma.Sql {
  const all: Prisma.Sql[] = [Prisma.sql`true`];
  const before = cursorId(filter.cursor);
  if (before !== undefined) all.push(Prisma.sql`r.id < ${before}`);
  if (filter.method !== undefined) all.push(Prisma.sql`r.method = ${filter.method}`);
  if (filter.token_id !== undefined) all.push(Prisma.sql`r.token_id = ${filter.token_id}`);
  if (filter.staff_id !== undefined) all.push(Prisma.sql`r.staff_id = ${filter.staff_id}`);
  if (filter.outcome === 'done') all.push(Prisma.sql`r.status < 400`);
  if (filter.outcome === 'refused') all.push(Prisma.sql`r.status >= 400 AND r.status < 500`);
  if (filter.outcome === 'failed') all.push(Prisma.sql`r.status >= 500`);
  if (filter.q) all.push(Prisma.sql`(r.request_id = ${filter.q} OR starts_with(r.path, ${filter.q}))`);
  return Prisma.join(all, ' AND ');
}

/** The company's calls of the API, newest first. */
export async function listRequests(ctx: Context, filter: RequestFilter): Promise<Page<RequestRow>> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.at, r.who, r.staff_id, r.token_id, t.name AS token_name, r.method, r.path, r.route, r.status, r.ms, r.code, r.request_id,
           host(r.ip) AS ip, r.user_agent
    FROM request_log r LEFT JOIN staff_token t ON t.id = r.token_id
    WHERE r.tenant_id = ${ctx.tenantId} AND ${conditions(filter)}
    ORDER BY r.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => ({
      ...row,
      id: row.id.toString(),
      staff_id: row.staff_id?.toString() ?? null,
      token_id: row.token_id?.toString() ?? null,
    }),
  );
}

type FaultRow = Omit<ErrorRow, 'id' | 'company' | 'times'> & { id: bigint; tenant_name: string | null; times: bigint };

/** Faults of the whole installation, the latest of each kind, or all of one kind. Empty for who is no super admin. */
export async function listErrors(
  ctx: Context,
  staffId: bigint,
  filter: { fingerprint?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<ErrorRow>> {
  const before = cursorId(filter.cursor) ?? null;
  const rows = await ctx.tx.$queryRaw<FaultRow[]>`
    SELECT * FROM request_errors(${staffId}, ${filter.fingerprint ?? null}, ${before}, ${filter.limit + 1}::int)`;
  return pageOf(rows, filter.limit, (row) => row.id, toError);
}

function toError(row: FaultRow): ErrorRow {
  return {
    id: row.id.toString(),
    at: row.at,
    company: row.tenant_name,
    fingerprint: row.fingerprint,
    name: row.name,
    message: row.message,
    stack: row.stack,
    method: row.method,
    path: row.path,
    request_id: row.request_id,
    times: Number(row.times),
    first_at: row.first_at,
  };
}
