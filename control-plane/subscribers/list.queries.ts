import type { Context } from '../platform/context';
import { filterJson } from './search';
import type { PeopleFilter } from './search';

/** One row of the list: the person, the service that matters most, and whether they are online. */
export interface SubscriberRow {
  id: bigint;
  name: string;
  phone: string;
  email: string | null;
  created_at: Date;
  subscription_id: bigint | null;
  username: string | null;
  plan: string | null;
  state: string | null;
  suspended_reason: string | null;
  expires_at: Date | null;
  used_bytes: bigint | null;
  allowance_bytes: bigint | null;
  wallet_cents: bigint;
  services: bigint;
  online: bigint;
  /** How many match the filter in all, where that was known with the page. */
  matching: bigint | null;
}

/** More than this is not counted: the figure beside the title says "1,000+". */
export const COUNT_MOST = 1000;

/**
 * A page of people, newest first, each with the service that matters most: one in the state asked for, else running before ended, newest first.
 * The page is found by prisma/functions/subscriber-list.sql and only then furnished.
 */
export function listRows(
  { tx }: Context,
  filter: PeopleFilter,
  page: { before: bigint | undefined; limit: number },
): Promise<SubscriberRow[]> {
  return tx.$queryRaw<SubscriberRow[]>`
    SELECT c.id, c.name, c.phone, c.email, c.created_at, s.id AS subscription_id, s.username, p.name AS plan, s.state, s.suspended_reason,
           CASE WHEN s.unused_validities = 0 THEN s.expires_at END AS expires_at, s.used_bytes, s.allowance_bytes,
           coalesce((SELECT sum(a.balance_cents) FROM ledger_account a WHERE a.subscriber_id = c.id), 0)::bigint AS wallet_cents,
           (SELECT count(*) FROM subscription x WHERE x.subscriber_id = c.id AND x.status <> 'ended') AS services,
           (SELECT count(*) FROM subscription x JOIN session_live l ON l.subscription_id = x.id AND l.stopped_at IS NULL AND l.mode IS DISTINCT FROM 'garden' WHERE x.subscriber_id = c.id) AS online, f.matching
    FROM subscriber_page_counted(${filterJson(filter)}::jsonb, ${page.before ?? null}::bigint, ${page.limit}::integer) f
    JOIN subscriber c ON c.id = f.id
    LEFT JOIN LATERAL (SELECT * FROM subscription_now n WHERE n.subscriber_id = c.id
                       ORDER BY (n.state IS DISTINCT FROM ${filter.state ?? null}::text), (n.status = 'ended'), n.id DESC LIMIT 1) s ON true
    LEFT JOIN plan p ON p.id = s.plan_id
    ORDER BY c.id DESC`;
}

/** How many people match, counted up to COUNT_MOST + 1. */
export async function countRows(ctx: Context, filter: PeopleFilter): Promise<number> {
  return (await countAll(ctx, [filter]))[0] ?? 0;
}

/** The same for several filters, in one statement. */
export async function countAll({ tx }: Context, filters: PeopleFilter[]): Promise<number[]> {
  const rows = await tx.$queryRaw<{ count: bigint }[]>`
    SELECT subscriber_count(f.filter::jsonb, ${COUNT_MOST + 1}::integer) AS count
    FROM unnest(${filters.map(filterJson)}::text[]) WITH ORDINALITY f (filter, place) ORDER BY f.place`;
  return rows.map((row) => Number(row.count));
}

/** Plans that one may filter by. */
export function planChoices({ tx }: Context): Promise<{ id: bigint; name: string }[]> {
  return tx.$queryRaw`SELECT id, name FROM plan WHERE archived_at IS NULL ORDER BY name LIMIT 200`;
}
