import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';

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

/** SQL of the newest sessions of a service, open ones and those of all months; each source gives `limit` through an index of its own. */
export function newestSessions(subscriptionId: bigint, before: Date | undefined, limit: number): Prisma.Sql {
  const until = before ? Prisma.sql`AND started_at < ${before}` : Prisma.empty;
  return Prisma.sql`(
    SELECT * FROM session_live WHERE subscription_id = ${subscriptionId} AND stopped_at IS NULL ${until}
    UNION ALL (SELECT * FROM session_live WHERE subscription_id = ${subscriptionId} AND stopped_at IS NOT NULL ${until} ORDER BY started_at DESC LIMIT ${limit})
    UNION ALL (SELECT * FROM session_closed WHERE subscription_id = ${subscriptionId} ${until} ORDER BY started_at DESC LIMIT ${limit}))`;
}

export interface EventRow {
  at: Date;
  kind: 'payment' | 'online' | 'offline' | 'order' | 'reject' | 'staff';
  what: string;
  detail: string | null;
  cents: bigint | null;
}

/**
 * Everything that happened to a person and one of their services before `before`, merged, newest first: payments, sessions, orders to the network,
 * refused logins, what staff did. One statement.
 */
export function eventsOf(
  { tx }: Context,
  subscriberId: bigint,
  service: { id: bigint; username: string } | undefined,
  page: { before?: Date | undefined; limit: number },
): Promise<EventRow[]> {
  const id = service?.id ?? 0n;
  const { before, limit } = page;
  const until = (column: string) => (before ? Prisma.sql`AND ${Prisma.raw(column)} < ${before}` : Prisma.empty);
  return tx.$queryRaw<EventRow[]>`
    WITH s AS MATERIALIZED (SELECT l.*, n.name AS router FROM ${newestSessions(id, before, limit)} l LEFT JOIN nas n ON n.id = l.nas_id)
    SELECT * FROM (
      (SELECT received_at AS at, 'payment' AS kind, state AS what, method || ' ' || reference AS detail, amount_cents AS cents
       FROM payment WHERE subscriber_id = ${subscriberId} ${until('received_at')} ORDER BY id DESC LIMIT ${limit})
      UNION ALL SELECT started_at, 'online', coalesce(router, ''), host(framed_ip), NULL FROM s
      UNION ALL SELECT stopped_at, 'offline', coalesce(router, ''), terminate_cause, NULL FROM s WHERE stopped_at IS NOT NULL ${until('stopped_at')}
      UNION ALL
      (SELECT created_at, 'order', kind || '.' || state, reason, NULL FROM enforcement
       WHERE subscription_id = ${id} AND proven_by IS DISTINCT FROM 'superseded' ${until('created_at')} ORDER BY id DESC LIMIT ${limit})
      UNION ALL
      (SELECT authdate, 'reject', coalesce(reason, ''), callingstationid, NULL FROM radpostauth
       WHERE username = ${service?.username ?? ''} AND tenant_id = (SELECT lango_tenant()) AND reply = 'Access-Reject' ${until('authdate')} ORDER BY authdate DESC LIMIT 5)
      UNION ALL
      (SELECT at, 'staff', action, actor_name, NULL FROM audit_event
       WHERE tenant_id = (SELECT lango_tenant()) AND subject_type = 'subscriber' AND subject_id = ${subscriberId.toString()} ${until('at')} ORDER BY at DESC LIMIT ${limit})
      UNION ALL
      (SELECT at, 'staff', action, actor_name, NULL FROM audit_event
       WHERE tenant_id = (SELECT lango_tenant()) AND subject_type = 'subscription' AND subject_id = ${id.toString()} ${until('at')} ORDER BY at DESC LIMIT ${limit})
    ) e ORDER BY at DESC LIMIT ${limit}`;
}
