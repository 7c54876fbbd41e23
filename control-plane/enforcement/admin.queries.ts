import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';

/** What may be listed: sessions that are not as sold, orders under way, orders given up within a day. */
export const SHOWN = ['undone', 'open', 'gave_up'] as const;
export type Shown = (typeof SHOWN)[number];

/** One order with who and where, as a list prints it. */
export interface OrderRow {
  id: bigint;
  kind: string;
  reason: string;
  state: string;
  attempts: number;
  created_at: Date;
  login: string | null;
  subscriber_id: bigint | null;
  subscriber: string | null;
  router: string | null;
  /** free_rider or held_back, in the list of what is not as sold. */
  what: string | null;
}

const COLUMNS = Prisma.sql`
  SELECT e.id, e.kind, e.reason, e.state, e.attempts, e.created_at, coalesce(l.username, s.username) AS login, s.subscriber_id, c.name AS subscriber, n.name AS router`;
const SOURCE = Prisma.sql`
  LEFT JOIN session_live l ON l.radacctid = e.session_id
  LEFT JOIN subscription s ON s.id = e.subscription_id
  LEFT JOIN subscriber c ON c.id = s.subscriber_id
  LEFT JOIN nas n ON n.id = e.nas_id`;

/** Orders under way or given up, newest first; of what is not as sold the oldest hundred, which wait for longest, on one page. */
export async function listOrders(
  ctx: Context,
  shown: Shown,
  page: { before: bigint | undefined; limit: number },
): Promise<Page<OrderRow>> {
  if (shown === 'undone') {
    const items = await ctx.tx.$queryRaw<OrderRow[]>`
      ${COLUMNS}, u.what FROM enforcement_undone() u JOIN enforcement e ON e.id = u.enforcement_id ${SOURCE} ORDER BY u.since LIMIT 100`;
    return { items, nextCursor: null };
  }
  const state =
    shown === 'open'
      ? Prisma.sql`e.state = 'open'`
      : Prisma.sql`e.state = 'gave_up' AND e.created_at > (SELECT lango_now()) - interval '1 day'`;
  const before = page.before === undefined ? Prisma.empty : Prisma.sql`AND e.id < ${page.before}`;
  const rows = await ctx.tx.$queryRaw<OrderRow[]>`
    ${COLUMNS}, NULL AS what FROM enforcement e ${SOURCE} WHERE ${state} ${before} ORDER BY e.id DESC LIMIT ${page.limit + 1}`;
  return pageOf(rows, page.limit, (row) => row.id);
}

/** One order; undefined when it is not this company's. */
export async function findOrder(ctx: Context, id: bigint): Promise<OrderRow | undefined> {
  const [row] = await ctx.tx.$queryRaw<OrderRow[]>`
    ${COLUMNS}, NULL AS what FROM enforcement e ${SOURCE} WHERE e.id = ${id}`;
  return row;
}
