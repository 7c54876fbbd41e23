import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import type { SessionRow } from './admin.queries';

/** A note of staff about a customer. */
export interface NoteRow {
  id: string;
  body: string;
  pinned: boolean;
  at: string;
  by: string;
}

export interface PersonRow {
  id: bigint;
  name: string;
  phone: string;
  email: string | null;
  wallet_cents: bigint;
  /** Pinned ones first, then the newest. */
  notes: NoteRow[];
}

/** Notes on one page; older ones are reached by removing what is done with. */
const NOTES_SHOWN = 20;

/** A person with their wallet and notes: one statement, because the whole page has twelve. Undefined when removed or not this company's. */
export async function findPerson({ tx }: Context, id: bigint): Promise<PersonRow | undefined> {
  const [row] = await tx.$queryRaw<PersonRow[]>`
    SELECT c.id, c.name, c.phone, c.email,
           coalesce((SELECT sum(a.balance_cents) FROM ledger_account a WHERE a.subscriber_id = c.id), 0)::bigint AS wallet_cents,
           coalesce((SELECT jsonb_agg(jsonb_build_object('id', n.id::text, 'body', n.body, 'pinned', n.pinned, 'at', n.created_at, 'by', s.name) ORDER BY n.pinned DESC, n.id DESC)
                     FROM (SELECT * FROM subscriber_note WHERE subscriber_id = c.id AND removed_at IS NULL ORDER BY pinned DESC, id DESC LIMIT ${NOTES_SHOWN}) n
                     JOIN staff s ON s.id = n.staff_id), '[]') AS notes
    FROM subscriber c WHERE c.id = ${id} AND c.deleted_at IS NULL`;
  return row;
}

export interface EventRow {
  at: Date;
  kind: 'payment' | 'online' | 'offline' | 'order' | 'reject' | 'staff' | 'message' | 'invoice';
  what: string;
  detail: string | null;
  cents: bigint | null;
}

/** Rows with the same moment as the last one of a page belong to that page: the next one begins before it. At most so many more. */
const SAME_MOMENT_MOST = 20;

/**
 * Everything that happened to a person and one of their services before `before`, merged, newest first: payments, the beginnings and ends of `sessions`
 * (those of sessionsOf with the same page), orders to the network, refused logins, what was said to them, what staff did. About `limit` rows; fewer are the last ones.
 */
export async function eventsOf(
  { tx, now }: Context,
  subscriberId: bigint,
  service: { id: bigint; username: string } | undefined,
  sessions: SessionRow[],
  page: { before?: Date | undefined; limit: number },
): Promise<EventRow[]> {
  const id = service?.id ?? 0n;
  const { before } = page;
  const limit = page.limit + SAME_MOMENT_MOST;
  const until = (column: string) => (before ? Prisma.sql`AND ${Prisma.raw(column)} < ${before}` : Prisma.empty);
  // Of what is kept by month always a value: the planner then leaves out the months to come.
  const end = before ?? new Date(now.getTime() + 86_400_000);
  const rows = await tx.$queryRaw<EventRow[]>`
    SELECT * FROM (
      (SELECT received_at AS at, 'payment' AS kind, state AS what, method || ' ' || reference AS detail, amount_cents AS cents
       FROM payment WHERE subscriber_id = ${subscriberId} ${until('received_at')} ORDER BY id DESC LIMIT ${limit})
      UNION ALL
      (SELECT created_at, 'order', kind || '.' || state, reason, NULL FROM enforcement
       WHERE subscription_id = ${id} AND proven_by IS DISTINCT FROM 'superseded' ${until('created_at')} ORDER BY id DESC LIMIT ${limit})
      UNION ALL
      (SELECT issued_at, 'invoice', kind, coalesce(number_text, ''), total_cents
       FROM invoice WHERE subscriber_id = ${subscriberId} ${until('issued_at')} ORDER BY id DESC LIMIT ${limit})
      UNION ALL
      (SELECT created_at, 'message', kind || '.' || state, channel, NULL FROM message
       WHERE subscriber_id = ${subscriberId} ${until('created_at')} ORDER BY id DESC LIMIT ${limit})
      UNION ALL
      (SELECT authdate, 'reject', coalesce(reason, ''), callingstationid, NULL FROM radpostauth
       WHERE username = ${service?.username ?? ''} AND tenant_id = (SELECT lango_tenant()) AND reply = 'Access-Reject' AND authdate < ${end} ORDER BY authdate DESC LIMIT 5)
      UNION ALL
      (SELECT at, 'staff', action, actor_name, NULL FROM audit_event
       WHERE tenant_id = (SELECT lango_tenant()) AND subject_type = 'subscriber' AND subject_id = ${subscriberId.toString()} AND at < ${end} ORDER BY at DESC LIMIT ${limit})
      UNION ALL
      (SELECT at, 'staff', action, actor_name, NULL FROM audit_event
       WHERE tenant_id = (SELECT lango_tenant()) AND subject_type = 'subscription' AND subject_id = ${id.toString()} AND at < ${end} ORDER BY at DESC LIMIT ${limit})
    ) e ORDER BY at DESC LIMIT ${limit}`;
  return cut([...rows, ...sessions.flatMap((one) => eventsOfSession(one, before))], page.limit);
}

function eventsOfSession(one: SessionRow, before: Date | undefined): EventRow[] {
  const what = one.router ?? '';
  const began: EventRow = { at: one.started_at, kind: 'online', what, detail: one.ip, cents: null };
  if (!one.stopped_at || (before && one.stopped_at >= before)) return [began];
  return [{ at: one.stopped_at, kind: 'offline', what, detail: one.terminate_cause, cents: null }, began];
}

/** The newest `limit` rows, and those of the same moment as the last of them. */
function cut(rows: EventRow[], limit: number): EventRow[] {
  const sorted = rows.toSorted((a, b) => b.at.getTime() - a.at.getTime());
  let end = Math.min(limit, sorted.length);
  while (end < sorted.length && sorted[end]?.at.getTime() === sorted[end - 1]?.at.getTime()) end += 1;
  return sorted.slice(0, end);
}
