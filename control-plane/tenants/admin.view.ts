import { formatCount, formatDay, formatMoment, stateBadge } from '../ui';
import type { Column, Reader } from '../ui';
import type { Company } from './queries';

const STATE = { pending: 'pending', approved: 'active', suspended: 'suspended' } as const;

/** A company as its own page shows it. */
export function printCompany(row: Company, reader: Reader) {
  const { t, locale } = reader;
  const of = (there: bigint, most: number | null) =>
    most === null
      ? formatCount(there, locale)
      : t('tenants.of', { there: formatCount(there, locale), most: formatCount(most, locale) });
  return {
    id: row.id.toString(),
    href: `/tenants/${row.id}`,
    name: row.name,
    slug: row.slug,
    state: stateBadge(STATE[row.status], reader, {
      word: t(`tenants.status_${row.status}`),
      why: row.status_reason ?? undefined,
    }),
    first: row.first_email ? `${row.first_name ?? ''}, ${row.first_email}` : '–',
    customers: of(row.subscribers, row.limit_subscribers),
    routers: of(row.routers, row.limit_routers),
    people: of(row.people, row.limit_staff),
    since: formatMoment(row.created_at, reader),
    licence: row.licence_until ? formatDay(row.licence_until, reader, { dateStyle: 'medium' }) : t('tenants.no_end'),
    licenceOver: row.licence_until !== null && row.licence_until.getTime() <= reader.nowMs,
  };
}

/** The columns of the list of companies; a card shows the name, the state, who asked for it, its customers and its licence. */
export const companyColumns: Column<Company>[] = [
  {
    key: 'company',
    label: 'tenants.company',
    isName: true,
    cell: (row) => ({ first: row.name, href: `/tenants/${row.id}`, second: row.slug, secondId: true }),
    csv: (row) => row.name,
  },
  {
    key: 'state',
    label: 'staff.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printCompany(row, reader).state }),
    csv: (row) => row.status,
  },
  {
    key: 'first',
    label: 'tenants.first_person',
    card: 'card-full',
    cell(row, reader) {
      const { first, since } = printCompany(row, reader);
      return { first, second: since };
    },
    csv: (row) => row.first_email,
  },
  {
    key: 'customers',
    label: 'tenants.subscribers',
    num: true,
    cell: (row, reader) => ({
      first: printCompany(row, reader).customers,
      inCard: reader.t('tenants.subscribers'),
    }),
    csv: (row) => row.subscribers,
  },
  {
    key: 'routers',
    label: 'tenants.routers',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printCompany(row, reader).routers }),
    csv: (row) => row.routers,
  },
  {
    key: 'people',
    label: 'tenants.staff',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printCompany(row, reader).people }),
    csv: (row) => row.people,
  },
  {
    key: 'licence',
    label: 'tenants.licence',
    num: true,
    card: 'card-end',
    cell(row, reader) {
      const { licence, licenceOver } = printCompany(row, reader);
      return { first: licence, ...(licenceOver ? { tone: 'bad' } : {}) };
    },
    csv: (row) => row.licence_until?.toISOString() ?? null,
  },
];
