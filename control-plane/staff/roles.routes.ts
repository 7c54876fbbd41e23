import { z } from 'zod';
import type { Context } from '../platform/context';
import { seeOther } from '../platform/http/page';
import type { PageResult, PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { permissions, type Permission } from '../platform/permissions';
import { formPages, type FormRefusal, type FormView, type Reader } from '../ui';
import { permissionWord, sliceWord } from './permission-words';
import { roleList } from './role-list.routes';
import { findRole, removeRole, saveRole, type Role, type SavedRole } from './roles';

/** One box per permission, named p_<permission>; a box that is not ticked does not come. */
const roleForm = z.looseObject({ name: z.string().trim().min(1).max(60) });

const ticked = (form: Record<string, unknown>): Permission[] => permissions.filter((one) => form[`p_${one}`] === 'on');

/** Boxes in groups by slice; what the asking person may not do themselves is absent, for they may not give it. */
function boxes(person: Person, held: readonly Permission[], reader: Reader) {
  const groups = new Map<string, { value: string; label: string; checked: boolean }[]>();
  for (const permission of permissions.filter((one) => person.actor.permissions.has(one))) {
    const slice = permission.split('.')[0] ?? '';
    const box = { value: permission, label: permissionWord(permission, reader), checked: held.includes(permission) };
    groups.set(slice, [...(groups.get(slice) ?? []), box]);
  }
  return [...groups].map(([slice, list]) => ({ title: sliceWord(slice, reader), boxes: list }));
}

const rolePage: FormView<Role | undefined> = {
  slice: 'staff',
  view: 'staff/role',
  word: (name, { t }) => t(`staff.role_${name}_wanted`),
  seen: (role) => [role?.name, role?.permissions],
  values: (role) => ({
    name: role?.name ?? '',
    ...Object.fromEntries((role?.permissions ?? []).map((one) => [`p_${one}`, 'on'])),
  }),
  draw: ({ values, field }, { about: role, person, reader, t }) => ({
    title: role ? role.name : t('staff.role_new'),
    action: role ? `/staff/roles/${role.id}` : '/staff/roles',
    name: { ...field('name', { required: true, max: 60 }), label: t('staff.role_name') },
    groups: boxes(person, ticked(values), reader),
    remove: role?.people === 0 && `/staff/roles/${role.id}/remove`,
    people: role && t('staff.role_people', { count: role.people }),
  }),
};

/** What saving or removing came to, for the form. */
function afterSaving(outcome: SavedRole, told: string, { t }: Reader): PageResult | FormRefusal {
  switch (outcome.kind) {
    case 'saved':
      return seeOther(`/staff/roles?told=${told}`);
    case 'not_found':
      throw notFound('This role');
    case 'name_taken':
      return { kind: 'refused', errors: { name: t('staff.role_name_taken') } };
    case 'in_use':
      return { kind: 'refused', title: t('staff.role_in_use', { count: outcome.people }), status: 409 };
    case 'own_role':
    case 'too_strong':
      return { kind: 'refused', title: t(`staff.role_${outcome.kind}`) };
  }
}

/** A role of the company's own; those that come with the product are not changed. @throws Problem 404 */
async function mustFind(ctx: Context, id: bigint): Promise<Role> {
  const role = await findRole(ctx, id);
  if (!role?.own) throw notFound('This role');
  return role;
}

export const roleRoutes: PageRoute[] = [
  ...roleList,
  ...formPages({
    ...rolePage,
    page: '/staff/roles/new',
    post: '/staff/roles',
    permission: 'staff.write',
    form: roleForm,
    save: async (form, { ctx, reader }) =>
      afterSaving(await saveRole(ctx, undefined, { name: form.name, permissions: ticked(form) }), 'role_saved', reader),
  }),
  ...formPages({
    ...rolePage,
    page: '/staff/roles/:id',
    post: '/staff/roles/:id',
    permission: 'staff.write',
    form: roleForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save(form, { ctx, params, reader }) {
      const outcome = await saveRole(ctx, params.id, { name: form.name, permissions: ticked(form) });
      return afterSaving(outcome, 'role_saved', reader);
    },
  }),
  ...formPages({
    ...rolePage,
    post: '/staff/roles/:id/remove',
    permission: 'staff.write',
    form: z.object({}),
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    shared: true,
    save: async (_form, { ctx, params, reader }) =>
      afterSaving(await removeRole(ctx, params.id), 'role_removed', reader),
  }),
];
