import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** What asking the network for something answers: the enforcement to watch, or why there is none. */
export type SessionOutcome = { kind: 'asked'; enforcement_id: bigint } | { kind: 'not_found' } | { kind: 'closed' };

/** Asks for a session to be cut. It is gone when the enforcement is proven, not before. Asking twice while one is open is asking once. */
export function disconnectSession(ctx: Context, id: bigint): Promise<SessionOutcome> {
  return enforce(ctx, id, 'cut', 'staff_disconnect', {});
}

/** Asks for another speed of one live session; it lasts until the session ends or its plan's rate is restored. */
export function rateSession(
  ctx: Context,
  id: bigint,
  rate: { down_kbps: number; up_kbps: number },
): Promise<SessionOutcome> {
  return enforce(ctx, id, 'throttle', 'staff_rate', rate);
}

async function enforce(
  ctx: Context,
  id: bigint,
  kind: 'cut' | 'throttle',
  reason: 'staff_disconnect' | 'staff_rate',
  params: Record<string, number>,
): Promise<SessionOutcome> {
  const [session] = await ctx.tx.$queryRaw<{ username: string; open: boolean }[]>`
    SELECT username, stopped_at IS NULL AS open FROM session_all WHERE tenant_id = ${ctx.tenantId} AND radacctid = ${id} LIMIT 1`;
  if (!session) return { kind: 'not_found' };
  if (!session.open) return { kind: 'closed' };
  const [row] = await ctx.tx.$queryRaw<{ id: bigint | null }[]>`
    SELECT enforce_session(${id}, ${kind}, ${reason}, ${JSON.stringify(params)}::jsonb) AS id`;
  if (!row?.id) return { kind: 'closed' };
  const action = kind === 'cut' ? 'sessions.disconnect' : 'sessions.rate';
  await recordAudit(ctx, action, { type: 'session', id }, { username: session.username, ...params });
  return { kind: 'asked', enforcement_id: row.id };
}
