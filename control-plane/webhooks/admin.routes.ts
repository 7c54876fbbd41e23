import { z } from 'zod';
import { fieldsOf as faultsOf } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages, readerFor, type FormRefusal, type FormView, type Reader } from '../ui';
import { eventChoices, printAttempts, printDelivery } from './admin.view';
import { eventNames } from './catalogue';
import { changeEndpoint } from './change-endpoint';
import { createEndpoint } from './create-endpoint';
import { deliveryList, endpointList, mustFind } from './list.routes';
import { findDelivery } from './queries';
import { removeEndpoint } from './remove-endpoint';
import { replayDelivery, replaySpan, sendTest } from './replay-deliveries';
import { rotateSecret } from './rotate-secret';
import { newEndpoint } from './schema';

const DAY_MS = 86_400_000;
const rawForm = z.record(z.string(), z.string().max(3_000));
/** What the boxes and fields of the form say, as the API takes it. No box, or the one for all, is everything. */
function readEndpoint(values: Record<string, string>) {
  const events = eventNames.filter((name) => values[name] === 'on');
  return newEndpoint.safeParse({
    url: values['url'] ?? '',
    description: values['description'] ?? '',
    events: values['which'] === 'some' ? events : ['*'],
  });
}

const endpointForm: FormView<Awaited<ReturnType<typeof mustFind>> | undefined> = {
  slice: 'webhooks',
  view: 'webhooks/form',
  word: (name, { t }) =>
    t(
      name === 'which'
        ? 'webhooks.events_needed'
        : name === 'url'
          ? 'webhooks.url_refused'
          : 'webhooks.description_needed',
    ),
  values: (endpoint) => ({
    url: endpoint?.url ?? '',
    description: endpoint?.description ?? '',
    which: !endpoint || endpoint.events.includes('*') ? 'all' : 'some',
    ...Object.fromEntries((endpoint?.events ?? []).map((name) => [name, 'on'])),
  }),
  draw: ({ values, errors, field }, { about: endpoint, reader, t }) => ({
    title: t(endpoint ? 'webhooks.edit' : 'webhooks.add'),
    action: endpoint ? `/webhooks/${endpoint.id}/edit` : '/webhooks',
    back: endpoint ? `/webhooks/${endpoint.id}` : '/webhooks',
    url: field('url', { required: true, max: 2000, autocomplete: 'url', help: t('webhooks.url_help') }),
    description: field('description', { max: 200, help: t('webhooks.description_help') }),
    some: values['which'] === 'some',
    eventsFault: errors['which'],
    groups: eventChoices(
      eventNames.filter((name) => values[name] === 'on'),
      reader,
    ),
    version: endpoint?.version,
  }),
};

/** What is wrong with what the form says, at the field where it is said. */
const wrongOf = (error: z.ZodError): FormRefusal => ({
  kind: 'wrong',
  fields: Object.keys(faultsOf(error)).map((name) => (name.startsWith('events') ? 'which' : name)),
});

function secretPage(reader: Reader, endpoint: { id: bigint; secret: string; title: string }): PageResult {
  return view('webhooks/secret', {
    title: endpoint.title,
    back: `/webhooks/${endpoint.id}`,
    id: endpoint.id.toString(),
    secret: endpoint.secret,
  });
}

const reading: PageRoute[] = [
  ...endpointList,
  ...deliveryList,
  pageRoute({
    method: 'GET',
    path: '/webhooks/deliveries/:id',
    permission: 'webhooks.read',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const delivery = await findDelivery(ctx, params.id);
      if (!delivery) throw notFound('That delivery');
      return view('webhooks/delivery', {
        title: delivery.type,
        back: `/webhooks/${delivery.endpoint_id}`,
        id: delivery.id,
        mayChange: person.actor.permissions.has('webhooks.write'),
        delivery: printDelivery(delivery, reader),
        payload: JSON.stringify(delivery.payload, null, 2),
        attempts: printAttempts(delivery, reader),
      });
    },
  }),
];

const writing: PageRoute[] = [
  ...formPages({
    ...endpointForm,
    page: '/webhooks/new',
    post: '/webhooks',
    permission: 'webhooks.write',
    form: rawForm,
    async save(values, { ctx, reader, t }) {
      const read = readEndpoint(values);
      if (!read.success) return wrongOf(read.error);
      const made = await createEndpoint(ctx, read.data);
      if (made.kind === 'too_many')
        return { kind: 'refused', errors: { endpoint: t('webhooks.too_many', { count: made.most }) } };
      return secretPage(reader, { ...made, title: t('webhooks.added') });
    },
  }),
  ...formPages({
    ...endpointForm,
    page: '/webhooks/:id/edit',
    post: '/webhooks/:id/edit',
    permission: 'webhooks.write',
    form: rawForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save(values, { ctx, params }) {
      const read = readEndpoint(values);
      if (!read.success) return wrongOf(read.error);
      const version = /^\d{1,9}$/.test(values['version'] ?? '') ? Number(values['version']) : undefined;
      const outcome = await changeEndpoint(ctx, params.id, { ...read.data, version });
      if (outcome.kind === 'not_found') throw notFound('That webhook endpoint');
      return outcome.kind === 'done' ? seeOther(`/webhooks/${params.id}?told=changed`) : { kind: 'changed' };
    },
  }),
];

/** One button each, on the endpoint's page. */
const buttons: PageRoute[] = [
  pageRoute({
    method: 'POST',
    path: '/webhooks/:id/test',
    permission: 'webhooks.write',
    async run(ctx, { params }) {
      if ((await sendTest(ctx, params.id)) === undefined) throw notFound('That webhook endpoint');
      return seeOther(`/webhooks/${params.id}?told=test`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/webhooks/:id/state',
    permission: 'webhooks.write',
    form: z.object({ state: z.enum(['active', 'paused']) }),
    async run(ctx, { params, form }) {
      const state = form.ok ? form.value.state : undefined;
      if ((await changeEndpoint(ctx, params.id, { state })).kind === 'not_found')
        throw notFound('That webhook endpoint');
      return seeOther(`/webhooks/${params.id}?told=changed`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/webhooks/:id/rotate',
    permission: 'webhooks.write',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const outcome = await rotateSecret(ctx, params.id, 24);
      if (outcome.kind === 'not_found') throw notFound('That webhook endpoint');
      return secretPage(reader, { id: params.id, secret: outcome.secret, title: reader.t('webhooks.rotated') });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/webhooks/:id/replay',
    permission: 'webhooks.write',
    form: z.object({ days: z.enum(['1', '7', '30']), which: z.enum(['failed', 'all']) }),
    async run(ctx, { params, form }) {
      const { days, which } = form.ok ? form.value : { days: '1', which: 'failed' as const };
      const since = new Date(ctx.now.getTime() - Number(days) * DAY_MS);
      const count = await replaySpan(ctx, params.id, { since, until: ctx.now, which });
      if (count === undefined) throw notFound('That webhook endpoint');
      return seeOther(`/webhooks/${params.id}?told=replayed&count=${count}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/webhooks/:id/remove',
    permission: 'webhooks.write',
    async run(ctx, { params }) {
      if ((await removeEndpoint(ctx, params.id)) === 'not_found') throw notFound('That webhook endpoint');
      return seeOther('/webhooks');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/webhooks/deliveries/:id/replay',
    permission: 'webhooks.write',
    async run(ctx, { params }) {
      if ((await replayDelivery(ctx, params.id)) === 'not_found') throw notFound('That delivery');
      return seeOther(`/webhooks/deliveries/${params.id}`);
    },
  }),
];

export const pageRoutes: PageRoute[] = [...reading, ...writing, ...buttons];
