import { formatMoment, stateBadge } from '../ui';
import type { Column, Reader } from '../ui';
import type { PersonRow } from './people.queries';
import { roleWord } from './roles';

export const stateOf = (row: PersonRow) => (row.disabled_at ? 'blocked' : row.invited ? 'pending' : 'active');

/** A colleague as their own page shows them. */
export function printPerson(row: PersonRow, reader: Reader) {
  const { t } = reader;
  const state = stateOf(row);
  return {
    id: row.id.toString(),
    name: row.name,
    email: row.email,
    href: `/staff/${row.id}`,
    role: row.is_super_admin ? t('staff.role_super_admin') : roleWord(row, reader),
    state: stateBadge(state, reader, { word: t(`staff.state_${state}`) }),
    second: row.second ? t('staff.second_on') : t('staff.second_off'),
    seen: row.seen_at ? formatMoment(row.seen_at, reader) : t('staff.never_seen'),
  };
}

/** The columns of the list of colleagues. */
export const peopleColumns: Column<PersonRow>[] = [
  {
    key: 'name',
    label: 'staff.name',
    isName: true,
    cell: (row) => ({ first: row.name, href: `/staff/${row.id}`, second: row.email }),
    csv: (row) => row.name,
  },
  {
    key: 'email',
    label: 'staff.email',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.email }),
    csv: (row) => row.email,
  },
  {
    key: 'state',
    label: 'staff.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printPerson(row, reader).state }),
    csv: stateOf,
  },
  {
    key: 'role',
    label: 'staff.role',
    cell: (row, reader) => ({ first: printPerson(row, reader).role }),
    csv: (row) => row.role,
  },
  {
    key: 'second',
    label: 'staff.second_head',
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printPerson(row, reader).second }),
    csv: (row) => (row.second ? 'yes' : 'no'),
  },
  {
    key: 'seen',
    label: 'staff.last_seen',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: printPerson(row, reader).seen }),
    csv: (row) => row.seen_at?.toISOString() ?? null,
  },
];
