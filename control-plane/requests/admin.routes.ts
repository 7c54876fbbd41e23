import { z } from 'zod';
import { pageRoute, view, type PageRoute } from '../platform/http/page';
import {
  formatCount,
  formatLatency,
  formatMoment,
  outcomeBadge,
  pagerOf,
  readerFor,
  withQuery,
  type Reader,
} from '../ui';
import { listErrors, listRequests } from './queries';
import { errorQuery, outcomes, requestQuery, type ErrorRow, type RequestRow } from './schema';

function printCall(row: RequestRow, reader: Reader) {
  const { t, locale } = reader;
  const outcome = row.status >= 500 ? 'failed' : row.status >= 400 ? 'cancelled' : 'done';
  return {
    at: formatMoment(row.at, reader),
    call: `${row.method} ${row.path}`,
    request: row.request_id,
    who: row.who ?? t('requests.nobody'),
    by: row.token_name ?? row.user_agent ?? '',
    outcome: { ...outcomeBadge(outcome, reader), word: String(row.status) },
    code: row.code ?? '',
    ms: formatLatency(row.ms, locale),
    ip: row.ip ?? '',
  };
}

function printFault(row: ErrorRow, reader: Reader) {
  const { t, locale } = reader;
  return {
    href: `/requests/errors?fingerprint=${row.fingerprint}`,
    name: row.name,
    message: row.message.trim().split('\n').at(-1) ?? '',
    whole: row.message,
    stack: row.stack,
    call: `${row.method} ${row.path}`,
    request: row.request_id,
    company: row.company ?? t('requests.nobody'),
    times: formatCount(row.times, locale),
    at: formatMoment(row.at, reader),
    first: t('requests.first', { when: formatMoment(row.first_at, reader) }),
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/requests',
    permission: 'requests.read',
    query: requestQuery.extend({
      outcome: z.union([z.literal('').transform(() => undefined), z.enum(outcomes)]).optional(),
    }),
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      const search = new URLSearchParams(web.query);
      const page = await listRequests(ctx, query);
      return view('requests/list', {
        title: t('requests.title'),
        errorsHref: person.actor.permissions.has('requests.errors') && '/requests/errors',
        path: '/requests',
        q: query.q ?? '',
        findHint: t('requests.find'),
        kept: query.outcome ? [{ name: 'outcome', value: query.outcome }] : [],
        active: [],
        tabs: [undefined, ...outcomes].map((one) => ({
          href: withQuery('/requests', search, { outcome: one ?? null }),
          label: t(`requests.show_${one ?? 'all'}`),
          current: one === query.outcome,
        })),
        rows: page.items.map((row) => printCall(row, reader)),
        empty: {
          text: t(query.q || query.outcome ? 'requests.none_so' : 'requests.empty'),
          href: '/tokens',
          step: t('requests.to_tokens'),
        },
        pager: pagerOf(
          '/requests',
          search,
          { cursor: query.cursor, next: page.nextCursor, limit: query.limit },
          reader,
        ),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/requests/errors',
    permission: 'requests.errors',
    query: errorQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      const page = await listErrors(ctx, person.staffId, query);
      return view('requests/errors', {
        title: t('requests.errors_title'),
        one: query.fingerprint !== undefined,
        rows: page.items.map((row) => printFault(row, reader)),
        empty: { text: t('requests.no_errors') },
        pager: pagerOf(
          '/requests/errors',
          new URLSearchParams(web.query),
          { cursor: query.cursor, next: page.nextCursor, limit: query.limit },
          reader,
        ),
      });
    },
  }),
];
