import type { Context } from '../platform/context';
import type { audit_event } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';

/** An event as the API shows it. */
export interface AuditEventView {
  id: string;
  at: Date;
  actor: { kind: string; id: string | null; name: string };
  action: string;
  subject: { type: string; id: string };
  detail: unknown;
  ip: string | null;
  request_id: string | null;
}

export interface AuditFilter {
  q?: string | undefined;
  action?: string | undefined;
  subject_type?: string | undefined;
  subject_id?: string | undefined;
  /** Id of a colleague. */
  staff?: bigint | undefined;
  from?: Date | undefined;
  /** Exclusive. */
  until?: Date | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Newest first. `q` is the beginning of an action (`subscriptions.`), an actor's name, or the id of a request. */
export async function listAudit(ctx: Context, filter: AuditFilter): Promise<Page<AuditEventView>> {
  const before = cursorId(filter.cursor);
  const { action, subject_type, subject_id, staff, from, until, q } = filter;
  const rows = await ctx.tx.audit_event.findMany({
    where: {
      ...(before === undefined ? {} : { id: { lt: before } }),
      ...(action === undefined ? {} : { action }),
      ...(subject_type === undefined ? {} : { subject_type }),
      ...(subject_id === undefined ? {} : { subject_id }),
      ...(staff === undefined ? {} : { actor_kind: 'staff', actor_id: staff }),
      ...(from || until ? { at: { ...(from ? { gte: from } : {}), ...(until ? { lt: until } : {}) } } : {}),
      ...(q === undefined || q === ''
        ? {}
        : { OR: [{ action: { startsWith: q } }, { actor_name: q }, { request_id: q }] }),
    },
    orderBy: { id: 'desc' },
    take: filter.limit + 1,
  });
  return pageOf(rows, filter.limit, (row) => row.id, shape);
}

function shape(row: audit_event): AuditEventView {
  return {
    id: row.id.toString(),
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id?.toString() ?? null, name: row.actor_name },
    action: row.action,
    subject: { type: row.subject_type, id: row.subject_id },
    detail: row.detail,
    ip: row.ip,
    request_id: row.request_id,
  };
}

/** Colleagues by name, for the filter. */
export async function auditPeople(ctx: Context): Promise<{ id: string; name: string }[]> {
  const rows = await ctx.tx.staff.findMany({ select: { id: true, name: true }, orderBy: { name: 'asc' }, take: 200 });
  return rows.map((row) => ({ id: row.id.toString(), name: row.name }));
}

/** How far the company's events are in the chain: the newest link and when its event happened. */
export async function lastSeal(ctx: Context): Promise<{ seq: bigint; at: Date; hash: string } | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ seq: bigint; at: Date; hash: string }[]>`
    SELECT seq, event_at AS at, encode(hash, 'hex') AS hash FROM audit_seal WHERE tenant_id = ${ctx.tenantId} ORDER BY seq DESC LIMIT 1`;
  return row;
}
