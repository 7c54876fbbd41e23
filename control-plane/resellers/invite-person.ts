import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { createStaff, inviteStaff, type CreatedStaff, type Invited } from '../staff';
import { findReseller } from './queries';

export type PersonOutcome =
  | { kind: 'done'; invited: Extract<Invited, { kind: 'invited' }> }
  | { kind: 'not_found' }
  | Exclude<CreatedStaff, { kind: 'created' | 'weak_password' }>;

/** Takes in somebody who sells for a reseller: staff with the role reseller, bound to that reseller's customers, who choose their password by a link. */
export async function invitePerson(
  ctx: Context,
  resellerId: bigint,
  input: { name: string; email: string },
): Promise<PersonOutcome> {
  if (!(await findReseller(ctx, resellerId))) return { kind: 'not_found' };
  const made = await createStaff(ctx, { ...input, password: undefined, role: 'reseller' });
  if (made.kind === 'weak_password') throw new Error('A person who is invited has no password yet.');
  if (made.kind !== 'created') return made;
  await ctx.tx.$executeRaw`UPDATE staff SET reseller_id = ${resellerId} WHERE id = ${made.id}`;
  await recordAudit(ctx, 'resellers.invite', { type: 'reseller', id: resellerId }, { email: input.email });
  const invited = await inviteStaff(ctx, made.id);
  if (invited.kind !== 'invited') throw new Error(`The new person could not be invited: ${invited.kind}.`);
  return { kind: 'done', invited };
}
