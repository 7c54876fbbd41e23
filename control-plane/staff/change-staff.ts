import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { endSignIns } from './console-session';
import { grantableRole } from './create-staff';
import { hashPassword } from './password';
import { companyPasswordFault, type PasswordFault } from './password-policy';

export interface StaffChange {
  name?: string | undefined;
  role?: string | undefined;
  password?: string | undefined;
  disabled?: boolean | undefined;
}

export type ChangedStaff =
  | { kind: 'changed' }
  | { kind: 'not_found' }
  | { kind: 'no_such_role'; roles: string[] }
  /** Nobody may take away their own access, or a super admin's: there must be a way back in. */
  | { kind: 'not_yourself' }
  | { kind: 'super_admin' }
  /** They may do what the acting person may not: whoever sets their password could act as them. */
  | { kind: 'stronger' }
  | { kind: 'weak_password'; fault: Exclude<PasswordFault, undefined>; minLength: number };

/** Changes a colleague. A new password, another role or disabling ends every sign-in of theirs at once. */
export async function changeStaff(ctx: Context, id: bigint, change: StaffChange): Promise<ChangedStaff> {
  const row = await ctx.tx.staff.findUnique({
    where: { id },
    select: { email: true, name: true, is_super_admin: true, disabled_at: true, role: { select: { key: true } } },
  });
  if (!row) return { kind: 'not_found' };
  const letsOutOrIn = change.disabled !== undefined && change.disabled !== (row.disabled_at !== null);
  const touchesAccess = change.role !== undefined || letsOutOrIn;
  if (touchesAccess && ctx.actor.id === id) return { kind: 'not_yourself' };
  if (row.is_super_admin && ctx.actor.id !== id && (touchesAccess || change.password !== undefined))
    return { kind: 'super_admin' };
  if (ctx.actor.id !== id && (touchesAccess || change.password !== undefined)) {
    const held = await grantableRole(ctx, row.role.key);
    if (held.kind === 'no_such_role') return { kind: 'stronger' };
  }
  const role = change.role === undefined ? undefined : await grantableRole(ctx, change.role);
  if (role?.kind === 'no_such_role') return role;
  if (change.password !== undefined) {
    const { fault, minLength } = await companyPasswordFault(ctx, change.password, row);
    if (fault) return { kind: 'weak_password', fault, minLength };
  }
  await ctx.tx.staff.update({
    where: { id },
    data: {
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(role === undefined ? {} : { role_id: role.id }),
      ...(change.password === undefined ? {} : { password_hash: await hashPassword(change.password) }),
      ...(change.disabled === undefined ? {} : { disabled_at: change.disabled ? ctx.now : null }),
    },
    select: { id: true },
  });
  if (touchesAccess || change.password !== undefined) await endSignIns(ctx, id);
  const { password, ...shown } = change;
  await recordAudit(
    ctx,
    'staff.change',
    { type: 'staff', id },
    { ...shown, ...(password === undefined ? {} : { password: 'changed' }) },
  );
  return { kind: 'changed' };
}
