import type { Context } from '../platform/context';
import type { Prisma, subscriber } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Subscriber } from './schema';

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
  /** Part of a name, e-mail or phone, or the start of a username of theirs. */
  q?: string | undefined;
  limit: number;
  before: bigint | undefined;
}

/** Subscribers, newest first. */
export async function listSubscribers(ctx: Context, filter: SubscriberFilter): Promise<Page<Subscriber>> {
  const rows = await ctx.tx.subscriber.findMany({
    where: {
      deleted_at: null,
      ...(filter.q ? { OR: matches(filter.q) } : {}),
      ...(filter.before ? { id: { lt: filter.before } } : {}),
    },
    orderBy: { id: 'desc' },
    take: filter.limit + 1,
  });
  return pageOf(rows, filter.limit, (row) => row.id, toSubscriber);
}

function matches(q: string): Prisma.subscriberWhereInput[] {
  const digits = q.replace(/[\s().+-]/g, '').replace(/^0+/, '');
  const phone = /^\d{3,}$/.test(digits) ? [{ phone: { contains: digits } }] : [];
  return [
    { name: { contains: q, mode: 'insensitive' } },
    { email: { contains: q, mode: 'insensitive' } },
    { subscriptions: { some: { username: { startsWith: q, mode: 'insensitive' } } } },
    ...phone,
  ];
}

/** A subscriber who was not removed. */
export async function findSubscriber(ctx: Context, id: bigint): Promise<Subscriber | undefined> {
  const row = await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null } });
  return row ? toSubscriber(row) : undefined;
}
