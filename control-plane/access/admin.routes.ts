import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField, listQuery } from '../platform/http/input';
import { pageRoute, view } from '../platform/http/page';
import type { PageRoute, Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { localMoment } from '../platform/local-moment';
import { formatDeadline, formErrors, pagerOf, readerFor } from '../ui';
import type { Reader } from '../ui';
import {
  askedFacts,
  askFields,
  explanation,
  refusalFilters,
  refusalRow,
  suspectLine,
  thenPanel,
  tryLines,
} from './admin.view';
import { explainHref } from './explain-href';
import { canImagine, explainAccess, IMAGINED_DAYS, type AccessQuestion } from './explain-access';
import { DAYS, findTry, keyText, listRefusals, listTries, readKey, routerChoices, suspectRouters } from './queries';
import { questionOf } from './replay';
import { METHODS } from './schema';

const none = z.literal('').transform(() => undefined);
const listPage = listQuery.extend({
  router: z.union([none, idField]).optional(),
  reason: z.union([none, z.string().regex(/^[a-z_]{1,40}$/)]).optional(),
  days: z.union([none, z.coerce.number().pipe(z.literal([1, 3, 7]))]).optional(),
});
const explainPage = z.object({
  username: z.string().max(253).optional(),
  mac: z.union([none, z.string().trim().max(64)]).optional(),
  router_id: z.union([none, idField]).optional(),
  service: z.union([none, z.enum(['ppp', 'hotspot'])]).optional(),
  method: z.union([none, z.enum(METHODS)]).optional(),
  at: z.string().trim().max(30).default(''),
  try: z.string().max(40).optional(),
  cursor: z.string().max(40).optional(),
});

async function refusalsModel(ctx: Context, query: z.output<typeof listPage>, web: Web, reader: Reader) {
  const { q, router, reason, limit } = query;
  const days = query.days ?? DAYS;
  const before = readKey(query.cursor, 'cursor');
  const found = await listRefusals(ctx, { q: q || undefined, router, reason, days, before, limit });
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const search = new URLSearchParams(web.query);
  const chosen = { q: q ?? '', router: String(router ?? ''), reason: reason ?? '', days };
  const filters = refusalFilters(chosen, await routerChoices(ctx), search, reader);
  return {
    title: reader.t('access.refusals_title'),
    filters,
    suspects: (await suspectRouters(ctx)).map((row) => suspectLine(row, reader)),
    rows: shown.map((row) => refusalRow(row, reader)),
    empty: filters.clear
      ? { text: reader.t('access.empty_filtered'), href: '/access', step: reader.t('access.empty_filtered_step') }
      : { text: reader.t('access.empty'), href: '/access/explain', step: reader.t('access.ask_step') },
    pager: pagerOf(
      '/access',
      search,
      { cursor: query.cursor, next: found.length > limit && last ? keyText(last) : null, limit },
      reader,
    ),
  };
}

/** Tries shown at a time. */
const TRIES = 8;

/** The tries of a login in the last week. */
async function triesModel(
  ctx: Context,
  username: string,
  key: string | undefined,
  cursor: string | undefined,
  reader: Reader,
) {
  const before = readKey(cursor, 'cursor');
  const rows = await listTries(ctx, { username, all: true, days: 7, before, limit: TRIES });
  const shown = rows.slice(0, TRIES);
  const last = shown.at(-1);
  return {
    tries: tryLines(shown, reader, key),
    older: rows.length > TRIES && last ? `${explainHref({ username })}&cursor=${keyText(last)}` : '',
  };
}

async function explainModel(ctx: Context, query: z.output<typeof explainPage>, person: Person) {
  const reader = readerFor(ctx, person);
  const key = readKey(query.try, 'try');
  const row = key && (await findTry(ctx, key));
  if (key && !row) throw notFound('That try');
  const at = query.at === '' ? undefined : await localMoment(ctx, query.at, person.tenant.timezone);
  const wrongAt =
    query.at !== '' && !(at && canImagine(ctx, at)) ? reader.t('access.at_wrong', { days: IMAGINED_DAYS }) : '';
  const question: AccessQuestion = { ...(row ? questionOf(row) : { ...query, username: query.username ?? '' }), at };
  const typed = {
    username: question.username,
    mac: question.mac ?? '',
    router_id: String(question.router_id ?? ''),
    service: question.service ?? '',
    method: question.method ?? '',
    at: query.at,
  };
  const fields = askFields(typed, await routerChoices(ctx), reader, wrongAt);
  const base = {
    fields,
    errors: wrongAt === '' ? undefined : formErrors({ at: wrongAt }),
    title: reader.t('access.title'),
  };
  if ((question.username === '' && !row) || wrongAt !== '') return base;
  const asked = await explainAccess(ctx, question);
  // The router of an old try may be gone; then the question is put as from the first one.
  const outcome =
    asked.kind === 'router_not_found' && row ? await explainAccess(ctx, { ...question, router_id: undefined }) : asked;
  if (outcome.kind === 'router_not_found') throw notFound('That router');
  const { explained } = outcome;
  const { permissions } = person.actor;
  const shown = explanation(explained, reader);
  return {
    ...base,
    title: reader.t('access.title_named', { name: explained.facts.login?.subscriber ?? question.username }),
    ...shown,
    customer: permissions.has('subscribers.read') ? shown.customer : null,
    router: permissions.has('routers.read') ? shown.router : null,
    asked: askedFacts(explained, row || undefined),
    imagined: question.at && reader.t('access.imagined', { when: formatDeadline(question.at, reader) }),
    earlier: row && thenPanel(row, explained, reader),
    ...(await triesModel(ctx, question.username, query.try, query.cursor, reader)),
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/access',
    permission: 'access.explain',
    query: listPage,
    run: async (ctx, { query }, web, person) =>
      view('access/refusals', await refusalsModel(ctx, query, web, readerFor(ctx, person))),
  }),
  pageRoute({
    method: 'GET',
    path: '/access/explain',
    permission: 'access.explain',
    query: explainPage,
    async run(ctx, { query }, _web, person) {
      const model = await explainModel(ctx, query, person);
      return view('access/explain', model, model.errors ? { status: 422 } : {});
    },
  }),
];
