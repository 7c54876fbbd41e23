import type { Call } from '../platform/http/route';
import { publicPage, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { chooseLocale } from '../platform/i18n';
import { sliceApiRoutes } from '../slices';
import { asLocale, readerOf, type Reader } from '../ui';
import { eventNames, eventSentences, RETRY_AFTER_S } from '../webhooks';
import { describeApi, type Described } from './describe';

/** Made at the first visit and kept: the routes of a process do not change. */
let described: { baseUrl: string; groups: Map<string, Described[]> } | undefined;

function groupsOf(baseUrl: string): Map<string, Described[]> {
  if (described?.baseUrl !== baseUrl)
    described = {
      baseUrl,
      groups: describeApi(
        sliceApiRoutes().flatMap(({ routes }) => routes),
        baseUrl,
      ),
    };
  return described.groups;
}

function readerOfCall(call: Call, web: Web): Reader {
  const locale = call.person
    ? asLocale(call.person.locale)
    : chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  return readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
}

/** In the console's frame for who has signed in, on a plain sheet for everybody else. */
function frame(call: Call, web: Web, name: string, model: Record<string, unknown>): PageResult {
  const groups = [...groupsOf(web.publicUrl)].map(([tag, operations]) => ({
    tag,
    href: `/reference/${tag}`,
    count: operations.length,
  }));
  return view(`reference/${name}`, { ...model, groups, ...(call.person ? {} : { layout: 'sheet' }) });
}

export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/reference',
    run(call, _input, web) {
      const { t } = readerOfCall(call, web);
      return Promise.resolve(
        frame(call, web, 'start', {
          title: t('reference.title'),
          baseUrl: web.publicUrl,
          events: eventNames.map((name) => ({ name, sentence: eventSentences[name] })),
          tries: RETRY_AFTER_S.length + 1,
          bodyExpression: '{{ $json.data.object.username }}',
        }),
      );
    },
  }),
  publicPage({
    method: 'GET',
    path: '/reference/:tag',
    run(call, { params }, web) {
      const operations = groupsOf(web.publicUrl).get(params.tag);
      if (!operations) throw notFound('That part of the reference');
      return Promise.resolve(
        frame(call, web, 'group', {
          title: params.tag,
          operations: operations.map((one) => ({
            ...one,
            free: one.permission === 'public',
            anybody: one.permission === 'signed_in',
          })),
        }),
      );
    },
  }),
];
