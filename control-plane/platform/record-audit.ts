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
export async function recordAudits(ctx: Context, entries: readonly AuditEntry[]): Promise<void> {
  await ctx.tx.$executeRaw`SELECT audit_record(${ctx.tenantId}, ${auditRows(ctx, entries)}::jsonb)`;
}

/** The events as the database's audit_record takes them, for those that have them written together with what they tell. */
export function auditRows(ctx: Context, entries: readonly AuditEntry[]): string {
  return JSON.stringify(
    entries.map(({ action, subject, detail = {}, by = ctx }) => ({
      action,
      type: subject.type,
      id: String(subject.id),
      detail: textOf(action, detail),
      actor_kind: by.actor.kind,
      actor_id: by.actor.id?.toString(),
      actor_name: by.actor.name,
      ip: by.actor.ip || undefined,
      request: by.requestId,
    })),
  );
}

function textOf(action: string, detail: Record<string, unknown>): string {
  const text = JSON.stringify(detail, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  if (text.length > 8192)
    throw new Error(`The audit detail of ${action} has ${text.length} characters; name what changed, not everything.`);
  return text;
}
