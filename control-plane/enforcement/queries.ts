import { z } from 'zod';
import type { Context } from '../platform/context';
import type { enforcement, enforcement_attempt } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';

/** What must become true for a session, every try of it and the proof. */
export const enforcementAnswer = z.object({
  id: z.string(),
  kind: z.enum(['cut', 'throttle', 'restore', 'refresh', 'login']),
  state: z.enum(['open', 'proven', 'unproven', 'gave_up']),
  reason: z.string(),
  session_id: z.string().nullable(),
  subscription_id: z.string().nullable(),
  router_id: z.string(),
  created_at: z.string(),
  attempts: z.array(
    z.object({
      at: z.string(),
      via: z.enum(['coa', 'disconnect', 'api']),
      outcome: z.enum(['ack', 'nak', 'silence']),
      error_cause: z.int().optional(),
      ms: z.int(),
      detail: z.string().optional(),
    }),
  ),
  next_attempt_at: z.string().optional(),
  proven_by: z.string().optional(),
  proven_at: z.string().optional(),
  closed_at: z.string().optional(),
});
export type Enforcement = z.output<typeof enforcementAnswer>;

type Row = enforcement & { attempt_rows: enforcement_attempt[] };

function toEnforcement(row: Row): Enforcement {
  return {
    id: row.id.toString(),
    kind: row.kind as Enforcement['kind'],
    state: row.state as Enforcement['state'],
    reason: row.reason,
    session_id: row.session_id?.toString() ?? null,
    subscription_id: row.subscription_id?.toString() ?? null,
    router_id: row.nas_id.toString(),
    created_at: row.created_at.toISOString(),
    attempts: row.attempt_rows.map((attempt) => ({
      at: attempt.at.toISOString(),
      via: attempt.via as Enforcement['attempts'][number]['via'],
      outcome: attempt.outcome as Enforcement['attempts'][number]['outcome'],
      ...(attempt.error_cause === null ? {} : { error_cause: attempt.error_cause }),
      ms: attempt.ms,
      ...(attempt.detail === null ? {} : { detail: attempt.detail }),
    })),
    ...(row.state === 'open' ? { next_attempt_at: row.next_attempt_at.toISOString() } : {}),
    ...(row.proven_by === null ? {} : { proven_by: row.proven_by }),
    ...(row.proven_at === null ? {} : { proven_at: row.proven_at.toISOString() }),
    ...(row.closed_at === null ? {} : { closed_at: row.closed_at.toISOString() }),
  };
}

const withAttempts = { attempt_rows: { orderBy: { id: 'asc' }, take: 100 } } as const;

export interface EnforcementFilter {
  session_id?: bigint | undefined;
  subscription_id?: bigint | undefined;
  state?: Enforcement['state'] | undefined;
  kind?: Enforcement['kind'] | undefined;
  limit: number;
  before: bigint | undefined;
}

/** Enforcements, newest first. */
export async function listEnforcements(ctx: Context, filter: EnforcementFilter): Promise<Page<Enforcement>> {
  const { session_id, subscription_id, state, kind, before } = filter;
  const rows = await ctx.tx.enforcement.findMany({
    where: {
      ...(session_id ? { session_id } : {}),
      ...(subscription_id ? { subscription_id } : {}),
      ...(state ? { state } : {}),
      ...(kind ? { kind } : {}),
      ...(before ? { id: { lt: before } } : {}),
    },
    include: withAttempts,
    orderBy: { id: 'desc' },
    take: filter.limit + 1,
  });
  return pageOf(rows, filter.limit, (row) => row.id, toEnforcement);
}

export async function findEnforcement(ctx: Context, id: bigint): Promise<Enforcement | undefined> {
  const row = await ctx.tx.enforcement.findFirst({ where: { id }, include: withAttempts });
  return row ? toEnforcement(row) : undefined;
}
