import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { localMoment } from '../platform/local-moment';
import { none } from '../tables';
import { formatDeadline, formErrors, readerFor } from '../ui';
import type { Reader } from '../ui';
import { askedFacts, askFields, explanation, thenPanel, tryLines } from './admin.view';
import { explainHref } from './explain-href';
import { canImagine, explainAccess, IMAGINED_DAYS, type AccessQuestion } from './explain-access';
import { findTry, keyText, listTries, readKey, routerChoices } from './queries';
import { refusalRoutes } from './refusals.routes';
import { questionOf } from './replay';
import { METHODS, SERVICES } from './schema';

const explainPage = z.object({
  username: z.string().max(253).optional(),
  mac: z.union([none, z.string().trim().max(64)]).optional(),
  router_id: z.union([none, idField]).optional(),
  service: z.union([none, z.enum(SERVICES)]).optional(),
  method: z.union([none, z.enum(METHODS)]).optional(),
  at: z.string().trim().max(30).default(''),
  try: z.string().max(40).optional(),
  cursor: z.string().max(40).optional(),
});

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
  ...refusalRoutes,
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
