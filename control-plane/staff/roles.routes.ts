import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { permissions, type Permission } from '../platform/permissions';
import { fieldsOf, formErrors, readerFor, seenOf } from '../ui';
import type { Reader } from '../ui';
import { permissionWord, sliceWord } from './permission-words';
import { roleList } from './role-list.routes';
import { findRole, removeRole, saveRole, type Role, type SavedRole } from './roles';

/** One box per permission, named p_<permission>; a box that is not ticked does not come. */
const roleForm = z.looseObject({ name: z.string().trim().min(1).max(60), seen: z.string().max(40).optional() });

const ticked = (form: Record<string, unknown>): Permission[] => permissions.filter((one) => form[`p_${one}`] === 'on');

const fingerprint = (role: Role): string => seenOf(role.name, role.permissions);

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

interface Shown {
  role: Role | undefined;
  name: string;
  held: Permission[];
  errors: Record<string, string>;
  title?: string;
  status?: number;
}

function rolePage(ctx: Context, person: Person, shown: Shown): PageResult {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const field = fieldsOf('staff', { role_name: shown.name }, shown.errors, reader);
  const problem = Object.keys(shown.errors).length > 0 || shown.title !== undefined;
  return view(
    'staff/role',
    {
      title: shown.role ? shown.role.name : t('staff.role_new'),
      errors: problem ? { title: shown.title, fields: formErrors(shown.errors)?.fields ?? [] } : undefined,
      action: shown.role ? `/staff/roles/${shown.role.id}` : '/staff/roles',
      name: { ...field('role_name', { required: true, max: 60 }), name: 'name', error: shown.errors['name'] },
      seen: shown.role && fingerprint(shown.role),
      groups: boxes(person, shown.held, reader),
      remove: shown.role?.people === 0 && `/staff/roles/${shown.role.id}/remove`,
      people: shown.role && t('staff.role_people', { count: shown.role.people }),
    },
    { status: shown.status ?? 200 },
  );
}

/** What saving came to, as the page to show or to go to. */
function afterSaving(ctx: Context, person: Person, outcome: SavedRole, shown: Omit<Shown, 'errors'>): PageResult {
  const { t } = readerFor(ctx, person);
  switch (outcome.kind) {
    case 'saved':
      return seeOther('/staff/roles?told=role_saved');
    case 'not_found':
      throw notFound('This role');
    case 'name_taken':
      return rolePage(ctx, person, { ...shown, errors: { name: t('staff.role_name_taken') }, status: 422 });
    case 'in_use':
      return rolePage(ctx, person, {
        ...shown,
        errors: {},
        title: t('staff.role_in_use', { count: outcome.people }),
        status: 409,
      });
    case 'own_role':
    case 'too_strong':
      return rolePage(ctx, person, { ...shown, errors: {}, title: t(`staff.role_${outcome.kind}`), status: 422 });
  }
}

async function save(
  ctx: Context,
  web: Web,
  person: Person,
  role: Role | undefined,
  form: { ok: true; value: z.output<typeof roleForm> } | { ok: false; values: Record<string, string> },
): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  if (!form.ok) {
    const held = ticked(form.values);
    return rolePage(ctx, person, {
      role,
      name: form.values['name'] ?? '',
      held,
      errors: { name: t('staff.role_name_wanted') },
      status: 422,
    });
  }
  const held = ticked(form.value);
  const { name, seen } = form.value;
  if (role && seen !== fingerprint(role))
    return rolePage(ctx, person, {
      role,
      name: role.name,
      held: role.permissions,
      errors: {},
      title: t('staff.changed_meanwhile'),
      status: 409,
    });
  return afterSaving(ctx, person, await saveRole(ctx, role?.id, { name, permissions: held }), { role, name, held });
}

export const roleRoutes: PageRoute[] = [
  ...roleList,
  pageRoute({
    method: 'GET',
    path: '/staff/roles/new',
    permission: 'staff.write',
    run: (ctx, _input, _web, person) =>
      Promise.resolve(rolePage(ctx, person, { role: undefined, name: '', held: [], errors: {} })),
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/roles',
    permission: 'staff.write',
    form: roleForm,
    run: (ctx, { form }, web, person) => save(ctx, web, person, undefined, form),
  }),
  pageRoute({
    method: 'GET',
    path: '/staff/roles/:id',
    permission: 'staff.write',
    async run(ctx, { params }, _web, person) {
      const role = await findRole(ctx, params.id);
      if (!role?.own) throw notFound('This role');
      return rolePage(ctx, person, { role, name: role.name, held: role.permissions, errors: {} });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/roles/:id',
    permission: 'staff.write',
    form: roleForm,
    async run(ctx, { params, form }, web, person) {
      const role = await findRole(ctx, params.id);
      if (!role?.own) throw notFound('This role');
      return save(ctx, web, person, role, form);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/roles/:id/remove',
    permission: 'staff.write',
    async run(ctx, { params }, _web, person) {
      const role = await findRole(ctx, params.id);
      const outcome = await removeRole(ctx, params.id);
      if (outcome.kind === 'saved') return seeOther('/staff/roles?told=role_removed');
      const held = role?.permissions ?? [];
      return afterSaving(ctx, person, outcome, { role, name: role?.name ?? '', held });
    },
  }),
];
