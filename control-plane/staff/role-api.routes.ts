import { z } from 'zod';
import type { Context } from '../platform/context';
import { conflict, invalid, notFound, Problem } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { permissions } from '../platform/permissions';
import { findRole, listRoles, removeRole, saveRole, type Role, type SavedRole } from './roles';

const roleAnswer = z.object({
  id: z.string(),
  key: z.string().meta({ description: 'what staff.role takes' }),
  name: z.string(),
  own: z.boolean().meta({ description: 'made by your company; the others cannot be changed' }),
  permissions: z.array(z.string()),
  people: z.int(),
});
const roleInput = z.object({
  name: z.string('is required').trim().min(1, 'is required').max(60, 'must have at most 60 characters'),
  permissions: z.array(z.enum(permissions, 'is not a permission')).max(permissions.length),
});

const roleView = (role: Role) => ({ ...role, id: role.id.toString() });

async function answer(ctx: Context, outcome: SavedRole) {
  switch (outcome.kind) {
    case 'saved': {
      const role = await findRole(ctx, outcome.id);
      if (!role) throw notFound('This role');
      return roleView(role);
    }
    case 'not_found':
      throw notFound('This role');
    case 'name_taken':
      throw conflict('name_taken', 'There is a role of this name. Choose another.', { name: 'is taken' });
    case 'too_strong':
      throw invalid({ permissions: 'holds what you may not do yourself' });
    case 'own_role':
      throw new Problem(409, 'own_role', 'This is the role that you hold. Ask another administrator to change it.');
    case 'in_use':
      throw conflict('in_use', `${outcome.people} people hold this role. Give them another one first.`);
  }
}

export const roleApiRoutes = [
  route({
    method: 'GET',
    path: '/staff/roles',
    permission: 'staff.read',
    summary: 'List the roles that colleagues can hold, with their permissions',
    answer: z.object({ items: z.array(roleAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: (await listRoles(ctx)).map(roleView), nextCursor: null }),
  }),
  route({
    method: 'POST',
    path: '/staff/roles',
    permission: 'staff.write',
    summary: 'Make a role out of permissions that you hold',
    body: roleInput,
    answer: roleAnswer,
    run: async (ctx, { body }) => answer(ctx, await saveRole(ctx, undefined, body)),
  }),
  route({
    method: 'PATCH',
    path: '/staff/roles/:id',
    permission: 'staff.write',
    summary: 'Change a role that your company made; in force with the next request of whoever holds it',
    body: roleInput.partial(),
    answer: roleAnswer,
    async run(ctx, { params, body }) {
      const role = await findRole(ctx, params.id);
      if (!role?.own) throw notFound('This role');
      const { name = role.name, permissions: held = role.permissions } = body;
      return answer(ctx, await saveRole(ctx, params.id, { name, permissions: held }));
    },
  }),
  route({
    method: 'DELETE',
    path: '/staff/roles/:id',
    permission: 'staff.write',
    summary: 'Take away a role that your company made and nobody holds',
    async run(ctx, { params }) {
      const outcome = await removeRole(ctx, params.id);
      if (outcome.kind !== 'saved') await answer(ctx, outcome);
    },
  }),
];
