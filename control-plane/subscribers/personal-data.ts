import type { Context } from '../platform/context';

/** Rows of one kind at most; more are thousands of sessions, which the books of addresses keep anyway. */
const ROWS_MAX = 20_000;

/**
 * Everything that is held on one person, as they may ask for it (data protection acts of Kenya, 2019, section 26; Tanzania; Uganda). Passwords are not
 * in it: nobody reads those. Undefined when there is no such person; one who was removed still has this right.
 */
export async function personalData(ctx: Context, id: bigint): Promise<Record<string, unknown> | undefined> {
  const [person] = await ctx.tx.$queryRaw<Record<string, unknown>[]>`
    SELECT id, name, phone, email, created_at, updated_at, deleted_at AS removed_at, erased_at FROM subscriber WHERE id = ${id}`;
  if (!person) return undefined;
  return {
    made_at: ctx.now,
    person,
    services: await ctx.tx.$queryRaw`
      SELECT s.id, s.username, s.state, p.name AS plan, s.starts_at, s.expires_at, host(s.static_ip) AS static_ip, s.mac_lock, s.suspended_reason, s.paused_at, s.created_at
      FROM subscription_now s JOIN plan p ON p.id = s.plan_id WHERE s.subscriber_id = ${id} ORDER BY s.id`,
    payments: await ctx.tx.$queryRaw`
      SELECT id, received_at, method, reference, amount_cents, currency, state, outcome FROM payment WHERE subscriber_id = ${id} ORDER BY id LIMIT ${ROWS_MAX}`,
    wallet: await ctx.tx.$queryRaw`
      SELECT e.id, t.event_at, t.kind, t.memo, e.amount_cents, e.balance_cents, t.currency
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id JOIN ledger_transfer t ON t.id = e.transfer_id
      WHERE a.subscriber_id = ${id} ORDER BY e.id LIMIT ${ROWS_MAX}`,
    usage: await ctx.tx.$queryRaw`
      SELECT u.subscription_id, u.cycle_no, u.started_at, u.ended_at, u.input_bytes, u.output_bytes, u.seconds
      FROM usage_cycle u JOIN subscription s ON s.id = u.subscription_id WHERE s.subscriber_id = ${id} ORDER BY u.subscription_id, u.cycle_no LIMIT ${ROWS_MAX}`,
    sessions: await ctx.tx.$queryRaw`
      SELECT l.radacctid AS id, l.subscription_id, l.username, l.started_at, l.stopped_at, host(l.framed_ip) AS address, l.mac, n.name AS router, l.input_bytes,
             l.output_bytes, l.terminate_cause
      FROM session_all l LEFT JOIN nas n ON n.id = l.nas_id
      WHERE l.subscription_id IN (SELECT s.id FROM subscription s WHERE s.subscriber_id = ${id}) ORDER BY l.started_at DESC LIMIT ${ROWS_MAX}`,
    devices: await ctx.tx.$queryRaw`
      SELECT c.name, c.issued_at, c.not_after, c.revoked_at FROM certificate c
      WHERE c.subscription_id IN (SELECT s.id FROM subscription s WHERE s.subscriber_id = ${id}) ORDER BY c.id`,
    messages: await ctx.tx.$queryRaw`
      SELECT m.created_at AS at, m.kind, m.channel, m.recipient, m.subject, m.body, m.state FROM message m
      WHERE m.subscriber_id = ${id} ORDER BY m.id DESC LIMIT ${ROWS_MAX}`,
    notes: await ctx.tx
      .$queryRaw`SELECT body, created_at FROM subscriber_note WHERE subscriber_id = ${id} AND removed_at IS NULL ORDER BY id`,
    what_staff_did: await ctx.tx.$queryRaw`
      SELECT at, action, actor_name AS by, detail FROM audit_event
      WHERE tenant_id = ${ctx.tenantId} AND ((subject_type = 'subscriber' AND subject_id = ${id.toString()})
        OR (subject_type = 'subscription' AND subject_id IN (SELECT s.id::text FROM subscription s WHERE s.subscriber_id = ${id})))
      ORDER BY at LIMIT ${ROWS_MAX}`,
  };
}

/** As JSON; whole numbers that JSON cannot hold exactly are none of a person's. */
export const asJson = (data: unknown): string =>
  JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value), 2);
