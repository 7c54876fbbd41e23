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
  limit: number;
  cursor?: string | undefined;
}

/** Newest first. `q` is the beginning of an action (`subscriptions.`) or an actor's exact name. */
export async function listAudit(ctx: Context, filter: AuditFilter): Promise<Page<AuditEventView>> {
  const before = cursorId(filter.cursor);
  const { action, subject_type, subject_id, q } = filter;
  const rows = await ctx.tx.audit_event.findMany({
    where: {
      ...(before === undefined ? {} : { id: { lt: before } }),
      ...(action === undefined ? {} : { action }),
      ...(subject_type === undefined ? {} : { subject_type }),
      ...(subject_id === undefined ? {} : { subject_id }),
      ...(q === undefined || q === '' ? {} : { OR: [{ action: { startsWith: q } }, { actor_name: q }] }),
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
