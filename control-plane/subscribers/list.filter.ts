import type { Context } from '../platform/context';
import { dayStarts } from '../platform/local-moment';
import { COUNT_MOST, countAll } from './list.queries';
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
  const [filter] = await peopleFilters(ctx, [asked], zone);
  if (!filter) throw new Error('One filter was asked for.');
  return filter;
}

/** The same for several at once. */
async function peopleFilters(ctx: Context, all: ListFilter[], zone: string): Promise<PeopleFilter[]> {
  const edges = await dayStarts(ctx, zone, [...new Set(all.flatMap(daysOf))]);
  return all.map(({ q, state, plan, online, joined, expires }) => {
    const filter: PeopleFilter = { q: q || undefined, state, plan_id: plan };
    if (online) filter.online = online === 'yes';
    if (joined) filter.joined_from = edges.get(JOINED[joined]);
    if (expires) {
      const edge = edges.get(-EXPIRES[expires]);
      filter.expires_from = expires === 'gone_week' ? edge : ctx.now;
      filter.expires_to = expires === 'gone_week' ? ctx.now : edge;
    }
    return filter;
  });
}

/** Days ago whose beginnings a filter needs. */
const daysOf = ({ joined, expires }: ListFilter): number[] => [
  ...(joined ? [JOINED[joined]] : []),
  ...(expires ? [-EXPIRES[expires]] : []),
];

/** How many people the list would show under each of these filters; `more` when there are more than are counted. */
export async function countPeople(
  ctx: Context,
  asked: ListFilter[],
  zone: string,
): Promise<{ count: number; more: boolean }[]> {
  const counts = await countAll(ctx, await peopleFilters(ctx, asked, zone));
  return counts.map((count) => ({ count: Math.min(count, COUNT_MOST), more: count > COUNT_MOST }));
}
