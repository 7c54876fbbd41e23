import { z } from 'zod';
import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { bytes, pageOf, type Page } from '../platform/http/input';

/** One connection of a subscriber; input is the upload, output the download. */
export const sessionAnswer = z.object({
  id: z.string(),
  username: z.string(),
  subscription_id: z.string().nullable(),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  package_name: z.string().nullable(),
  acct_session_id: z.string(),
  router_id: z.string(),
  router_name: z.string().nullable(),
  nas_address: z.string(),
  framed_ip: z.string().nullable(),
  mac: z.string().nullable(),
  service: z.enum(['ppp', 'hotspot', 'other']),
  mode: z.enum(['full', 'throttled', 'garden']).nullable(),
  rate_limit: z.string().nullable(),
  started_at: z.string(),
  updated_at: z.string(),
  stopped_at: z.string().nullable(),
  terminate_cause: z.string().nullable(),
  closed_by: z.string().nullable(),
  seconds: z.int(),
  input_bytes: z.int(),
  output_bytes: z.int(),
});
export type Session = z.output<typeof sessionAnswer>;

interface Row {
  radacctid: bigint;
  username: string;
  subscription_id: bigint | null;
  client_id: bigint | null;
  client_name: string | null;
  package_name: string | null;
  acct_session_id: string;
  nas_id: bigint;
  router_name: string | null;
  nas_address: string;
  framed_ip: string | null;
  mac: string | null;
  service: string;
  mode: string | null;
  rate_limit: string | null;
  started_at: Date;
  updated_at: Date;
  stopped_at: Date | null;
  terminate_cause: string | null;
  closed_by: string | null;
  session_time_s: bigint;
  input_bytes: bigint;
  output_bytes: bigint;
}

export interface SessionFilter {
  id?: bigint | undefined;
  state: 'live' | 'all';
  username?: string | undefined;
  acct_session_id?: string | undefined;
  router_id?: bigint | undefined;
  subscription_id?: bigint | undefined;
  mac?: string | undefined;
  /** Part of a username or client name, or a whole address or MAC. */
  q?: string | undefined;
  limit: number;
  before?: bigint | undefined;
}

/** Sessions, newest first: open ones, or those of the history as well. */
export async function listSessions(ctx: Context, filter: SessionFilter): Promise<Page<Session>> {
  const rows = await select(ctx, { ...filter, limit: filter.limit + 1 });
  return pageOf(rows, filter.limit, (row) => row.radacctid, toSession);
}

/** A session, open or closed. */
export async function findSession(ctx: Context, id: bigint): Promise<Session | undefined> {
  const [row] = await select(ctx, { id, state: 'all', limit: 1 });
  return row ? toSession(row) : undefined;
}

function select(ctx: Context, filter: SessionFilter): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT s.radacctid, s.username, s.subscription_id, c.id AS client_id, c.name AS client_name, p.name AS package_name, s.acct_session_id, s.nas_id,
           n.name AS router_name, host(s.nas_address) AS nas_address, host(s.framed_ip) AS framed_ip, s.mac, s.service, s.mode, s.rate_limit,
           s.started_at, s.updated_at, s.stopped_at, s.terminate_cause, s.closed_by, s.session_time_s, s.input_bytes, s.output_bytes
    FROM ${filter.state === 'live' ? Prisma.sql`session_live` : Prisma.sql`session_all`} s
    LEFT JOIN nas n ON n.id = s.nas_id
    LEFT JOIN subscription sub ON sub.id = s.subscription_id
    LEFT JOIN subscriber c ON c.id = sub.subscriber_id
    LEFT JOIN plan_version v ON v.id = sub.plan_version_id
    LEFT JOIN plan p ON p.id = v.plan_id
    WHERE ${conditions(ctx, filter)}
    ORDER BY s.radacctid DESC LIMIT ${filter.limit}`;
}

function conditions(ctx: Context, filter: SessionFilter): Prisma.Sql {
  const all: Prisma.Sql[] = [Prisma.sql`s.tenant_id = ${ctx.tenantId}`];
  if (filter.state === 'live') all.push(Prisma.sql`s.stopped_at IS NULL`);
  if (filter.id !== undefined) all.push(Prisma.sql`s.radacctid = ${filter.id}`);
  if (filter.before !== undefined) all.push(Prisma.sql`s.radacctid < ${filter.before}`);
  if (filter.username !== undefined) all.push(Prisma.sql`s.username = ${filter.username}`);
  if (filter.acct_session_id !== undefined) all.push(Prisma.sql`s.acct_session_id = ${filter.acct_session_id}`);
  if (filter.router_id !== undefined) all.push(Prisma.sql`s.nas_id = ${filter.router_id}`);
  if (filter.subscription_id !== undefined) all.push(Prisma.sql`s.subscription_id = ${filter.subscription_id}`);
  if (filter.mac !== undefined) all.push(Prisma.sql`s.mac = ${filter.mac.toUpperCase()}`);
  if (filter.q) {
    const part = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
    all.push(
      Prisma.sql`(s.username ILIKE ${part} OR c.name ILIKE ${part} OR host(s.framed_ip) = ${filter.q} OR s.mac = ${filter.q.toUpperCase()})`,
    );
  }
  return Prisma.join(all, ' AND ');
}

function toSession(row: Row): Session {
  return {
    id: row.radacctid.toString(),
    username: row.username,
    subscription_id: row.subscription_id?.toString() ?? null,
    client_id: row.client_id?.toString() ?? null,
    client_name: row.client_name,
    package_name: row.package_name,
    acct_session_id: row.acct_session_id,
    router_id: row.nas_id.toString(),
    router_name: row.router_name,
    nas_address: row.nas_address,
    framed_ip: row.framed_ip,
    mac: row.mac,
    service: row.service as Session['service'],
    mode: row.mode as Session['mode'],
    rate_limit: row.rate_limit,
    started_at: row.started_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    stopped_at: row.stopped_at?.toISOString() ?? null,
    terminate_cause: row.terminate_cause,
    closed_by: row.closed_by,
    seconds: bytes(row.session_time_s),
    input_bytes: bytes(row.input_bytes),
    output_bytes: bytes(row.output_bytes),
  };
}
