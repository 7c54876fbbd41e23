import type { Context } from '../platform/context';
import { COUNT_MOST, countRows, dayStart } from './list.queries';
import type { PeopleFilter } from './search';

/** Days in words of the URL: since when somebody is here, and when a running service ends or ended. */
export const JOINED = { today: 0, week: 6, month: 29 } as const;
export const EXPIRES = { today: 1, three_days: 3, week: 7, month: 30, gone_week: -7 } as const;

/** What the URL of the list may ask for. */
export interface ListFilter {
  q?: string | undefined;
  state?: string | undefined;
  plan?: bigint | undefined;
  online?: string | undefined;
  joined?: keyof typeof JOINED | undefined;
  expires?: keyof typeof EXPIRES | undefined;
}

/** The filter of the URL as the database takes it; days are the company's. */
export async function peopleFilter(ctx: Context, asked: ListFilter, zone: string): Promise<PeopleFilter> {
  const { q, state, plan, online, joined, expires } = asked;
  const filter: PeopleFilter = { q: q || undefined, state, plan_id: plan };
  if (online) filter.online = online === 'yes';
  if (joined) filter.joined_from = await dayStart(ctx, zone, JOINED[joined]);
  if (expires) {
    const edge = await dayStart(ctx, zone, -EXPIRES[expires]);
    filter.expires_from = expires === 'gone_week' ? edge : ctx.now;
    filter.expires_to = expires === 'gone_week' ? ctx.now : edge;
  }
  return filter;
}

/** How many people the list would show under this filter; `more` when there are more than are counted. */
export async function countPeople(
  ctx: Context,
  asked: ListFilter,
  zone: string,
): Promise<{ count: number; more: boolean }> {
  const count = await countRows(ctx, await peopleFilter(ctx, asked, zone));
  return { count: Math.min(count, COUNT_MOST), more: count > COUNT_MOST };
}
