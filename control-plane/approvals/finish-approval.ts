import type { Context } from '../platform/context';
import type { ApprovalKind } from './schema';

/** Closes what was approved, in the transaction that carries it out. False where it is not approved or was carried out before: then nothing may be done. */
export async function finishApproval(ctx: Context, kind: ApprovalKind, subjectId: bigint): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ first: boolean }[]>`SELECT approval_done(${kind}, ${subjectId}) AS first`;
  return row?.first ?? false;
}

/** Closes what was approved and cannot be done any more; whoever asked sees it. */
export async function voidApproval(ctx: Context, kind: ApprovalKind, subjectId: bigint): Promise<void> {
  await ctx.tx.$executeRaw`SELECT approval_void(${kind}, ${subjectId})`;
}
