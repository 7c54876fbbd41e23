import { countPayments } from '../payments';
import type { Context } from '../platform/context';
import type { Person } from '../platform/http/person';
import { countPeople } from '../subscribers';
import type { ListFilter } from '../subscribers';
import { formatCount, readerFor } from '../ui';
import { remember } from '../platform/remember';

/** Figures of people and their money; each is the number of rows of the list behind it, because both ask with the same filter. */
const PEOPLE = [
  ['new_today', { joined: 'today' }],
  ['new_week', { joined: 'week' }],
  ['ending', { expires: 'three_days' }],
  ['left', { expires: 'gone_week' }],
] as const satisfies [string, ListFilter][];

/** New days and ended services change slowly; every screen on the wall asks. */
const KEPT_MS = 5_000;

interface Counted {
  count: number;
  more: boolean;
}

/** New, ending and leaving customers, and money that bought no service; each leads to its list. */
export async function peoplePart(ctx: Context, person: Person): Promise<object> {
  const { t, locale } = readerFor(ctx, person);
  const say = ({ count, more }: Counted) => `${formatCount(count, locale)}${more ? '+' : ''}`;
  const counts = await remember(ctx, 'people', KEPT_MS, () =>
    countPeople(
      ctx,
      PEOPLE.map(([, filter]) => filter),
      person.tenant.timezone,
    ),
  );
  const cells: object[] = PEOPLE.map(([key, filter], place) => ({
    label: t(`admin.people_${key}`),
    side: t(`admin.people_${key}_side`),
    value: say(counts[place] ?? { count: 0, more: false }),
    href: `/subscribers?${new URLSearchParams(filter as Record<string, string>).toString()}`,
  }));
  if (person.actor.permissions.has('payments.read')) {
    const count = await remember(ctx, 'unused', KEPT_MS, () => countPayments(ctx, { unused: true }));
    cells.push({
      label: t('admin.people_unused'),
      side: t('admin.people_unused_side'),
      value: say({ count, more: false }),
      href: '/payments?service=none',
      warn: count > 0,
    });
  }
  return { cells };
}
