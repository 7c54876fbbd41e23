import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Certificate } from './schema';

interface Row {
  id: bigint;
  subscription_id: bigint;
  username: string;
  name: string;
  serial: string;
  issued_at: Date;
  not_after: Date;
  revoked_at: Date | null;
}

export interface CertificateFilter {
  id?: bigint | undefined;
  subscriptionId?: bigint | undefined;
  /** The beginning of a username, of a device's name or of a serial. */
  q?: string | undefined;
  state?: 'valid' | 'expired' | 'revoked' | undefined;
  limit: number;
  before?: bigint | undefined;
}

/** Certificates of the company's customers, newest first, revoked ones too. */
export async function listCertificates(ctx: Context, filter: CertificateFilter): Promise<Page<Certificate>> {
  const rows = await select(ctx, { ...filter, limit: filter.limit + 1 });
  return pageOf(rows, filter.limit, (row) => row.id, toCertificate);
}

export async function findCertificate(ctx: Context, id: bigint): Promise<Certificate | undefined> {
  const [row] = await select(ctx, { id, limit: 1 });
  return row && toCertificate(row);
}

/** PEM of the authority that devices must trust; undefined before the first start has made it. */
export async function authorityPem(ctx: Context): Promise<string | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ certificate_pem: string }[]>`SELECT certificate_pem FROM certificate_issuer()`;
  return row?.certificate_pem;
}

/** The username of a subscription of this company. */
export async function subscriptionName(ctx: Context, id: bigint): Promise<string | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    { username: string }[]
  >`SELECT username FROM subscription WHERE tenant_id = ${ctx.tenantId} AND id = ${id}`;
  return row?.username;
}

/** The machine's clock, as where their state is shown: it is what devices compare the dates with. */
const standing = {
  valid: Prisma.sql`c.revoked_at IS NULL AND c.not_after >= clock_timestamp()`,
  expired: Prisma.sql`c.revoked_at IS NULL AND c.not_after < clock_timestamp()`,
  revoked: Prisma.sql`c.revoked_at IS NOT NULL`,
};

function select(ctx: Context, { id, subscriptionId, q, state, limit, before }: CertificateFilter): Promise<Row[]> {
  const all: Prisma.Sql[] = [Prisma.sql`c.tenant_id = ${ctx.tenantId}`];
  if (id !== undefined) all.push(Prisma.sql`c.id = ${id}`);
  if (subscriptionId !== undefined) all.push(Prisma.sql`c.subscription_id = ${subscriptionId}`);
  if (state) all.push(standing[state]);
  if (before !== undefined) all.push(Prisma.sql`c.id < ${before}`);
  if (q) {
    const begins = `${q.replace(/[\\%_]/g, '\\$&')}%`;
    all.push(Prisma.sql`(s.username ILIKE ${begins} OR c.name ILIKE ${begins} OR c.serial ILIKE ${begins})`);
  }
  return ctx.tx.$queryRaw<Row[]>`
    SELECT c.id, c.subscription_id, s.username, c.name, c.serial, c.issued_at, c.not_after, c.revoked_at
    FROM certificate c JOIN subscription s ON s.id = c.subscription_id
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY c.id DESC LIMIT ${limit}`;
}

function toCertificate(row: Row): Certificate {
  return {
    id: row.id.toString(),
    subscription_id: row.subscription_id.toString(),
    username: row.username,
    name: row.name,
    serial: row.serial,
    issued_at: row.issued_at.toISOString(),
    not_after: row.not_after.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
  };
}
