import { isIP } from 'node:net';
import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { localMoment } from '../platform/local-moment';
import { fieldsOf, formatClock, formatDay, formatSpan, formErrors, readerFor } from '../ui';
import type { Reader } from '../ui';
import { findTrace, HOLDERS_MAX, listTraces, traceAddress } from './trace-address';
import type { Holder, Trace } from './trace-address';

const asked = z.object({
  ip: z.string().trim().max(64).default(''),
  at: z.string().trim().max(30).default(''),
  to: z.string().trim().max(30).default(''),
  reason: z.string().trim().max(500).default(''),
});
type Asked = z.output<typeof asked>;
const SPAN_MAX_MS = 31 * 86_400_000;
const RECENT = 10;

/** A moment to the second with its date and zone: what stands in an answer to a court must not be misread. */
function exact(at: Date, reader: Reader): string {
  const day = formatDay(at, reader, { day: 'numeric', month: 'short', year: 'numeric' });
  return `${day}, ${formatClock(at, reader, true)}`;
}

async function formModel(ctx: Context, values: Partial<Asked>, errors: Record<string, string>, person: Person) {
  const reader = readerFor(ctx, person);
  const field = fieldsOf('sessions', values, errors, reader);
  const { t } = reader;
  return {
    title: t('sessions.trace_title'),
    errors: formErrors(errors),
    ip: field('ip', { required: true, autocomplete: 'off', max: 64, help: t('sessions.ip_help') }),
    at: field('at', {
      required: true,
      type: 'datetime-local',
      help: t('sessions.at_help', { zone: person.tenant.timezone }),
    }),
    to: field('to', { type: 'datetime-local', help: t('sessions.to_help') }),
    reason: field('reason', { required: true, max: 500, autocomplete: 'off', help: t('sessions.reason_help') }),
    recent: (await listTraces(ctx, RECENT)).map((trace) => ({
      href: `/sessions/address/${trace.id}`,
      address: trace.address,
      at: exact(trace.from_at, reader),
      by: trace.asked_by,
      asked: exact(trace.asked_at, reader),
      reason: trace.reason,
    })),
  };
}

/** What is wrong with the question, by field, in words; and its moments when nothing is. */
async function readAsked(ctx: Context, value: Asked, person: Person) {
  const { t } = readerFor(ctx, person);
  const errors: Record<string, string> = {};
  const from = await localMoment(ctx, value.at, person.tenant.timezone);
  const to = value.to === '' ? from : await localMoment(ctx, value.to, person.tenant.timezone);
  if (isIP(value.ip) === 0) errors['ip'] = t('sessions.ip_needed');
  if (!from) errors['at'] = t('sessions.at_needed');
  else if (from > ctx.now) errors['at'] = t('sessions.at_future');
  if (!to || (from && to < from)) errors['to'] = t('sessions.to_wrong');
  else if (from && to.getTime() - from.getTime() > SPAN_MAX_MS) errors['to'] = t('sessions.to_far');
  if (value.reason.length < 5) errors['reason'] = t('sessions.reason_needed');
  return { errors, from, to };
}

function printHolder(holder: Holder, reader: Reader) {
  const { t } = reader;
  const started = new Date(holder.started_at);
  const stopped = holder.stopped_at === null ? null : new Date(holder.stopped_at);
  return {
    name: holder.name ?? t('sessions.unknown_login'),
    href: holder.client_id ? `/subscribers/${holder.client_id}` : '',
    phone: holder.phone ?? '–',
    username: holder.username,
    address: holder.address ?? '–',
    mac: holder.mac ?? '–',
    router: holder.router ?? t('sessions.router_gone'),
    session: holder.acct_session_id,
    from: exact(started, reader),
    until: stopped
      ? exact(stopped, reader)
      : t('sessions.still_open', { at: exact(new Date(holder.updated_at), reader) }),
    span: formatSpan((stopped?.getTime() ?? reader.nowMs) - started.getTime()),
  };
}

function answerModel(trace: Trace, person: Person, reader: Reader) {
  const { t } = reader;
  const once = trace.from_at.getTime() === trace.to_at.getTime();
  return {
    title: t('sessions.trace_of', { address: trace.address }),
    number: trace.id.toString(),
    facts: [
      { label: t('sessions.ip'), value: trace.address },
      {
        label: t('sessions.at'),
        value: once ? exact(trace.from_at, reader) : `${exact(trace.from_at, reader)} – ${exact(trace.to_at, reader)}`,
      },
      { label: t('sessions.zone'), value: person.tenant.timezone },
      { label: t('sessions.asked_by'), value: trace.asked_by },
      { label: t('sessions.asked_on'), value: exact(trace.asked_at, reader) },
      { label: t('sessions.reason'), value: trace.reason },
      { label: t('sessions.company'), value: person.tenant.name },
    ],
    holders: trace.answer.map((holder) => printHolder(holder, reader)),
    summary: t('sessions.trace_count', { count: trace.answer.length }),
    more: trace.answer.length >= HOLDERS_MAX,
  };
}

/** Who had this address at this second. Every question is kept with who asked it and why. */
export const addressRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/sessions/address',
    permission: 'sessions.trace',
    query: asked,
    run: async (ctx, { query }, _web, person) => view('sessions/trace-form', await formModel(ctx, query, {}, person)),
  }),
  pageRoute({
    method: 'POST',
    path: '/sessions/address',
    permission: 'sessions.trace',
    form: asked,
    async run(ctx, { form }, _web, person) {
      const again = async (values: Partial<Asked>, errors: Record<string, string>) =>
        view('sessions/trace-form', await formModel(ctx, values, errors, person), { status: 422 });
      if (!form.ok) return again(form.values, form.fields);
      const { errors, from, to } = await readAsked(ctx, form.value, person);
      if (!from || !to || Object.keys(errors).length > 0) return again(form.value, errors);
      const id = await traceAddress(ctx, { address: form.value.ip, from, to, reason: form.value.reason });
      return seeOther(`/sessions/address/${id}`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/sessions/address/:id',
    permission: 'sessions.trace',
    async run(ctx, { params }, _web, person) {
      const trace = await findTrace(ctx, params.id);
      if (!trace) throw notFound('That answer');
      return view('sessions/trace', answerModel(trace, person, readerFor(ctx, person)));
    },
  }),
];
