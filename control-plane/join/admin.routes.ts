import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import { conflict, notFound } from '../platform/http/problem';
import { formatMoment, outcomeBadge, pagerOf, readerFor, type OutcomeName, type Reader } from '../ui';
import { refuseRequest } from './decide-request';
import { listRequests, type ListedRequest } from './queries';
import type { JoinState } from './schema';
import { settingsRoutes } from './settings.routes';
import { takeIn } from './take-in';

const badges: Record<JoinState, OutcomeName> = {
  unconfirmed: 'unknown',
  waiting: 'waiting',
  known: 'waiting',
  joined: 'done',
  refused: 'cancelled',
};

function requestRow(request: ListedRequest, may: boolean, reader: Reader) {
  const { t } = reader;
  const open = request.state === 'waiting' || request.state === 'known';
  return {
    id: request.id.toString(),
    name: request.name,
    href: request.subscriber_id === null ? '' : `/subscribers/${request.subscriber_id}`,
    contact: [request.phone, request.email].filter((part) => part !== null).join(' · '),
    plan: request.plan,
    at: formatMoment(request.created_at, reader),
    badge: { ...outcomeBadge(badges[request.state], reader), word: t(`join.state_${request.state}`) },
    why: open && request.reason !== null ? t(`join.reason_${request.reason}`) : '',
    mayDecide: may && open,
    accept: t(request.state === 'known' ? 'join.accept_known' : 'join.accept'),
  };
}

const query = listQuery.extend({ all: z.literal('yes').optional(), done: z.enum(['accepted', 'refused']).optional() });

export const pageRoutes: PageRoute[] = [
  ...settingsRoutes,
  pageRoute({
    method: 'GET',
    path: '/join/requests',
    permission: 'subscribers.read',
    query,
    async run(ctx, input, web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      const { cursor, limit, all, done } = input.query;
      const may = person.actor.permissions.has('subscribers.write');
      const page = await listRequests(ctx, { open: all === undefined, limit, before: cursorId(cursor) });
      const mayset = person.actor.permissions.has('tenants.settings');
      return view('join/requests', {
        title: t('join.requests_title'),
        told: done && { text: t(`join.done_${done}`) },
        maySet: mayset,
        all: all !== undefined,
        rows: page.items.map((one) => requestRow(one, may, reader)),
        empty: {
          text: t(all ? 'join.empty_all' : 'join.empty'),
          ...(mayset ? { href: '/join/settings', step: t('join.settings_title') } : {}),
        },
        pager: pagerOf(
          '/join/requests',
          new URLSearchParams(web.query),
          { cursor, next: page.nextCursor, limit },
          reader,
        ),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/join/requests/:id/accept',
    permission: 'subscribers.write',
    async run(ctx, { params }, _web, person) {
      const outcome = await takeIn(ctx, params.id, person.staffId);
      const { t } = readerFor(ctx, person);
      switch (outcome.kind) {
        case 'done':
          return seeOther('/join/requests?done=accepted');
        case 'not_found':
          throw notFound('That request');
        case 'plan_gone':
          throw conflict('plan_gone', t('join.plan_gone'));
        case 'known':
        case 'decided':
          throw conflict('decided', t('join.decided'));
      }
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/join/requests/:id/refuse',
    permission: 'subscribers.write',
    async run(ctx, { params }, _web, person) {
      const outcome = await refuseRequest(ctx, params.id);
      if (outcome === 'not_found') throw notFound('That request');
      if (outcome === 'decided') throw conflict('decided', readerFor(ctx, person).t('join.decided'));
      return seeOther('/join/requests?done=refused');
    },
  }),
];
