import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { dayFilters, dayQuery, dayRange, listPages, none, oneOf } from '../tables';
import { formatClock, formatLatency, formatMoment, readerFor, type Filter, type Reader } from '../ui';
import { channels, kindOf, messageKinds } from './catalogue';
import { messageColumns, stateOf, whyOf } from './list.view';
import { kindOrNotice } from './outfit';
import { preferenceRoutes } from './preference.routes';
import { findMessage, listMessages, messageStates, type Message } from './queries';
import { retryFailed, retryMessages } from './retry-messages';
import { sendRoutes } from './send.routes';
import { settingsRoutes } from './settings.routes';
import { templateRoutes } from './template.routes';

const logQuery = listQuery.extend({
  state: oneOf(messageStates),
  channel: oneOf(channels),
  kind: oneOf(messageKinds as [string, ...string[]]),
  client: z.union([none, idField]).optional(),
  ...dayQuery,
  told: z.enum(['sent', 'again', 'none_again']).optional(),
  count: z.coerce.number().int().min(0).max(10_000).optional(),
});

/** Shown as a chip where the log was opened from a customer's page. */
async function clientFilter(ctx: Context, id: bigint | undefined, { t }: Reader): Promise<Filter[]> {
  if (id === undefined) return [];
  const client = await ctx.tx.subscriber.findFirst({ where: { id } });
  const options = [{ value: id.toString(), label: client?.name ?? id.toString() }];
  return [{ name: 'client', label: t('subscribers.customer'), value: id.toString(), options }];
}

const log = listPages({
  list: 'messages',
  path: '/messages',
  permission: 'messages.read',
  view: 'messages/list',
  query: logQuery,
  title: 'messages.title',
  find: 'messages.find',
  foot: 'messages.foot',
  columns: messageColumns,
  live: 'message',
  filters: async (ctx, { query, reader }) => {
    const { t } = reader;
    const options = (values: readonly string[], word: string) =>
      values.map((value) => ({ value, label: t(`messages.${word}_${value}`) }));
    return [
      { name: 'state', label: t('messages.state'), value: query.state ?? '', options: options(messageStates, 'state') },
      {
        name: 'channel',
        label: t('messages.channel'),
        value: query.channel ?? '',
        options: options(channels, 'channel'),
      },
      { name: 'kind', label: t('messages.kind'), value: query.kind ?? '', options: options(messageKinds, 'kind') },
      ...(await clientFilter(ctx, query.client, reader)),
      ...dayFilters(query, reader),
    ];
  },
  scope: async (ctx, { query, person }) => ({
    q: query.q || undefined,
    state: query.state,
    channel: query.channel,
    kind: query.kind,
    subscriber_id: query.client,
    ...(await dayRange(ctx, query, person.tenant.timezone)),
  }),
  page: (ctx, scope, { cursor, limit }) => listMessages(ctx, scope, { before: cursorId(cursor), limit }),
  empty: ({ reader, person }) => ({
    text: reader.t('messages.empty'),
    ...(person.actor.permissions.has('messages.settings')
      ? { href: '/messages/settings', step: reader.t('messages.empty_step'), action: true }
      : {}),
  }),
  model: (_ctx, { query, reader: { t }, person }) => ({
    told: query.told && {
      text: t(`messages.told_${query.told}`, { count: query.count ?? 0 }),
      warn: query.told === 'none_again',
    },
    maySet: person.actor.permissions.has('messages.settings'),
    mayRetry: person.actor.permissions.has('messages.send') && query.state === 'failed',
  }),
});

function timelineOf(message: Awaited<ReturnType<typeof findMessage>> & object, reader: Reader) {
  const { t, locale } = reader;
  const tries = message.attempts.map((one) => ({
    at: one.at,
    arch: one.outcome === 'accepted' ? 'open' : one.outcome === 'unknown' ? 'dotted' : 'shut',
    tone: one.outcome === 'accepted' ? 'good' : one.outcome === 'unknown' ? '' : 'bad',
    what: t(`messages.try_${one.outcome}`, { provider: t(`messages.provider_${one.provider}`) }),
    detail: [one.error && t(`messages.error_${one.error}`), one.detail, formatLatency(one.ms, locale)]
      .filter(Boolean)
      .join(' · '),
  }));
  const reports = message.reports.map((one) => ({
    at: one.at,
    arch: one.state === 'delivered' ? 'online' : one.state === 'failed' ? 'shut' : 'open',
    tone: one.state === 'delivered' ? 'good' : one.state === 'failed' ? 'bad' : '',
    what: t(`messages.report_${one.state}`),
    detail: one.status,
  }));
  return [...tries, ...reports]
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .map((one) => ({ ...one, iso: one.at.toISOString(), time: formatClock(one.at, reader) }));
}

async function onePage(ctx: Context, id: bigint, person: Person, told: string | undefined): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const message = await findMessage(ctx, id);
  if (!message) throw notFound('That message');
  const when = (at: Date | null) => (at ? formatMoment(at, reader) : '–');
  return view('messages/one', {
    title: t(`messages.kind_${message.kind}`),
    live: 'message',
    told: told && { text: t(`messages.told_${told}`, { count: 1 }), warn: told === 'none_again' },
    id: message.id,
    state: stateOf(message, reader),
    why: whyOf(message, reader),
    whyDetail: message.error_detail ?? '',
    mayRetry: isAgain(message) && person.actor.permissions.has('messages.send'),
    unknown: message.state === 'unknown',
    to: message.recipient,
    client: message.client_id && { name: message.client_name, href: `/subscribers/${message.client_id}` },
    channel: t(`messages.channel_${message.channel}`),
    provider: message.provider ? t(`messages.provider_${message.provider}`) : '–',
    reference: message.provider_ref ?? '–',
    cost: message.cost === null ? '–' : `${message.cost_currency ?? ''} ${message.cost}`,
    segments: message.segments === null ? '' : t('messages.segments', { count: message.segments }),
    created: when(message.created_at),
    due: message.state === 'waiting' ? when(message.due_at) : '',
    subject: message.subject,
    body: message.body,
    noBody: t(message.state === 'waiting' ? 'messages.not_filled' : 'messages.not_kept'),
    events: timelineOf(message, reader),
  });
}

const isAgain = ({ state, kind }: Message): boolean =>
  ['failed', 'unknown', 'dropped'].includes(state) && !kindOf(kindOrNotice(kind)).secret;

export const pageRoutes: PageRoute[] = [
  ...log,
  ...sendRoutes,
  ...settingsRoutes,
  ...templateRoutes,
  ...preferenceRoutes,
  pageRoute({
    method: 'GET',
    path: '/messages/:id',
    permission: 'messages.read',
    query: z.object({ told: z.enum(['again', 'none_again', 'sent']).optional() }),
    run: (ctx, { params, query }, _web, person) => onePage(ctx, params.id, person, query.told),
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/:id/retry',
    permission: 'messages.send',
    async run(ctx, { params }) {
      if (!(await findMessage(ctx, params.id))) throw notFound('That message');
      const count = await retryMessages(ctx, [params.id]);
      return seeOther(`/messages/${params.id}?told=${count > 0 ? 'again' : 'none_again'}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/retry',
    permission: 'messages.send',
    async run(ctx) {
      const count = await retryFailed(ctx);
      return seeOther(`/messages?told=${count > 0 ? 'again' : 'none_again'}&count=${count}`);
    },
  }),
];
