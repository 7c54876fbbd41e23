import { z } from 'zod';
import { whyHref } from '../access';
import { idField } from '../platform/http/input';
import { pageRoute, view } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import type { Reader } from '../ui';
import { servicesOf, sessionsOf } from './admin.queries';
import { timeline } from './admin.view';
import { eventsOf, type EventRow } from './person.queries';
import { findSubscriber } from './queries';

/** Lines of the timeline on a customer's page. */
export const EVENTS_SHOWN = 14;
/** What a customer's page listens to: its column of this moment to the network alone, its timeline to all of it. */
export const TIMELINE_TOPICS = ['sessions', 'enforcement', 'payment', 'message', 'subscriber', 'subscription'];

/** The timeline as its partial draws it. It asks for itself when the network, money or messages move, or when staff do something to this person or service. */
/** What of a timeline this person may see: money is for those who may read it. */
export function seenBy({ actor: { permissions } }: Person, events: EventRow[]): EventRow[] {
  const hidden = new Set<EventRow['kind']>();
  if (!permissions.has('payments.read')) hidden.add('payment');
  if (!permissions.has('invoices.read')) hidden.add('invoice');
  return events.filter((one) => !hidden.has(one.kind));
}

export function timelineModel(
  id: bigint,
  service: { id: bigint } | undefined,
  events: EventRow[],
  person: Person,
  reader: Reader,
  why = '',
) {
  const query = service ? `?subscription=${service.id}` : '';
  const own = [`subscriber:${id}`, ...(service ? [`subscription:${service.id}`] : [])];
  const seen = seenBy(person, events);
  return {
    timelineOn: ['sessions', 'enforcement', 'payment', 'message', ...own].join(' '),
    timelineHref: `/subscribers/${id}/timeline${query}`,
    allEvents: `/subscribers/${id}/events${query}`,
    events: timeline(seen, reader, why),
  };
}

export const timelineRoutes = [
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id/timeline',
    permission: 'subscribers.read',
    query: z.object({ subscription: idField.optional() }),
    async run(ctx, { params: { id }, query }, _web, person) {
      if (!(await findSubscriber(ctx, id))) throw notFound('That customer');
      const services = await servicesOf(ctx, id);
      const service = services.find((one) => one.id === query.subscription) ?? services[0];
      const page = { limit: EVENTS_SHOWN };
      const sessions = service ? await sessionsOf(ctx, service.id, page) : [];
      const events = await eventsOf(ctx, id, service, sessions, page);
      const why = service && person.actor.permissions.has('access.explain') ? await whyHref(ctx, service.username) : '';
      const model = timelineModel(id, service, events, person, readerFor(ctx, person), why);
      return view('subscribers/timeline', { layout: null, ...model });
    },
  }),
];
