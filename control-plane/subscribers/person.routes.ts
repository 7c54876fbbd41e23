import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { invalid, notFound } from '../platform/http/problem';
import { formErrors, readerFor, withQuery } from '../ui';
import { addNote } from './add-note';
import { servicesOf, sessionsOf } from './admin.queries';
import { timeline } from './admin.view';
import { changeNote } from './change-note';
import { eventsOf, findPerson } from './person.queries';
import { seenBy } from './timeline.routes';

const PAGE = 50;
const noteForm = z.object({ body: z.string().trim().min(1).max(2000), pinned: z.literal('on').optional() });
const eventsQuery = z.object({ subscription: idField.optional(), before: z.iso.datetime().optional() });

/** The note once more, as a page of its own, with what was typed. */
async function noteAgain(ctx: Context, id: bigint, values: Record<string, string>, person: Person) {
  const found = await findPerson(ctx, id);
  if (!found) throw notFound('That customer');
  const { t } = readerFor(ctx, person);
  const wrong = t('subscribers.note_needed');
  return view(
    'subscribers/note',
    {
      title: t('subscribers.note'),
      client: found.name,
      back: `/subscribers/${id}`,
      errors: formErrors({ body: wrong }),
      wrong,
      body: values['body'],
      pinned: values['pinned'] === 'on',
    },
    { status: 422 },
  );
}

/** What stands beside a customer's page: the whole of their timeline, and the notes of staff. */
export const personRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id/events',
    permission: 'subscribers.read',
    query: eventsQuery,
    async run(ctx, { params, query }, web, person) {
      const reader = readerFor(ctx, person);
      const found = await findPerson(ctx, params.id);
      if (!found) throw notFound('That customer');
      const services = await servicesOf(ctx, params.id);
      const service = services.find((one) => one.id === query.subscription) ?? services[0];
      const before = query.before ? new Date(query.before) : undefined;
      const page = { before, limit: PAGE };
      const sessions = service ? await sessionsOf(ctx, service.id, page) : [];
      const rows = await eventsOf(ctx, params.id, service, sessions, page);
      const last = rows.length >= PAGE ? rows.at(-1) : undefined;
      const search = new URLSearchParams(web.query);
      return view('subscribers/events', {
        title: reader.t('subscribers.timeline_of', { name: found.name }),
        name: found.name,
        back: `/subscribers/${params.id}${service ? `?subscription=${service.id}` : ''}`,
        events: timeline(seenBy(person, rows), reader),
        older: last ? withQuery(web.path, search, { before: last.at.toISOString() }) : '',
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscribers/:id/notes',
    permission: 'subscribers.write',
    form: noteForm,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return noteAgain(ctx, params.id, form.values, person);
      const { body, pinned } = form.value;
      const outcome = await addNote(ctx, { subscriber_id: params.id, body, pinned: pinned === 'on' });
      if (outcome === 'not_found') throw notFound('That customer');
      return seeOther(`/subscribers/${params.id}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscribers/:id/notes/:note_id',
    permission: 'subscribers.write',
    form: z.object({ change: z.enum(['pin', 'unpin', 'remove']) }),
    async run(ctx, { params, form }) {
      if (!form.ok) throw invalid(form.fields);
      const outcome = await changeNote(ctx, {
        subscriber_id: params.id,
        id: params.note_id,
        change: form.value.change,
      });
      if (outcome === 'not_found') throw notFound('That note');
      return seeOther(`/subscribers/${params.id}`);
    },
  }),
];
