import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import { isCertificateAddress, type Router } from './schema';
import { warningsOf } from './warnings';

interface Row {
  id: bigint;
  name: string;
  nasname: string;
  type: string;
  coa_port: number;
  coa_address: string | null;
  realm: string | null;
  orders_shared: boolean;
  message_authenticator: string;
  api_username: string | null;
  has_api_password: boolean;
  api_port: number | null;
  api_tls: boolean;
  api_fingerprint: string | null;
  api_ok_at: Date | null;
  api_fault: string | null;
  api_fault_at: Date | null;
  identity: string | null;
  last_access_at: Date | null;
  last_accounting_at: Date | null;
  message_authenticator_seen_at: Date | null;
  coa_last_ack_at: Date | null;
  coa_silent_since: Date | null;
  live_sessions: bigint;
  created_at: Date;
  updated_at: Date;
  version: number;
}

export interface RouterFilter {
  id?: bigint | undefined;
  /** Part of a name or the whole address. */
  q?: string | undefined;
  state?: RouterState | undefined;
  limit: number;
  before?: bigint | undefined;
}

/** A router with people online that says nothing for this long is called silent. */
export const SILENT_AFTER_MS = 15 * 60_000;

/** How a router stands: never heard, silent with people online, deaf to orders, or well. */
export const routerStates = ['up', 'silent', 'deaf', 'unknown'] as const;
export type RouterState = (typeof routerStates)[number];

/** The same words as routerState() of admin.view.ts, for all rows at once. */
const STATE = Prisma.sql`CASE
  WHEN greatest(st.last_access_at, st.last_accounting_at) IS NULL THEN 'unknown'
  WHEN greatest(st.last_access_at, st.last_accounting_at) < lango_now() - make_interval(secs => ${SILENT_AFTER_MS / 1000})
   AND EXISTS (SELECT 1 FROM session_live l WHERE l.nas_id = n.id AND l.stopped_at IS NULL) THEN 'silent'
  WHEN st.coa_silent_since IS NOT NULL THEN 'deaf' ELSE 'up' END`;

/** Routers, newest first, with what was last heard of each. */
export async function listRouters(ctx: Context, filter: RouterFilter): Promise<Page<Router>> {
  const rows = await select(ctx, { ...filter, limit: filter.limit + 1 });
  return pageOf(rows, filter.limit, (row) => row.id, toRouter);
}

export async function findRouter(ctx: Context, id: bigint): Promise<Router | undefined> {
  const [row] = await select(ctx, { id, limit: 1 });
  return row ? toRouter(row) : undefined;
}

function select(ctx: Context, filter: RouterFilter): Promise<Row[]> {
  const all: Prisma.Sql[] = [Prisma.sql`n.tenant_id = ${ctx.tenantId}`];
  if (filter.id !== undefined) all.push(Prisma.sql`n.id = ${filter.id}`);
  if (filter.before !== undefined) all.push(Prisma.sql`n.id < ${filter.before}`);
  if (filter.state) all.push(Prisma.sql`${STATE} = ${filter.state}`);
  if (filter.q) {
    const part = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
    all.push(Prisma.sql`(n.name ILIKE ${part} OR n.nasname = ${filter.q} OR st.identity ILIKE ${part})`);
  }
  return ctx.tx.$queryRaw<Row[]>`
    SELECT n.id, n.name, n.nasname, n.type, n.coa_port, host(n.coa_address) AS coa_address, n.realm, n.message_authenticator, n.api_username,
           n.api_password_enc IS NOT NULL AS has_api_password, n.api_port, n.api_tls, n.api_fingerprint, st.api_ok_at, st.api_fault, st.api_fault_at, st.identity, st.last_access_at, st.last_accounting_at,
           st.message_authenticator_seen_at, st.coa_last_ack_at, st.coa_silent_since,
           (SELECT count(*) FROM session_live l WHERE l.nas_id = n.id AND l.stopped_at IS NULL) AS live_sessions,
           EXISTS (SELECT 1 FROM nas o WHERE o.nasname = n.nasname AND o.id <> n.id AND o.coa_port = n.coa_port
                   AND coalesce(o.coa_address, o.nasname::inet) = coalesce(n.coa_address, n.nasname::inet)) AS orders_shared,
           n.created_at, n.updated_at, n.version
    FROM nas n LEFT JOIN nas_status st ON st.nas_id = n.id
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY n.id DESC LIMIT ${filter.limit}`;
}

const iso = (at: Date | null) => (at === null ? null : at.toISOString());

function toRouter(row: Row): Router {
  return {
    id: row.id.toString(),
    name: row.name,
    address: row.nasname,
    type: row.type as Router['type'],
    coa_port: row.coa_port,
    coa_address: row.coa_address,
    realm: row.realm,
    message_authenticator: row.message_authenticator as Router['message_authenticator'],
    api_username: row.api_username,
    has_api_password: row.has_api_password,
    api_port: row.api_port,
    api_tls: row.api_tls,
    api_fingerprint: row.api_fingerprint,
    api_ok_at: iso(row.api_ok_at),
    api_fault: row.api_fault as Router['api_fault'],
    api_fault_at: iso(row.api_fault_at),
    identity: row.identity,
    last_access_at: iso(row.last_access_at),
    last_accounting_at: iso(row.last_accounting_at),
    message_authenticator_seen_at: iso(row.message_authenticator_seen_at),
    coa_last_ack_at: iso(row.coa_last_ack_at),
    coa_silent_since: iso(row.coa_silent_since),
    live_sessions: Number(row.live_sessions),
    warnings: warningsOf({
      message_authenticator: row.message_authenticator,
      byCertificate: isCertificateAddress(row.nasname),
      heard: row.last_access_at !== null,
      signed: row.message_authenticator_seen_at !== null,
      ordersShared: row.orders_shared,
    }),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    version: row.version,
  };
}
