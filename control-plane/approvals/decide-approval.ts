import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { Permission } from '../platform/permissions';
import { findApproval } from './queries';

export type DecisionOutcome =
  | { kind: 'done' }
  | { kind: 'not_found' }
  /** They asked for it themselves. */
  | { kind: 'own' }
  /** Somebody else decided, or it was too late. */
  | { kind: 'gone' }
  /** They may not do themselves what is asked for. */
  | { kind: 'forbidden'; permission: string };

/** Agrees to what somebody else asked for, or refuses it. Once; the database lets nobody decide on what they asked for. */
export async function decideApproval(
  ctx: Context,
  id: bigint,
  decision: { approve: boolean; note: string },
): Promise<DecisionOutcome> {
  const { actor } = ctx;
  if (actor.kind !== 'staff' || actor.id === null) throw new Error('Only a person decides.');
  const found = await findApproval(ctx, id);
  if (!found) return { kind: 'not_found' };
  if (!actor.permissions.has(found.permission as Permission))
    return { kind: 'forbidden', permission: found.permission };
  const [row] = await ctx.tx.$queryRaw<{ told: string }[]>`
    SELECT approval_decide(${id}, ${decision.approve}, ${actor.id}, ${actor.name}, ${decision.note}) AS told`;
  if (row?.told === 'own' || row?.told === 'gone') return { kind: row.told };
  if (row?.told !== 'done') return { kind: 'not_found' };
  const { kind, subject_id, amount_cents, currency, asked_name } = found;
  await recordAudit(
    ctx,
    decision.approve ? 'approvals.approve' : 'approvals.refuse',
    { type: 'approval', id },
    { kind, subject_id, amount_cents, currency, asked_name, note: decision.note },
  );
  return { kind: 'done' };
}
