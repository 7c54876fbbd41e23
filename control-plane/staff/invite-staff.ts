import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { endSignIns } from './console-session';
import { grantableRole, NO_PASSWORD } from './create-staff';
import { listPasskeys } from './passkeys';
import { removeTotp } from './second-factor';
import { openStep } from './steps';

/** An invitation works for a week; a way back in, which somebody waits for, for a day. */
const INVITE_S = 7 * 86_400;
const RESET_S = 86_400;

export type Touchable =
  | { kind: 'may'; person: { email: string; name: string; invited: boolean; disabled: boolean } }
  | { kind: 'not_found' }
  | { kind: 'super_admin' }
  | { kind: 'stronger' }
  | { kind: 'not_yourself' };

/** Whether the acting person may give this colleague a new way in: whoever can do that could act as them. */
export async function mayTouch(ctx: Context, id: bigint): Promise<Touchable> {
  const row = await ctx.tx.staff.findUnique({
    where: { id },
    select: {
      email: true,
      name: true,
      password_hash: true,
      disabled_at: true,
      is_super_admin: true,
      role: { select: { key: true } },
    },
  });
  if (!row) return { kind: 'not_found' };
  if (ctx.actor.id === id) return { kind: 'not_yourself' };
  if (row.is_super_admin) return { kind: 'super_admin' };
  if ((await grantableRole(ctx, row.role.key)).kind === 'no_such_role') return { kind: 'stronger' };
  const { email, name } = row;
  return {
    kind: 'may',
    person: { email, name, invited: row.password_hash === NO_PASSWORD, disabled: row.disabled_at !== null },
  };
}

export type Invited =
  | { kind: 'invited'; secret: string; email: string; name: string; isNew: boolean; seconds: number }
  | Exclude<Touchable, { kind: 'may' }>;

/** A link with which a colleague chooses their password: at first, or when they forgot it. A newer link voids the older. */
export async function inviteStaff(ctx: Context, id: bigint): Promise<Invited> {
  const touch = await mayTouch(ctx, id);
  if (touch.kind !== 'may') return touch;
  const { invited, email, name } = touch.person;
  const seconds = invited ? INVITE_S : RESET_S;
  const secret = await openStep(ctx.tx, 'invite', { tenantId: ctx.tenantId, staffId: id, seconds });
  await recordAudit(ctx, invited ? 'staff.invite' : 'staff.reset_link', { type: 'staff', id }, { email });
  return { kind: 'invited', secret, email, name, isNew: invited, seconds };
}

export type Reset = { kind: 'done' } | Exclude<Touchable, { kind: 'may' }>;

/** Takes a colleague's second proofs away, for one who lost their phone, and ends their sign-ins. Their password stays. */
export async function resetSecondFactor(ctx: Context, id: bigint): Promise<Reset> {
  const touch = await mayTouch(ctx, id);
  if (touch.kind !== 'may') return touch;
  const passkeys = await listPasskeys(ctx, id);
  await removeTotp(ctx, id);
  await ctx.tx.$executeRaw`DELETE FROM staff_passkey WHERE staff_id = ${id}`;
  await endSignIns(ctx, id);
  await recordAudit(ctx, 'staff.reset_second_factor', { type: 'staff', id }, { passkeys: passkeys.length });
  return { kind: 'done' };
}

/** Ends every sign-in of a colleague at once. */
export async function endColleagueSignIns(ctx: Context, id: bigint): Promise<Reset> {
  const touch = await mayTouch(ctx, id);
  if (touch.kind !== 'may') return touch;
  const ended = await endSignIns(ctx, id);
  await recordAudit(ctx, 'staff.end_sign_ins', { type: 'staff', id }, { ended });
  return { kind: 'done' };
}
