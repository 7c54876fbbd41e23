import { isIP } from 'node:net';
import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { TYPED_MIN } from '../subscribers';
import { readerFor } from '../ui';
import { groupsOf } from './admin.view';
import { find } from './find';

const typed = z.object({ q: z.string().trim().max(200).default('') });
/** Of each kind on the page, and in the box, where eight lines are all a phone shows. */
const ON_PAGE = 20;
const IN_BOX = 4;

async function answer(ctx: Context, q: string, limit: number, person: Person) {
  const reader = readerFor(ctx, person);
  const groups = groupsOf(await find(ctx, q, person.actor.permissions, limit), reader);
  const count = groups.reduce((sum, group) => sum + group.lines.length, 0);
  return {
    q,
    groups,
    count: count > 0 ? reader.t('search.count', { count }) : '',
    // Whoever has an address before them and no session on it wants to know who had it.
    history:
      isIP(q) !== 0 && person.actor.permissions.has('sessions.trace')
        ? { href: `/sessions/address?ip=${encodeURIComponent(q)}`, step: reader.t('search.who_had', { ip: q }) }
        : undefined,
    empty: {
      text: reader.t(q.length === 0 ? 'search.begin' : q.length < TYPED_MIN ? 'search.too_short' : 'search.nothing', {
        q,
      }),
    },
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/search',
    permission: 'signed_in',
    query: typed,
    async run(ctx, { query: { q } }, _web, person) {
      const found = await answer(ctx, q, ON_PAGE, person);
      // A scanner or a pasted receipt means one thing: it is opened at once.
      const only = found.groups.length === 1 ? found.groups[0]?.lines : undefined;
      if (only?.length === 1 && only[0]?.href) return seeOther(only[0].href);
      return view('search/page', { title: readerFor(ctx, person).t('search.title'), search: q, ...found });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/search/box',
    permission: 'signed_in',
    query: typed,
    run: async (ctx, { query: { q } }, _web, person) =>
      view('search/box', { layout: null, ...(await answer(ctx, q, IN_BOX, person)) }),
  }),
];
