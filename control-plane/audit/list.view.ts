import { actionWords } from './action-words';
import type { Person } from '../platform/http/person';
import { formatMoment } from '../ui';
import type { Column } from '../ui';
import type { AuditEventView } from './queries';

/** Where a thing that was acted on has a page. */
const pages: Record<string, string> = {
  subscriber: '/subscribers',
  staff: '/staff',
  router: '/routers',
  nas: '/routers',
  role: '/staff/roles',
  tenant: '/tenants',
};

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

/** An event with the page of what it was done to, where the reader may open that. */
export interface ShownEvent extends AuditEventView {
  href: string;
}

export function shownEvent(event: AuditEventView, person: Person): ShownEvent {
  const page = pages[event.subject.type];
  const may = event.subject.type !== 'tenant' || person.actor.permissions.has('tenants.manage');
  return { ...event, href: page !== undefined && may ? `${page}/${event.subject.id}` : '' };
}

/** The columns of the audit; a card shows what was done, when, by whom and to what. */
export const auditColumns: Column<ShownEvent>[] = [
  {
    key: 'what',
    label: 'audit.what',
    isName: true,
    // The second line is the word that is searched by.
    cell: (row, reader) => ({ first: actionWords(row.action, reader), second: row.action, secondId: true }),
    csv: (row) => row.action,
  },
  {
    key: 'who',
    label: 'audit.who',
    cell: (row, { t }) => ({
      first: row.actor.name,
      second: [row.actor.kind === 'staff' ? '' : t(`audit.kind_${row.actor.kind}`), row.ip].filter(Boolean).join(' · '),
      secondId: true,
    }),
    csv: (row) => row.actor.name,
  },
  {
    key: 'ip',
    label: 'audit.ip',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.ip ?? '–', id: true }),
    csv: (row) => row.ip,
  },
  {
    key: 'subject',
    label: 'audit.subject',
    card: 'card-end',
    cell: ({ subject, href }) => ({
      first: `${subject.type.replaceAll('_', ' ')} ${subject.id}`,
      ...(href ? { href } : {}),
    }),
    csv: ({ subject }) => `${subject.type} ${subject.id}`,
  },
  {
    key: 'detail',
    label: 'audit.detail',
    card: 'card-full',
    cell: (row) => ({ first: detailOf(row.detail), tone: 'wrap' }),
    csv: (row) => JSON.stringify(row.detail),
  },
  {
    key: 'when',
    label: 'audit.when',
    num: true,
    card: 'card-top',
    cell: (row, reader) => ({ first: formatMoment(row.at, reader) }),
    csv: (row) => row.at.toISOString(),
  },
  {
    key: 'request',
    label: 'ui.request_id',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.request_id ?? '–', id: true }),
    csv: (row) => row.request_id,
  },
];
