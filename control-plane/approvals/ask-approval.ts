import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { ApprovalKind } from './schema';

/** How long somebody may take to decide. */
const VALID = '7 days';

export interface ApprovalRequest {
  kind: ApprovalKind;
  /** The row that waits for it; it is asked for once. */
  subjectId: bigint;
  amount_cents: bigint;
  currency: string;
  /** In words, for whoever decides. */
  summary: string;
  /** The page that shows it, without a query. */
  path: string;
}

/**
 * Whether so much needs a second person in this company.
 * @param amount_cents with what the same person did without one in the last day, so that a limit is not got round in pieces
 */
export async function needsApproval(
  ctx: Context,
  kind: ApprovalKind,
  amount_cents: bigint,
  currency: string,
): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ needed: boolean }[]>`
    SELECT approval_needed(${kind}, ${amount_cents}, ${currency}) AS needed`;
  return row?.needed ?? true;
}

/** Asks for somebody else's agreement. The task named as the kind hears of the decision, whichever it is; until then nothing may be done. Gives its id. */
export async function askApproval(ctx: Context, request: ApprovalRequest): Promise<bigint> {
  const { kind, subjectId, amount_cents, currency, summary, path } = request;
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT approval_ask(${kind}, ${subjectId}, ${amount_cents}, ${currency}, ${summary}, ${path}, ${staffId}::bigint, ${ctx.actor.name}, ${VALID}::interval) AS id`;
  if (!row) throw new Error(`Nobody was asked about ${kind} ${subjectId}.`);
  const detail = { kind, subject_id: subjectId, amount_cents, currency };
  await recordAudit(ctx, 'approvals.ask', { type: 'approval', id: row.id }, detail);
  return row.id;
}
