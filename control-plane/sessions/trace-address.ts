import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

/** Who held an address: one session that did. Moments are ISO 8601 in UTC; a session without an end was open when it was asked. */
export interface Holder {
  session_id: string;
  acct_session_id: string;
  client_id: string | null;
  name: string | null;
  phone: string | null;
  username: string;
  address: string | null;
  mac: string | null;
  router: string | null;
  started_at: string;
  stopped_at: string | null;
  /** The last that was heard of it. */
  updated_at: string;
}

export interface Trace {
  id: bigint;
  asked_at: Date;
  asked_by: string;
  address: string;
  from_at: Date;
  to_at: Date;
  reason: string;
  answer: Holder[];
}

/** More sessions than this on one address at once are told as being more. */
export const HOLDERS_MAX = 200;

/**
 * Answers who held an address at some moment from `from` to `to` (at most 31 days), writes question and answer down with who asked and why, and gives its
 * id. An address of a private range may have been held on several routers at once: all of them are in the answer. Behind address translation the answer
 * names the translator's side alone.
 */
export async function traceAddress(
  ctx: Context,
  input: { address: string; from: Date; to: Date; reason: string },
): Promise<bigint> {
  const { address, from, to, reason } = input;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint; found: number }[]>`
    INSERT INTO session_trace (tenant_id, staff_id, address, from_at, to_at, reason, answer)
    SELECT ${ctx.tenantId}, ${ctx.actor.id}, ${address}::inet, ${from}, ${to}, ${reason},
           coalesce((SELECT jsonb_agg(jsonb_build_object('session_id', h.session_id::text, 'acct_session_id', h.acct_session_id, 'client_id', h.subscriber_id::text, 'name', h.name, 'phone', h.phone,
             'username', h.username, 'address', h.address, 'mac', h.mac, 'router', h.router, 'started_at', h.started_at, 'stopped_at', h.stopped_at, 'updated_at', h.updated_at) ORDER BY h.started_at DESC)
             FROM address_holders(${address}::inet, ${from}, ${to}, ${HOLDERS_MAX}::integer) h), '[]')
    RETURNING id, jsonb_array_length(answer) AS found`;
  if (!row) throw new Error('The trace was not written.');
  await recordAudit(
    ctx,
    'sessions.trace',
    { type: 'session_trace', id: row.id },
    { address, from: from.toISOString(), to: to.toISOString(), reason, found: row.found },
  );
  return row.id;
}

const COLUMNS = `t.id, t.asked_at, s.name AS asked_by, host(t.address) AS address, t.from_at, t.to_at, t.reason, t.answer`;

/** A question with its answer as it was given; undefined when it is not this company's. */
export async function findTrace({ tx }: Context, id: bigint): Promise<Trace | undefined> {
  const [row] = await tx.$queryRawUnsafe<Trace[]>(
    `SELECT ${COLUMNS} FROM session_trace t JOIN staff s ON s.id = t.staff_id WHERE t.id = $1`,
    id,
  );
  return row;
}

/** The last questions of the company. */
export function listTraces({ tx }: Context, limit: number): Promise<Trace[]> {
  return tx.$queryRawUnsafe<Trace[]>(
    `SELECT ${COLUMNS} FROM session_trace t JOIN staff s ON s.id = t.staff_id ORDER BY t.id DESC LIMIT $1`,
    limit,
  );
}
