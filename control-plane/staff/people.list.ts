import { z } from 'zod';
import { cursorId, listQuery, pageOf } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { listPeople, staffStates } from './people.queries';
import { peopleColumns } from './people.view';
import { listRoles, roleWord } from './roles';

/** Colleagues by name, role and whether they may sign in. */
export const peopleList = listPages({
  list: 'staff',
  path: '/staff',
  permission: 'staff.read',
  view: 'staff/list',
  query: listQuery.extend({ role: z.string().max(60).optional(), state: oneOf(staffStates) }),
  title: 'staff.title',
  find: 'staff.find',
  foot: 'staff.foot',
  columns: peopleColumns,
  filters: async (ctx, { query, reader }) => [
    {
      name: 'role',
      label: reader.t('staff.role'),
      value: query.role ?? '',
      options: (await listRoles(ctx)).map((role) => ({
        value: role.key,
        label: roleWord({ role: role.key, role_name: role.name, own_role: role.own }, reader),
      })),
    },
    {
      name: 'state',
      label: reader.t('staff.state'),
      value: query.state ?? '',
      options: staffStates.map((value) => ({ value, label: reader.t(`staff.state_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { q, role, state } }) => ({ q, role: role || undefined, state }),
  async page(ctx, filter, { cursor, limit }) {
    const rows = await listPeople(ctx, filter, { before: cursorId(cursor), limit: limit + 1 });
    return pageOf(rows, limit, (row) => row.id);
  },
  empty: ({ reader }) => ({ text: reader.t('staff.empty') }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('staff.write') }),
});
