import type { Context } from '../platform/context';
import { findByTicket, findSetting } from './queries';
import type { JoinRequest } from './schema';
import { isCode, MOST_TRIES } from './send-code';

export type ConfirmOutcome =
  | { kind: 'wrong'; left: number }
  /** Too late, or tried too often: another code is needed. */
  | { kind: 'over' }
  | { kind: 'gone' }
  /** They hold the phone or mailbox. `request.state` says what comes next: waiting (for `reason`; null: nothing), known, or what it was already. */
  | { kind: 'confirmed'; request: JoinRequest };

/**
 * Looks at a code. Each look costs a try before it is made, and is committed whatever comes of it, so that many at once have no more tries than one after the
 * other. Only now, when the person has shown that the phone is theirs, is it asked whether they are a customer.
 */
export async function confirmRequest(ctx: Context, ticket: string, code: string): Promise<ConfirmOutcome> {
  const held = await findByTicket(ctx, ticket);
  if (!held) return { kind: 'gone' };
  if (held.state !== 'unconfirmed') return { kind: 'confirmed', request: held };
  const [row] = await ctx.tx.$queryRaw<{ code_hash: Uint8Array; tries: number }[]>`
    UPDATE join_request SET tries = tries + 1
    WHERE id = ${held.id} AND state = 'unconfirmed' AND tries < ${MOST_TRIES} AND code_hash IS NOT NULL AND code_expires_at > ${ctx.now}
    RETURNING code_hash, tries`;
  if (!row) return { kind: 'over' };
  if (!isCode(ctx, held.id, code, row.code_hash))
    return row.tries >= MOST_TRIES ? { kind: 'over' } : { kind: 'wrong', left: MOST_TRIES - row.tries };
  const known = await findKnown(ctx, held);
  const setting = await findSetting(ctx);
  const reason = known
    ? 'known'
    : held.channel === 'email'
      ? 'phone_unproven'
      : setting.needs_approval
        ? 'approval'
        : null;
  const state = known ? 'known' : 'waiting';
  await ctx.tx.$executeRaw`
    UPDATE join_request SET state = ${state}, reason = ${reason}, subscriber_id = ${known ?? null}::bigint, code_hash = NULL, confirmed_at = ${ctx.now} WHERE id = ${held.id}`;
  return { kind: 'confirmed', request: { ...held, state, reason, subscriber_id: known ?? null } };
}

/** The customer whom a proven phone or mailbox belongs to already; the oldest, where families share one. */
export async function findKnown(
  ctx: Context,
  request: Pick<JoinRequest, 'channel' | 'recipient'>,
): Promise<bigint | undefined> {
  const { channel, recipient } = request;
  const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM subscriber WHERE deleted_at IS NULL AND CASE WHEN ${channel} = 'sms' THEN phone = ${recipient} ELSE lower(email) = ${recipient} END
    ORDER BY id LIMIT 1`;
  return rows[0]?.id;
}
