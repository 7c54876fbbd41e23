import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { Person } from '../platform/http/person';
import { checkSignIn } from './check-sign-in';
import { endSignIns } from './console-session';
import { hashPassword } from './password';
import { companyPasswordFault, type PasswordFault } from './password-policy';

export type Proved = { kind: 'right' } | { kind: 'wrong' } | { kind: 'wait'; seconds: number };

/** Whether the person at this browser knows their password; damped like a sign-in, for a browser left open is a place to guess from. */
export async function proveYourself(ctx: Context, person: Person, password: string): Promise<Proved> {
  const check = await checkSignIn(ctx.tx, person.email, password, person.actor.ip ?? '127.0.0.1');
  if (check.kind === 'right') return { kind: check.staffId === person.staffId ? 'right' : 'wrong' };
  return check;
}

export type ChangedPassword =
  | { kind: 'changed' }
  | Exclude<Proved, { kind: 'right' }>
  | { kind: 'weak_password'; fault: Exclude<PasswordFault, undefined>; minLength: number };

/** Somebody's own new password. It ends every other sign-in of theirs: whoever had the old one is out. */
export async function changeOwnPassword(
  ctx: Context,
  person: Person,
  input: { current: string; fresh: string },
): Promise<ChangedPassword> {
  const proved = await proveYourself(ctx, person, input.current);
  if (proved.kind !== 'right') return proved;
  const about = { email: person.email, name: person.actor.name };
  const { fault, minLength } = await companyPasswordFault(ctx, input.fresh, about);
  if (fault) return { kind: 'weak_password', fault, minLength };
  await setPassword(ctx, person.staffId, input.fresh);
  await endSignIns(ctx, person.staffId, person.session?.id);
  await recordAudit(ctx, 'staff.change_password', { type: 'staff', id: person.staffId });
  return { kind: 'changed' };
}

/** Writes a password that was found good. */
export async function setPassword(ctx: Context, staffId: bigint, password: string): Promise<void> {
  await ctx.tx.$executeRaw`UPDATE staff SET password_hash = ${await hashPassword(password)} WHERE id = ${staffId}`;
}
