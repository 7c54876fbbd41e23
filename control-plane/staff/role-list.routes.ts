import { listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import type { Column } from '../ui';
import { permissionWord } from './permission-words';
import { listRoles, mayHandle, roleWord, type Role } from './roles';

type Listed = Role & { href: string };

const roleColumns: Column<Listed>[] = [
  {
    key: 'role',
    label: 'staff.role',
    isName: true,
    cell: (role, reader) => ({
      first: roleWord({ role: role.key, role_name: role.name, own_role: role.own }, reader),
      second: reader.t(role.own ? 'staff.role_own' : 'staff.role_built_in'),
      ...(role.href ? { href: role.href } : {}),
    }),
    csv: (role, reader) => roleWord({ role: role.key, role_name: role.name, own_role: role.own }, reader),
  },
  {
    key: 'people',
    label: 'staff.role_people_head',
    card: 'card-end',
    cell: (role, { t }) => ({ first: t('staff.role_people', { count: role.people }) }),
    csv: (role) => role.people,
  },
  {
    key: 'may',
    label: 'staff.role_may',
    card: 'card-full',
    cell: (role, reader) => ({
      first: role.permissions.map((one) => permissionWord(one, reader)).join(' · '),
      tone: 'wrap',
    }),
    csv: (role) => role.permissions.join(' '),
  },
];

/** The roles that every company has and those that this one made, on one page. */
export const roleList = listPages({
  list: 'roles',
  path: '/staff/roles',
  permission: 'staff.read',
  view: 'staff/roles',
  query: listQuery.extend({ own: oneOf(['yes']), told: oneOf(['role_saved', 'role_removed']) }),
  title: 'staff.roles_title',
  foot: 'staff.roles_foot',
  columns: roleColumns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'own',
      label: t('staff.role_kind'),
      value: query.own ?? '',
      options: [{ value: 'yes', label: t('staff.role_own') }],
    },
  ],
  scope: (_ctx, { query, person }) => ({
    own: query.own === 'yes',
    mayWrite: person.actor.permissions.has('staff.write'),
  }),
  async page(ctx, { own, mayWrite }) {
    const roles = (await listRoles(ctx)).filter((role) => !own || role.own);
    return {
      items: roles.map((role) => ({
        ...role,
        href: role.own && mayWrite && mayHandle(ctx, role) ? `/staff/roles/${role.id}` : '',
      })),
      nextCursor: null,
    };
  },
  empty: ({ reader: { t } }) => ({ text: t('staff.empty') }),
  model: (_ctx, { query: { told }, person, reader }) => ({
    told: told && { text: reader.t(`staff.told_${told}`) },
    mayAdd: person.actor.permissions.has('staff.write'),
  }),
});
