import { z } from 'zod';
import { whyHref } from '../access';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { liveFor } from '../platform/live/live.routes';
import { sessionProof } from '../sessions';
import { allowedActions } from '../subscriptions';
import type { SubscriptionState } from '../subscriptions';
import { formatAmount, formPages, readerFor, type FormView } from '../ui';
import { paymentsOf, servicesOf, sessionsOf, usageOf } from './admin.queries';
import type { ServiceRow, SessionRow } from './admin.queries';
import { noteLines, nowColumn, paymentLines, sayPhone, serviceColumn, serviceState, strip } from './admin.view';
import { changeSubscriber } from './change-subscriber';
import { createSubscriber } from './create-subscriber';
import { planChoices } from './list.queries';
import { listRoutes } from './list.routes';
import { eventsOf, findPerson } from './person.queries';
import { personRoutes } from './person.routes';
import { personalDataPages } from './personal-data.routes';
import { findSubscriber } from './queries';
import { EVENTS_SHOWN, TIMELINE_TOPICS, timelineModel, timelineRoutes } from './timeline.routes';

const none = z.literal('').transform(() => undefined);
const personQuery = z.object({
  subscription: idField.optional(),
  done: z.string().max(40).optional(),
});
const newForm = z.object({
  name: z.string().trim().min(1).max(120),
  phone: z.string().trim().min(1).max(40),
  email: z.union([none, z.string().trim().max(254)]).optional(),
});
/** The edit form carries the version that it was opened on. */
const editForm = newForm.extend({
  version: z
    .string()
    .regex(/^\d{1,9}$/)
    .catch('0'),
});

const subscriberForm: FormView<NonNullable<Awaited<ReturnType<typeof findSubscriber>>> | undefined> = {
  slice: 'subscribers',
  view: 'subscribers/form',
  values: (one) => (one ? { name: one.name, phone: sayPhone(one.phone), email: one.email ?? '' } : {}),
  draw: ({ field }, { about: one, person, t }) => ({
    title: t(one ? 'subscribers.edit_title' : 'subscribers.new_title'),
    action: one ? `/subscribers/${one.id}/edit` : '/subscribers',
    back: one ? `/subscribers/${one.id}` : '/subscribers',
    consequence:
      one === undefined &&
      t(person.actor.permissions.has('subscriptions.write') ? 'subscribers.new_consequence' : 'subscribers.new_alone'),
    isNew: !one,
    maySeeData: one !== undefined && person.actor.permissions.has('subscribers.remove'),
    version: one?.version,
    name: field('name', { required: true, autocomplete: 'off', max: 120 }),
    phone: field('phone', {
      required: true,
      type: 'tel',
      mode: 'tel',
      autocomplete: 'off',
      help: t('subscribers.phone_help'),
    }),
    email: field('email', { type: 'email', autocomplete: 'off', help: t('subscribers.email_help') }),
  }),
};

/** What may be done to a service now, by its state and by who asks; everything else is absent. */
function actionsFor(service: ServiceRow | undefined, person: Person) {
  const may = new Set(service ? allowedActions(service.state as SubscriptionState) : []);
  const write = person.actor.permissions.has('subscriptions.write');
  const suspend = person.actor.permissions.has('subscriptions.suspend');
  return {
    activate: write && may.has('activate'),
    renew: write && may.has('renew'),
    extend: write && may.has('extend'),
    topUp: write && may.has('top_up') && service !== undefined && service.allowance_bytes !== null,
    pause: write && may.has('pause'),
    resume: write && may.has('resume'),
    suspend: suspend && may.has('suspend'),
    changePlan: write && may.has('change_plan'),
    device: write && may.has('end'),
    end: write && may.has('end'),
    coupon: person.actor.permissions.has('discounts.claim') && (may.has('renew') || may.has('activate')),
  };
}

/** Sessions in the column of this moment; the timeline below it is made of the same and more. */
const SESSIONS_SHOWN = 6;

/** The column of this moment; it is asked for again whenever the network reports something. */
async function nowModel(
  ctx: Context,
  id: bigint,
  service: ServiceRow | undefined,
  sessions: SessionRow[],
  person: Person,
) {
  const reader = readerFor(ctx, person);
  const usage = service ? await usageOf(ctx, service.id) : [];
  const live = sessions.find((one) => one.stopped_at === null);
  const newest = live ?? sessions[0];
  const proof = newest && (await sessionProof(ctx, newest.id, reader));
  const query = service ? `?subscription=${service.id}` : '';
  const mayCut = person.actor.permissions.has('sessions.disconnect') && live !== undefined && !proof?.open;
  const column = {
    now: { ...nowColumn(sessions.slice(0, SESSIONS_SHOWN), usage, reader), proof, mayCut },
    nowOn: newest ? `sessions enforcement:${newest.id}` : 'sessions',
    nowHref: `/subscribers/${id}/now${query}`,
    back: `/subscribers/${id}${query}`,
  };
  return { column, live };
}

async function plansOnSale(ctx: Context, service: ServiceRow | undefined) {
  return (await planChoices(ctx)).map(({ id, name }) => ({
    value: id.toString(),
    label: name,
    selected: id === service?.plan_id,
  }));
}

async function personModel(ctx: Context, id: bigint, query: z.output<typeof personQuery>, person: Person) {
  const reader = readerFor(ctx, person);
  const { permissions } = person.actor;
  const subscriber = await findPerson(ctx, id);
  if (!subscriber) throw notFound('That customer');
  const services = await servicesOf(ctx, id);
  const service = services.find((one) => one.id === query.subscription) ?? services[0];
  const sessions = service ? await sessionsOf(ctx, service.id, { limit: EVENTS_SHOWN }) : [];
  const { column, live } = await nowModel(ctx, id, service, sessions, person);
  const maySeeMoney = permissions.has('payments.read');
  const payments = maySeeMoney ? await paymentsOf(ctx, id, 5) : [];
  const events = await eventsOf(ctx, id, service, sessions, { limit: EVENTS_SHOWN });
  const why = service && permissions.has('access.explain') ? await whyHref(ctx, service.username) : '';
  return {
    title: subscriber.name,
    live: liveFor(permissions, TIMELINE_TOPICS),
    told: query.done && { text: reader.t(`subscriptions.done_${query.done}`) },
    id: subscriber.id.toString(),
    name: subscriber.name,
    phone: sayPhone(subscriber.phone),
    tel: subscriber.phone,
    email: subscriber.email,
    state: service
      ? serviceState(service, reader, { tinted: true, online: live !== undefined && live.mode !== 'garden' })
      : null,
    strip: strip(service, subscriber.wallet_cents, live, reader),
    ...column,
    service: service && { id: service.id.toString(), ...serviceColumn(service, reader) },
    services:
      services.length > 1
        ? services.map((one) => ({
            label: `${one.plan}, ${one.username}`,
            href: `/subscribers/${id}?subscription=${one.id}`,
            current: one.id === service?.id,
          }))
        : [],
    actions: actionsFor(service, person),
    plansOnSale: await plansOnSale(ctx, service),
    why,
    maySell: permissions.has('subscriptions.write'),
    mayEdit: permissions.has('subscribers.write'),
    mayInvoices: permissions.has('invoices.read'),
    mayWallet: permissions.has('wallets.read'),
    mayPostpaid: permissions.has('postpaid.read'),
    mayWrite: permissions.has('messages.send'),
    maySeeMoney,
    mayPay: permissions.has('payments.write') && service !== undefined && service.state !== 'ended',
    price: service ? formatAmount(service.price_cents, reader.locale) : '',
    priceRaw: service ? (Number(service.price_cents) / 100).toFixed(2).replace(/\.00$/, '') : '',
    payments: paymentLines(payments, reader),
    notes: noteLines(id, subscriber.notes, reader),
    ...timelineModel(id, service, events, person, reader, why),
  };
}

export const pageRoutes: PageRoute[] = [
  ...listRoutes,
  ...personRoutes,
  ...personalDataPages,
  ...timelineRoutes,
  ...formPages({
    ...subscriberForm,
    page: '/subscribers/new',
    post: '/subscribers',
    permission: 'subscribers.write',
    form: newForm,
    async save({ name, phone, email }, { ctx, person }) {
      const outcome = await createSubscriber(ctx, { name, phone, email: email ?? null });
      if (outcome.kind === 'done')
        return seeOther(
          person.actor.permissions.has('subscriptions.write')
            ? `/subscriptions/new?client=${outcome.subscriber.id}`
            : `/subscribers/${outcome.subscriber.id}`,
        );
      return { kind: 'wrong', fields: outcome.kind === 'invalid' ? Object.keys(outcome.fields) : [] };
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id',
    permission: 'subscribers.read',
    query: personQuery,
    run: async (ctx, { params, query }, _web, person) =>
      view('subscribers/person', await personModel(ctx, params.id, query, person)),
  }),
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id/now',
    permission: 'subscribers.read',
    query: personQuery,
    async run(ctx, { params, query }, web, person) {
      if (!(await findSubscriber(ctx, params.id))) throw notFound('That customer');
      const services = await servicesOf(ctx, params.id);
      const service = services.find((one) => one.id === query.subscription) ?? services[0];
      const sessions = service ? await sessionsOf(ctx, service.id, { limit: SESSIONS_SHOWN }) : [];
      const { column } = await nowModel(ctx, params.id, service, sessions, person);
      return view('subscribers/now', { layout: null, csrf: web.csrfToken, ...column });
    },
  }),
  ...formPages({
    ...subscriberForm,
    page: '/subscribers/:id/edit',
    post: '/subscribers/:id/edit',
    permission: 'subscribers.write',
    form: editForm,
    async open({ ctx, params }) {
      const found = await findSubscriber(ctx, params.id);
      if (!found) throw notFound('That customer');
      return found;
    },
    async save({ name, phone, email, version }, { ctx, params }) {
      const patch = { name, phone, email: email ?? null, version: Number(version) };
      const outcome = await changeSubscriber(ctx, params.id, patch);
      switch (outcome.kind) {
        case 'done':
          return seeOther(`/subscribers/${params.id}`);
        case 'not_found':
          throw notFound('That customer');
        case 'changed_meanwhile':
          return { kind: 'changed' };
        case 'invalid':
          return { kind: 'wrong', fields: Object.keys(outcome.fields) };
      }
    },
  }),
];
