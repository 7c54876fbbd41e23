import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Certificate, ServerCertificate } from './schema';

interface Row {
  id: bigint;
  nas_id: bigint;
  router_name: string;
  serial: string;
  fingerprint: string;
  subject: string;
  key_is_theirs: boolean;
  issued_at: Date;
  issued_by: string;
  not_after: Date;
  revoked_at: Date | null;
  revoked_reason: string | null;
  is_old: boolean;
  peer: string | null;
  protocol: string | null;
  since: Date | null;
}

export interface CertificateFilter {
  id?: bigint | undefined;
  routerId?: bigint | undefined;
  /** Part of a router's name, or a serial number. */
  q?: string | undefined;
  /** `old`: valid ones of the authority that another has taken over from. */
  authority?: 'current' | 'old' | undefined;
  limit: number;
  before?: bigint | undefined;
}

const ENDS_SOON_MS = 30 * 86_400_000;

/** Certificates of this company's routers, newest first, each with its open connection. */
export async function listCertificates(ctx: Context, filter: CertificateFilter): Promise<Page<Certificate>> {
  const rows = await select(ctx, { ...filter, limit: filter.limit + 1 });
  return pageOf(rows, filter.limit, (row) => row.id, toCertificate);
}

export async function findCertificate(ctx: Context, id: bigint): Promise<Certificate | undefined> {
  const [row] = await select(ctx, { id, limit: 1 });
  return row && toCertificate(row);
}

function select(ctx: Context, filter: CertificateFilter): Promise<Row[]> {
  const all: Prisma.Sql[] = [Prisma.sql`c.tenant_id = ${ctx.tenantId}`];
  if (filter.id !== undefined) all.push(Prisma.sql`c.id = ${filter.id}`);
  if (filter.routerId !== undefined) all.push(Prisma.sql`c.nas_id = ${filter.routerId}`);
  if (filter.before !== undefined) all.push(Prisma.sql`c.id < ${filter.before}`);
  if (filter.authority !== undefined) {
    const superseded = Prisma.sql`coalesce(a.superseded_at IS NOT NULL, false) = ${filter.authority === 'old'}`;
    all.push(superseded, Prisma.sql`c.revoked_at IS NULL AND c.not_after > clock_timestamp()`);
  }
  if (filter.q) {
    const part = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
    all.push(Prisma.sql`(n.name ILIKE ${part} OR c.serial = ${filter.q.toUpperCase()})`);
  }
  return ctx.tx.$queryRaw<Row[]>`
    SELECT c.id, c.nas_id, n.name AS router_name, c.serial, c.fingerprint, c.subject, c.key_is_theirs, c.issued_at, c.issued_by, c.not_after,
           c.revoked_at, c.revoked_reason, coalesce(a.superseded_at IS NOT NULL, false) AS is_old, o.peer, o.protocol, o.since
    FROM radsec_certificate c JOIN nas n ON n.id = c.nas_id LEFT JOIN radsec_authority a ON a.id = c.authority_id
    LEFT JOIN LATERAL (
      SELECT peer, protocol, since FROM radsec_connection
      WHERE nas_id = c.nas_id AND certificate_id = c.id AND beat_at > clock_timestamp() - interval '16 seconds' ORDER BY since DESC LIMIT 1) o ON true
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY c.id DESC LIMIT ${filter.limit}`;
}

function toCertificate(row: Row): Certificate {
  return {
    id: row.id.toString(),
    router_id: row.nas_id.toString(),
    router_name: row.router_name,
    serial: row.serial,
    fingerprint: row.fingerprint,
    subject: row.subject,
    key_is_theirs: row.key_is_theirs,
    issued_at: row.issued_at.toISOString(),
    issued_by: row.issued_by,
    not_after: row.not_after.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
    revoked_reason: row.revoked_reason,
    authority: row.is_old ? 'old' : 'current',
    state: stateOf(row),
    connection:
      row.peer === null || row.since === null
        ? null
        : { peer: row.peer, protocol: row.protocol ?? '', since: row.since.toISOString() },
  };
}

/** TLS looks at the machine's clock, so that one says what has ended. */
function stateOf(row: Row): Certificate['state'] {
  const left_ms = row.not_after.getTime() - Date.now();
  if (row.revoked_at !== null) return 'revoked';
  if (left_ms <= 0) return 'expired';
  if (left_ms < ENDS_SOON_MS) return 'ends_soon';
  return row.peer === null ? 'valid' : 'connected';
}

/** The certificate that the front shows, and the authorities that routers must trust; undefined before the first `lango start`. */
export async function findServer(ctx: Context): Promise<ServerCertificate | undefined> {
  const [server] = await ctx.tx.$queryRaw<
    { certificate_pem: string; names: string[]; not_after: Date; ours: boolean }[]
  >`SELECT certificate_pem, names, not_after, ours FROM radsec_authority WHERE kind = 'server' AND retired_at IS NULL`;
  const authorities = await ctx.tx.$queryRaw<
    {
      certificate_pem: string;
      is_old: boolean;
      created_at: Date;
      not_after: Date;
      routers: number;
      last_ends: Date | null;
    }[]
  >`SELECT a.certificate_pem, a.superseded_at IS NOT NULL AS is_old, a.created_at, a.not_after, u.routers, u.last_ends
    FROM radsec_authority a JOIN radsec_authority_use() u ON u.authority_id = a.id ORDER BY is_old`;
  if (!server || authorities.length === 0) return undefined;
  return {
    certificate_pem: server.certificate_pem,
    ca_pem: authorities.map((one) => one.certificate_pem).join(''),
    names: server.names,
    not_after: server.not_after.toISOString(),
    ours: server.ours,
    authorities: authorities.map((one) => ({
      state: one.is_old ? ('old' as const) : ('current' as const),
      since: one.created_at.toISOString(),
      not_after: one.not_after.toISOString(),
      routers: one.routers,
      last_ends: one.last_ends?.toISOString() ?? null,
    })),
  };
}

/** The name of a router of this company. */
export async function routerName(ctx: Context, id: bigint): Promise<string | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    { name: string }[]
  >`SELECT name FROM nas WHERE id = ${id} AND tenant_id = ${ctx.tenantId}`;
  return row?.name;
}
