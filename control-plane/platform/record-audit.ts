import type { Actor, Context } from './context';

/** What an action was done to: `type` is the table's noun, e.g. {type: 'subscription', id: sub.id}. */
export interface AuditSubject {
  type: string;
  id: bigint | string;
}

/** One event: `action` is `<slice>.<verb>`; `detail` is what a reader needs to understand it, never a secret, and small (8 kB at most). */
export interface AuditEntry {
  action: string;
  subject: AuditSubject;
  detail?: Record<string, unknown>;
  /** Where one transaction works for several callers: whose event it is. */
  by?: Signature | undefined;
}

/** Who acted, and under which request. */
export interface Signature {
  actor: Actor;
  requestId: string;
}

/**
 * Writes one audit event in the action's own transaction, so that neither exists without the other.
 * @param action `<slice>.<verb>`, e.g. subscriptions.suspend
 * @param detail what a reader needs to understand it; never a secret, and small (8 kB at most)
 */
export function recordAudit(
  ctx: Context,
  action: string,
  subject: AuditSubject,
  detail: Record<string, unknown> = {},
): Promise<void> {
  return recordAudits(ctx, [{ action, subject, detail }]);
}

/** Writes many events at once, in their order. */
export async function recordAudits(ctx: Context, entries: AuditEntry[]): Promise<void> {
  const events = entries.map(({ action, subject, detail = {}, by = ctx }) => ({
    action,
    type: subject.type,
    id: String(subject.id),
    detail: textOf(action, detail),
    actor_kind: by.actor.kind,
    actor_id: by.actor.id?.toString() ?? '',
    actor_name: by.actor.name,
    ip: by.actor.ip ?? '',
    request: by.requestId,
  }));
  const column = (name: keyof (typeof events)[number]) => events.map((event) => event[name]);
  // Pages that show this person or service follow what is done to them.
  const live = events
    .filter(({ type }) => type === 'subscriber' || type === 'subscription')
    .map(({ type, id }) => JSON.stringify({ tenant: ctx.tenantId.toString(), topic: type, id }));
  await ctx.tx.$executeRaw`
    WITH written AS (
      INSERT INTO audit_event (tenant_id, actor_kind, actor_id, actor_name, action, subject_type, subject_id, detail, ip, request_id)
      SELECT ${ctx.tenantId}, e.actor_kind, nullif(e.actor_id, '')::bigint, e.actor_name, e.action, e.type, e.id, e.detail::jsonb, nullif(e.ip, '')::inet, e.request
      FROM unnest(${column('action')}::text[], ${column('type')}::text[], ${column('id')}::text[], ${column('detail')}::text[], ${column('actor_kind')}::text[],
        ${column('actor_id')}::text[], ${column('actor_name')}::text[], ${column('ip')}::text[], ${column('request')}::text[])
        WITH ORDINALITY AS e (action, type, id, detail, actor_kind, actor_id, actor_name, ip, request, at)
      ORDER BY e.at)
    SELECT pg_notify('lango_live', word) FROM unnest(${live}::text[]) AS word`;
}

function textOf(action: string, detail: Record<string, unknown>): string {
  const text = JSON.stringify(detail, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  if (text.length > 8192)
    throw new Error(`The audit detail of ${action} has ${text.length} characters; name what changed, not everything.`);
  return text;
}
