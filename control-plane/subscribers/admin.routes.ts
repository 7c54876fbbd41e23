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
import { fieldsOf, formErrors, formatAmount, readerFor } from '../ui';
import type { Reader } from '../ui';
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
const editForm = newForm.extend({ version: z.string().regex(/^\d{1,9}$/) });

function formFields(values: Record<string, string>, errors: Record<string, string>, reader: Reader, id?: bigint) {
  const { t } = reader;
  const field = fieldsOf('subscribers', values, errors, reader);
  return {
    title: t(id === undefined ? 'subscribers.new_title' : 'subscribers.edit_title'),
    action: id === undefined ? '/subscribers' : `/subscribers/${id}/edit`,
    back: id === undefined ? '/subscribers' : `/subscribers/${id}`,
    isNew: id === undefined,
    errors: formErrors(errors),
    version: values['version'],
    name: field('name', { required: true, autocomplete: 'off', max: 120 }),
    phone: field('phone', {
      required: true,
      type: 'tel',
      mode: 'tel',
      autocomplete: 'off',
      help: t('subscribers.phone_help'),
    }),
    email: field('email', { type: 'email', autocomplete: 'off', help: t('subscribers.email_help') }),
  };
}

/** What is wrong, in the reader's language; what a command says of a field is for programs. */
const wrongWords = (fields: Record<string, string>, { t }: Reader): Record<string, string> =>
  Object.fromEntries(
    Object.keys(fields)
      .filter((name) => name !== 'version')
      .map((name) => [name, t(`subscribers.${name}_needed`)]),
  );

/** The form with what was typed and what was wrong with it. */
const refusedForm = (values: Record<string, string>, fields: Record<string, string>, reader: Reader, id?: bigint) =>
  view('subscribers/form', formFields(values, wrongWords(fields, reader), reader, id), { status: 422 });

/** Somebody changed the person meanwhile: what was typed is kept, and saving it now is a choice. */
function changedForm(values: Record<string, string>, version: number, reader: Reader, id: bigint) {
  const model = formFields({ ...values, version: String(version) }, {}, reader, id);
  const errors = { title: reader.t('subscribers.changed_meanwhile'), fields: [] };
  return view('subscribers/form', { ...model, errors }, { status: 409 });
}

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
  pageRoute({
    method: 'GET',
    path: '/subscribers/new',
    permission: 'subscribers.write',
    run: (ctx, _input, _web, person) =>
      Promise.resolve(view('subscribers/form', formFields({}, {}, readerFor(ctx, person)))),
  }),
  pageRoute({
    method: 'POST',
    path: '/subscribers',
    permission: 'subscribers.write',
    form: newForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      if (!form.ok) return refusedForm(form.values, form.fields, reader);
      const { name, phone, email } = form.value;
      const outcome = await createSubscriber(ctx, { name, phone, email: email ?? null });
      if (outcome.kind === 'done') return seeOther(`/subscriptions/new?client=${outcome.subscriber.id}`);
      const fields = outcome.kind === 'invalid' ? outcome.fields : {};
      return refusedForm({ name, phone, email: email ?? '' }, fields, reader);
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
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id/edit',
    permission: 'subscribers.write',
    async run(ctx, { params }, _web, person) {
      const subscriber = await findSubscriber(ctx, params.id);
      if (!subscriber) throw notFound('That customer');
      const values = {
        name: subscriber.name,
        phone: sayPhone(subscriber.phone),
        email: subscriber.email ?? '',
        version: String(subscriber.version),
      };
      return view('subscribers/form', formFields(values, {}, readerFor(ctx, person), params.id));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscribers/:id/edit',
    permission: 'subscribers.write',
    form: editForm,
    async run(ctx, { params, form }, _web, person) {
      const reader = readerFor(ctx, person);
      if (!(await findSubscriber(ctx, params.id))) throw notFound('That customer');
      if (!form.ok) return refusedForm(form.values, form.fields, reader, params.id);
      const { name, phone, email, version } = form.value;
      const patch = { name, phone, email: email ?? null, version: Number(version) };
      const outcome = await changeSubscriber(ctx, params.id, patch);
      const values = { name, phone, email: email ?? '', version };
      switch (outcome.kind) {
        case 'done':
          return seeOther(`/subscribers/${params.id}`);
        case 'not_found':
          throw notFound('That customer');
        case 'changed_meanwhile': {
          const now = await findSubscriber(ctx, params.id);
          return changedForm(values, now?.version ?? 0, reader, params.id);
        }
        case 'invalid':
          return refusedForm(values, outcome.fields, reader, params.id);
      }
    },
  }),
];
