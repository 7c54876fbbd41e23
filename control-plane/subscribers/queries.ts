import type { Context } from '../platform/context';
import type { subscriber } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Subscriber } from './schema';
import { filterJson } from './search';

/** A row in the words of the API. */
export function toSubscriber(row: subscriber): Subscriber {
  return {
    id: row.id.toString(),
    name: row.name,
    phone: row.phone,
    email: row.email,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    version: row.version,
  };
}

export interface SubscriberFilter {
  /** What somebody typed to find a person: see search.ts. */
  q?: string | undefined;
  limit: number;
  before: bigint | undefined;
}

/** Subscribers, newest first. */
export async function listSubscribers(ctx: Context, filter: SubscriberFilter): Promise<Page<Subscriber>> {
  const rows = await ctx.tx.$queryRaw<subscriber[]>`
    SELECT c.* FROM subscriber_page(${filterJson({ q: filter.q })}::jsonb, ${filter.before ?? null}::bigint, ${filter.limit + 1}::integer) f (id)
    JOIN subscriber c ON c.id = f.id ORDER BY c.id DESC`;
  return pageOf(rows, filter.limit, (row) => row.id, toSubscriber);
}

/** A subscriber who was not removed. */
export async function findSubscriber(ctx: Context, id: bigint): Promise<Subscriber | undefined> {
  const row = await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null } });
  return row ? toSubscriber(row) : undefined;
}
