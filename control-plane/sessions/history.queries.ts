import { isIP } from 'node:net';
import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';

/** One session of the history, open or over. */
export interface PastRow {
  id: bigint;
  username: string;
  subscriber_id: bigint | null;
  name: string | null;
  router: string | null;
  ip: string | null;
  mac: string | null;
  started_at: Date;
  stopped_at: Date | null;
  terminate_cause: string | null;
  closed_by: string | null;
  seconds: bigint;
  input_bytes: bigint;
  output_bytes: bigint;
}

export interface PastFilter {
  /** The whole of a login or of an IPv4 address: parts would read twenty million rows. */
  q?: string | undefined;
  router?: bigint | undefined;
  /** Of the beginning of a session. */
  from?: Date | undefined;
  to?: Date | undefined;
}

/** Sessions of all months, the newest first, those before the session `before`. */
export function listPast(
  { tx, tenantId }: Context,
  filter: PastFilter,
  page: { before: bigint | undefined; limit: number },
): Promise<PastRow[]> {
  return tx.$queryRaw<PastRow[]>`
    SELECT l.radacctid AS id, l.username, c.id AS subscriber_id, c.name, n.name AS router, coalesce(host(l.framed_ip), l.delegated_ipv6_prefix, l.framed_ipv6_prefix) AS ip, l.mac,
           l.started_at, l.stopped_at, l.terminate_cause, l.closed_by, l.session_time_s AS seconds, l.input_bytes, l.output_bytes
    FROM (SELECT * FROM session_all s WHERE ${Prisma.join(conditions(tenantId, filter, page.before), ' AND ')} ORDER BY s.radacctid DESC LIMIT ${page.limit}) l
    LEFT JOIN nas n ON n.id = l.nas_id LEFT JOIN subscription s ON s.id = l.subscription_id LEFT JOIN subscriber c ON c.id = s.subscriber_id
    ORDER BY l.radacctid DESC`;
}

function conditions(tenantId: bigint, { q, router, from, to }: PastFilter, before: bigint | undefined): Prisma.Sql[] {
  const all = [Prisma.sql`s.tenant_id = ${tenantId}`];
  if (before !== undefined) all.push(Prisma.sql`s.radacctid < ${before}`);
  if (router !== undefined) all.push(Prisma.sql`s.nas_id = ${router}`);
  if (from)
    all.push(
      Prisma.sql`s.started_at >= ${from} AND s.first_seen_on >= (${from}::timestamptz AT TIME ZONE 'UTC')::date`,
    );
  if (to) all.push(Prisma.sql`s.started_at < ${to}`);
  if (q) all.push(isIP(q) === 4 ? Prisma.sql`s.framed_ip = ${q}::inet` : Prisma.sql`s.username = ${q}`);
  return all;
}
