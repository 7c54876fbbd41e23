import type { Row, RowDoer, RowOutcome, UndoOutcome } from '../bulk';
import { keepSilent } from '../messages';
import type { Context } from '../platform/context';
import { createSubscriber, removeSubscriber } from '../subscribers';
import { beginUntil, createSubscription, endSubscription, type NewSubscription } from '../subscriptions';
import { passwordOf, undoTogether, workTogether, type HeldData, type Made } from './do-rows';
import type { RowData } from './judge';

/** Makes one customer and service of a row, by the same commands as a click; and takes them back while nobody has used them. */
export const importDoer: RowDoer = {
  // Of a row that was done it stands in radcheck from then on, of one that was refused nowhere.
  forget: ['password'],

  async work(ctx, _run, row): Promise<RowOutcome> {
    await keepSilent(ctx);
    const data = row.data as unknown as HeldData;
    const customer = await customerOf(ctx, row, data);
    if (typeof customer === 'string') return { outcome: 'refused', note: customer };
    const service = data.username === null ? undefined : await makeService(ctx, customer.id, data);
    if (typeof service === 'string') return { outcome: 'refused', note: service };
    const made: Made = { customer: customer.made, subscription_id: service?.toString() ?? null };
    return {
      outcome: 'done',
      before: { ...made },
      subscriber_id: customer.id,
      ...(service === undefined ? {} : { subscription_id: service }),
    };
  },

  async undo(ctx, _run, row): Promise<UndoOutcome> {
    const made = row.before as unknown as Made | null;
    if (!made || row.subscriber_id === null) return { outcome: 'kept', note: 'not_undoable' };
    if (await isUsed(ctx, row, made)) return { outcome: 'kept', note: 'used_since' };
    if (made.subscription_id !== null) await endSubscription(ctx, BigInt(made.subscription_id));
    // A customer whom other services have joined stays; the row that joined last takes nobody's away.
    if (made.customer && !(await hasService(ctx, row.subscriber_id))) await removeSubscriber(ctx, row.subscriber_id);
    return { outcome: 'undone' };
  },

  workTogether,
  undoTogether,
};

async function customerOf(ctx: Context, row: Row, data: RowData): Promise<{ id: bigint; made: boolean } | string> {
  const id = data.customer_row === null ? data.customer_id : await madeBy(ctx, row, data.customer_row);
  if (id !== null) {
    const found = await ctx.tx.subscriber.findFirst({ where: { id: BigInt(id), deleted_at: null } });
    return found ? { id: found.id, made: false } : 'not_found';
  }
  const outcome = await createSubscriber(ctx, { name: data.name, phone: data.phone, email: data.email });
  return outcome.kind === 'done' ? { id: BigInt(outcome.subscriber.id), made: true } : 'invalid';
}

/** The customer whom an earlier row made; null where that row was refused, and this one makes them. */
async function madeBy(ctx: Context, row: Row, seq: number): Promise<string | null> {
  const [earlier] = await ctx.tx.$queryRaw<{ id: bigint | null }[]>`
    SELECT subscriber_id AS id FROM bulk_row WHERE run_id = ${row.run_id} AND seq = ${seq} AND outcome = 'done'`;
  return earlier?.id?.toString() ?? null;
}

async function makeService(ctx: Context, client_id: bigint, data: RowData): Promise<bigint | string> {
  const wanted: NewSubscription = {
    client_id,
    package_id: BigInt(data.package_id ?? '0'),
    username: data.username ?? '',
    password: passwordOf(ctx, data),
    static_ip: data.static_ip,
    mac_lock: data.mac_lock,
  };
  const outcome = await createSubscription(ctx, wanted);
  if (outcome.kind !== 'done') return outcome.kind === 'refused' ? outcome.code : outcome.kind;
  if (data.expires_at === null) return outcome.id;
  const begun = await beginUntil(ctx, outcome.id, new Date(data.expires_at));
  return begun.kind === 'done' ? outcome.id : 'invalid';
}

async function isUsed(ctx: Context, row: Row, made: Made): Promise<boolean> {
  const service = made.subscription_id === null ? null : BigInt(made.subscription_id);
  const rows = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 WHERE EXISTS (SELECT 1 FROM payment WHERE subscription_id = ${service}::bigint)
      OR EXISTS (SELECT 1 FROM session_live WHERE subscription_id = ${service}::bigint)
      OR EXISTS (SELECT 1 FROM session_closed WHERE subscription_id = ${service}::bigint)
      OR (${made.customer} AND EXISTS (SELECT 1 FROM payment WHERE subscriber_id = ${row.subscriber_id}::bigint))`;
  return rows.length > 0;
}

async function hasService(ctx: Context, subscriberId: bigint): Promise<boolean> {
  const rows = await ctx.tx.subscription.findFirst({
    where: { subscriber_id: subscriberId, status: { not: 'ended' } },
  });
  return rows !== null;
}
