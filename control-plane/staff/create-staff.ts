import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { sqlFault } from '../platform/db/faults';
import { hashPassword } from './password';

export interface NewStaff {
  email: string;
  name: string;
  password: string;
  /** Key of a role that this company has. */
  role: string;
}

export type CreatedStaff =
  { kind: 'created'; id: bigint } | { kind: 'email_taken' } | { kind: 'no_such_role'; roles: string[] };

/**
 * Takes a colleague in. The e-mail signs in, so it is unique over all companies. A role may only be given by somebody who holds everything
 * that the role holds: nobody lifts a friend above themselves.
 */
export async function createStaff(ctx: Context, input: NewStaff): Promise<CreatedStaff> {
  const role = await grantableRole(ctx, input.role);
  if (role.kind !== 'role') return role;
  const password_hash = await hashPassword(input.password);
  try {
    const made = await ctx.tx.staff.create({
      data: { tenant_id: ctx.tenantId, role_id: role.id, email: input.email, name: input.name, password_hash },
      select: { id: true },
    });
    await recordAudit(ctx, 'staff.create', { type: 'staff', id: made.id }, { email: input.email, role: input.role });
    return { kind: 'created', id: made.id };
  } catch (error) {
    if (sqlFault(error)?.state === '23505') return { kind: 'email_taken' };
    throw error;
  }
}

/** The role of that key, if the acting person may give it; otherwise the keys that they may give. */
export async function grantableRole(
  ctx: Context,
  key: string,
): Promise<{ kind: 'role'; id: bigint } | { kind: 'no_such_role'; roles: string[] }> {
  const rows = await ctx.tx.staff_role.findMany({
    where: { key: { not: 'super_admin' } },
    include: { permissions: true },
    orderBy: { id: 'asc' },
  });
  const held: ReadonlySet<string> = ctx.actor.permissions;
  const may = rows.filter(
    (row) => ctx.actor.kind === 'system' || row.permissions.every((one) => held.has(one.permission)),
  );
  const role = may.find((row) => row.key === key);
  return role ? { kind: 'role', id: role.id } : { kind: 'no_such_role', roles: may.map((row) => row.key) };
}
