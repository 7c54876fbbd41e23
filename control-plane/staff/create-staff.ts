import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { hashPassword } from './password';
import { companyPasswordFault, type PasswordFault } from './password-policy';

export interface NewStaff {
  email: string;
  name: string;
  /** Undefined for somebody who is invited and chooses their own. */
  password: string | undefined;
  /** Key of a role that this company has. */
  role: string;
}

export type CreatedStaff =
  | { kind: 'created'; id: bigint }
  | { kind: 'email_taken' }
  | { kind: 'no_such_role'; roles: string[] }
  | { kind: 'weak_password'; fault: Exclude<PasswordFault, undefined>; minLength: number };

/** Stands where nobody has chosen a password yet; nothing is equal to it (password.ts). */
export const NO_PASSWORD = '!';

/**
 * Takes a colleague in. The e-mail signs in, so it is unique over all companies. A role may only be given by somebody who holds everything
 * that the role holds: nobody lifts a friend above themselves.
 */
export async function createStaff(ctx: Context, input: NewStaff): Promise<CreatedStaff> {
  const role = await grantableRole(ctx, input.role);
  if (role.kind !== 'role') return role;
  if (input.password !== undefined) {
    const { fault, minLength } = await companyPasswordFault(ctx, input.password, input);
    if (fault) return { kind: 'weak_password', fault, minLength };
  }
  const password_hash = input.password === undefined ? NO_PASSWORD : await hashPassword(input.password);
  // Taken is an answer and not an error: an error would spoil the transaction for the page that has to say so.
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO staff (tenant_id, role_id, email, name, password_hash) VALUES (${ctx.tenantId}, ${role.id}, ${input.email}, ${input.name}, ${password_hash})
    ON CONFLICT (email) DO NOTHING RETURNING id`;
  if (!made) return { kind: 'email_taken' };
  await recordAudit(
    ctx,
    'staff.create',
    { type: 'staff', id: made.id },
    { email: input.email, role: input.role, invited: input.password === undefined },
  );
  return { kind: 'created', id: made.id };
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
