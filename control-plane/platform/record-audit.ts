import type { Context } from './context';

/** What an action was done to: `type` is the table's noun, e.g. {type: 'subscription', id: sub.id}. */
export interface AuditSubject {
  type: string;
  id: bigint | string;
}

/**
 * Writes one audit event in the action's own transaction, so that neither exists without the other.
 * @param action `<slice>.<verb>`, e.g. subscriptions.suspend
 * @param detail what a reader needs to understand it; never a secret, and small (8 kB at most)
 */
export async function recordAudit(
  ctx: Context,
  action: string,
  subject: AuditSubject,
  detail: Record<string, unknown> = {},
): Promise<void> {
  const text = JSON.stringify(detail, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  if (text.length > 8192)
    throw new Error(`The audit detail of ${action} has ${text.length} characters; name what changed, not everything.`);
  const { actor } = ctx;
  await ctx.tx.$executeRaw`
    INSERT INTO audit_event (tenant_id, actor_kind, actor_id, actor_name, action, subject_type, subject_id, detail, ip, request_id)
    VALUES (${ctx.tenantId}, ${actor.kind}, ${actor.id}, ${actor.name}, ${action}, ${subject.type}, ${String(subject.id)}, ${text}::jsonb, ${actor.ip}::inet, ${ctx.requestId})`;
  // Pages that show this person or service follow what is done to them.
  if (subject.type === 'subscriber' || subject.type === 'subscription') {
    const live = { tenant: ctx.tenantId.toString(), topic: subject.type, id: String(subject.id) };
    await ctx.tx.$executeRaw`SELECT pg_notify('lango_live', ${JSON.stringify(live)})`;
  }
}
