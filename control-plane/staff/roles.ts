import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { builtInRoles, permissions, type Permission } from '../platform/permissions';
import type { Reader } from '../ui';

/** A role that a company may name. */
export interface Role {
  id: bigint;
  key: string;
  name: string;
  /** The company's own; the others are everybody's and stay as they are. */
  own: boolean;
  permissions: Permission[];
  people: number;
}

/** A role's name for people: one that every company has is translated, one that a company made keeps the name it was given. */
export function roleWord(row: { role: string; role_name: string; own_role: boolean }, { t }: Reader): string {
  return row.own_role || !(builtInRoles as readonly string[]).includes(row.role)
    ? row.role_name
    : t(`staff.role_${row.role}`);
}

/** Every role of the company and those that every company has, with how many people hold each. */
export async function listRoles(ctx: Context): Promise<Role[]> {
  const rows = await ctx.tx.$queryRaw<(Omit<Role, 'people' | 'permissions'> & { people: bigint; held: string[] })[]>`
    SELECT r.id, r.key, r.name, r.tenant_id IS NOT NULL AS own,
      ARRAY(SELECT p.permission FROM staff_role_permission p WHERE p.role_id = r.id) AS held,
      (SELECT count(*) FROM staff s WHERE s.role_id = r.id) AS people
    FROM staff_role r WHERE r.key <> 'super_admin' OR r.tenant_id IS NOT NULL ORDER BY r.tenant_id NULLS FIRST, r.id LIMIT 200`;
  return rows.map(({ held, people, ...row }) => ({
    ...row,
    people: Number(people),
    permissions: permissions.filter((one) => held.includes(one)),
  }));
}

export async function findRole(ctx: Context, id: bigint): Promise<Role | undefined> {
  return (await listRoles(ctx)).find((role) => role.id === id);
}

/** Nobody gives, changes or takes away a role that holds more than they do. */
export function mayHandle(ctx: Context, role: { permissions: readonly Permission[] }): boolean {
  return ctx.actor.kind === 'system' || role.permissions.every((one) => ctx.actor.permissions.has(one));
}

/** The roles that the acting person may give. */
export async function grantableRoles(ctx: Context): Promise<Role[]> {
  return (await listRoles(ctx)).filter((role) => mayHandle(ctx, role));
}

export interface RoleInput {
  name: string;
  permissions: Permission[];
}

export type SavedRole =
  | { kind: 'saved'; id: bigint }
  | { kind: 'not_found' }
  | { kind: 'name_taken' }
  /** It would hold, or holds already, what the acting person may not do. */
  | { kind: 'too_strong' }
  | { kind: 'own_role' }
  | { kind: 'in_use'; people: number };

/** Makes a role, or changes one that the company made; in force with the next request of whoever holds it. */
export async function saveRole(ctx: Context, id: bigint | undefined, input: RoleInput): Promise<SavedRole> {
  if (!mayHandle(ctx, input)) return { kind: 'too_strong' };
  const all = await listRoles(ctx);
  const before = all.find((role) => role.id === id);
  if (id !== undefined && !before?.own) return { kind: 'not_found' };
  if (before && !mayHandle(ctx, before)) return { kind: 'too_strong' };
  if (before && (await isOwnRole(ctx, before.id))) return { kind: 'own_role' };
  const lower = input.name.toLowerCase();
  if (all.some((role) => role.id !== id && role.name.toLowerCase() === lower)) return { kind: 'name_taken' };
  const roleId = before?.id ?? (await insertRole(ctx, input.name, all));
  await ctx.tx.$executeRaw`UPDATE staff_role SET name = ${input.name} WHERE id = ${roleId}`;
  await ctx.tx.$executeRaw`DELETE FROM staff_role_permission WHERE role_id = ${roleId}`;
  await ctx.tx
    .$executeRaw`INSERT INTO staff_role_permission (role_id, permission) SELECT ${roleId}, p FROM unnest(${input.permissions}::text[]) p`;
  const gained = input.permissions.filter((one) => !before?.permissions.includes(one));
  const lost = before?.permissions.filter((one) => !input.permissions.includes(one)) ?? [];
  const subject = { type: 'role', id: roleId };
  await recordAudit(ctx, before ? 'staff.change_role' : 'staff.create_role', subject, {
    name: input.name,
    gained,
    lost,
  });
  return { kind: 'saved', id: roleId };
}

/** Takes away a role of the company's own that nobody holds any more. */
export async function removeRole(ctx: Context, id: bigint): Promise<SavedRole> {
  const role = await findRole(ctx, id);
  if (!role?.own) return { kind: 'not_found' };
  if (!mayHandle(ctx, role)) return { kind: 'too_strong' };
  if (role.people > 0) return { kind: 'in_use', people: role.people };
  await ctx.tx.$executeRaw`DELETE FROM staff_role_permission WHERE role_id = ${id}`;
  await ctx.tx.$executeRaw`DELETE FROM staff_role WHERE id = ${id}`;
  await recordAudit(ctx, 'staff.remove_role', { type: 'role', id }, { name: role.name });
  return { kind: 'saved', id };
}

/** Changing the role one holds could shut oneself out, or be a way up. */
async function isOwnRole(ctx: Context, id: bigint): Promise<boolean> {
  if (ctx.actor.kind !== 'staff' || ctx.actor.id === null) return false;
  const rows = await ctx.tx.$queryRaw<unknown[]>`SELECT 1 FROM staff WHERE id = ${ctx.actor.id} AND role_id = ${id}`;
  return rows.length > 0;
}

async function insertRole(ctx: Context, name: string, all: Role[]): Promise<bigint> {
  const stem =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, 40) || 'role';
  const taken = new Set([...all.map((role) => role.key), ...builtInRoles]);
  let key = stem;
  for (let n = 2; taken.has(key); n += 1) key = `${stem}_${n}`;
  const [row] = await ctx.tx.$queryRaw<
    { id: bigint }[]
  >`INSERT INTO staff_role (tenant_id, key, name) VALUES (${ctx.tenantId}, ${key}, ${name}) RETURNING id`;
  if (!row) throw new Error('INSERT INTO staff_role gave no id');
  return row.id;
}
