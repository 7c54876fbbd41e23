import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField, listQuery } from '../platform/http/input';
import { pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { formatMoment, pagerOf, readerFor, withQuery } from '../ui';
import type { Reader } from '../ui';
import { auditPeople, lastSeal, listAudit, type AuditEventView } from './queries';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const auditQuery = listQuery.extend({
  staff: idField.optional().catch(undefined),
  type: z.string().max(60).optional(),
  id: z.string().max(60).optional(),
  from: day.optional().catch(undefined),
  to: day.optional().catch(undefined),
});

/** Where a thing that was acted on has a page. */
const pages: Record<string, string> = {
  subscriber: '/subscribers',
  staff: '/staff',
  router: '/routers',
  nas: '/routers',
  role: '/staff/roles',
  tenant: '/tenants',
};

/** `subscriptions.change-plan` → `change plan`, beside the slice it is of: the code's own words, for they are what is searched by. */
const sentence = (action: string): string => action.replace(/^[^.]*\./, '').replace(/[_-]/g, ' ');

/** What changed, in one line: names and values as they were written down. */
function detailOf(detail: unknown): string {
  if (typeof detail !== 'object' || detail === null) return '';
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(
      ([name, value]) =>
        `${name.replaceAll('_', ' ')}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    .join(' · ');
}

function printEvent(event: AuditEventView, person: Person, reader: Reader) {
  const page = pages[event.subject.type];
  const linked =
    page !== undefined && (event.subject.type !== 'tenant' || person.actor.permissions.has('tenants.manage'));
  return {
    at: formatMoment(event.at, reader),
    iso: event.at.toISOString(),
    who: event.actor.name,
    from: [event.actor.kind === 'staff' ? '' : reader.t(`audit.kind_${event.actor.kind}`), event.ip]
      .filter(Boolean)
      .join(' · '),
    slice: event.action.split('.')[0],
    what: sentence(event.action),
    subject: `${event.subject.type.replaceAll('_', ' ')} ${event.subject.id}`,
    href: linked ? `${page}/${event.subject.id}` : '',
    detail: detailOf(event.detail),
    request: event.request_id,
  };
}

/** The moment at which a day begins in the company's zone. */
async function startOf(ctx: Context, zone: string, text: string | undefined, daysOn = 0): Promise<Date | undefined> {
  if (text === undefined) return undefined;
  const [row] = await ctx.tx.$queryRaw<
    { at: Date }[]
  >`SELECT ((${text}::date + ${daysOn}::int)::timestamp AT TIME ZONE ${zone}) AS at`;
  return row?.at;
}

/** One filter that is on, with the way to take it off; nothing for one that is not. */
function chipOf(name: string, value: string | undefined, search: URLSearchParams, { t }: Reader) {
  if (!value) return [];
  const label = t(`audit.by_${name}`);
  const off = withQuery('/audit', search, { [name]: null });
  return [{ label, value, off, offLabel: t('audit.without', { what: label }) }];
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/audit',
    permission: 'audit.read',
    query: auditQuery,
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      const zone = person.tenant.timezone;
      const { q, staff, type, id, from, to, limit, cursor } = query;
      const page = await listAudit(ctx, {
        q,
        staff,
        subject_type: type || undefined,
        subject_id: id || undefined,
        from: await startOf(ctx, zone, from),
        until: await startOf(ctx, zone, to, 1),
        limit,
        cursor,
      });
      const people = await auditPeople(ctx);
      const seal = await lastSeal(ctx);
      const search = new URLSearchParams(web.query);
      const chip = (name: string, value: string | undefined) => chipOf(name, value, search, reader);
      const chosen = people.find((one) => one.id === staff?.toString());
      const active = [
        ...chip('staff', chosen?.name),
        ...chip('type', type),
        ...chip('id', id),
        ...chip('from', from),
        ...chip('to', to),
      ];
      const text = (name: string, value: string | undefined, more: object = {}) => ({
        name,
        label: t(`audit.by_${name}`),
        value: value ?? '',
        ...more,
      });
      return view('audit/list', {
        title: t('audit.title'),
        path: '/audit',
        q: q ?? '',
        findHint: t('audit.find'),
        active,
        kept: ['staff', 'type', 'id', 'from', 'to'].flatMap((name) =>
          web.query[name] ? [{ name, value: web.query[name] }] : [],
        ),
        choices: [
          text('staff', undefined, {
            options: [
              { value: '', label: t('audit.anybody'), selected: !chosen },
              ...people.map((one) => ({ value: one.id, label: one.name, selected: one.id === chosen?.id })),
            ],
          }),
          text('type', type, { help: t('audit.type_help'), max: 60 }),
          text('id', id, { max: 60 }),
          text('from', from, { help: t('audit.day_help'), max: 10 }),
          text('to', to, { max: 10 }),
        ],
        clear: active.length > 0 ? '/audit' : '',
        rows: page.items.map((event) => printEvent(event, person, reader)),
        empty: { text: t('audit.empty') },
        seal: seal
          ? t('audit.sealed', { seq: String(seal.seq), at: formatMoment(seal.at, reader) })
          : t('audit.not_sealed'),
        pager: pagerOf('/audit', search, { cursor, next: page.nextCursor, limit }, reader),
      });
    },
  }),
];
