import type { Row, RowDoer } from '../bulk';
import { keepSilent } from '../messages';
import type { Context } from '../platform/context';
import { createSubscribers, removeServiceless } from '../subscribers';
import { endMany, sellMany } from '../subscriptions';
import type { RowData } from './judge';
import { PASSWORD_PURPOSE } from './plan-import';

/** What undoing a row needs. */
export interface Made {
  /** The row made this customer, and did not only add to one. */
  customer: boolean;
  subscription_id: string | null;
}

/** What a row holds until it is done: its password stands sealed. */
export type HeldData = RowData & { line: number };

type Together = Required<RowDoer>;

/** The password of a row, as the router will send it. */
export const passwordOf = (ctx: Context, { password }: RowData): string =>
  password === null ? '' : ctx.secrets.open(PASSWORD_PURPOSE, ctx.tenantId, Buffer.from(password, 'base64'));

/** Makes the customers, with their services, of those rows that make a new one: nearly all of a file. A few statements for all of them. */
export const workTogether: Together['workTogether'] = async (ctx, _run, rows) => {
  await keepSilent(ctx);
  const plain = rows
    .map((row) => ({ seq: row.seq, data: row.data as unknown as HeldData }))
    .filter(({ data }) => data.customer_id === null && data.customer_row === null);
  const customers = await createSubscribers(
    ctx,
    plain.map(({ data: { name, phone, email } }) => ({ name, phone, email })),
  );
  if (!customers) throw new Error('A phone is none any more.');
  const made = plain.map(({ seq, data }, at) => ({ seq, data, customer: BigInt(customers[at]?.id ?? 0) }));
  const served = made.filter(({ data }) => data.username !== null);
  const services = await sellMany(
    ctx,
    served.map(({ data, customer }) => ({
      client_id: customer,
      package_id: BigInt(data.package_id ?? '0'),
      username: data.username ?? '',
      password: passwordOf(ctx, data),
      static_ip: data.static_ip,
      mac_lock: data.mac_lock,
      expires_at: data.expires_at === null ? null : new Date(data.expires_at),
    })),
  );
  if (!services) throw new Error('A name, an address or a plan is not to be had any more.');
  const serviceOf = new Map(served.map(({ seq }, at) => [seq, services[at]]));
  return new Map(
    made.map(({ seq, customer }) => {
      const service = serviceOf.get(seq);
      const before: Made = { customer: true, subscription_id: service?.toString() ?? null };
      return [
        seq,
        {
          outcome: 'done',
          before: { ...before },
          subscriber_id: customer,
          ...(service === undefined ? {} : { subscription_id: service }),
        },
      ];
    }),
  );
};

/** Takes back those rows that made a customer with at most this one service, used by nobody since. */
export const undoTogether: Together['undoTogether'] = async (ctx, _run, rows) => {
  const unused = await unusedOf(ctx, rows);
  const services = [...unused.values()].flatMap(({ subscription_id }) => subscription_id ?? []);
  const ended = await endMany(ctx, services);
  const undone = [...unused].filter(([, { subscription_id: id }]) => id === null || ended.has(id));
  await removeServiceless(
    ctx,
    undone.map(([, { subscriber_id }]) => subscriber_id),
  );
  return new Map(undone.map(([seq]) => [seq, { outcome: 'undone' }]));
};

/** What those rows made that nobody has paid for, used, or added to. */
async function unusedOf(
  ctx: Context,
  rows: Row[],
): Promise<Map<number, { subscriber_id: bigint; subscription_id: bigint | null }>> {
  const made = rows.flatMap(({ seq, subscriber_id, before }) => {
    const { customer, subscription_id } = (before ?? {}) as unknown as Partial<Made>;
    return customer && subscriber_id !== null
      ? [{ seq, subscriber_id: subscriber_id.toString(), subscription_id: subscription_id ?? null }]
      : [];
  });
  const unused = await ctx.tx.$queryRaw<{ seq: number; subscriber_id: bigint; subscription_id: bigint | null }[]>`
    SELECT m.* FROM jsonb_to_recordset(${JSON.stringify(made)}::jsonb) AS m (seq int, subscriber_id bigint, subscription_id bigint)
    WHERE NOT EXISTS (SELECT FROM payment p WHERE p.subscription_id = m.subscription_id OR p.subscriber_id = m.subscriber_id)
      AND NOT EXISTS (SELECT FROM session_live l WHERE l.subscription_id = m.subscription_id)
      AND NOT EXISTS (SELECT FROM session_closed c WHERE c.subscription_id = m.subscription_id)
      AND NOT EXISTS (SELECT FROM subscription s WHERE s.subscriber_id = m.subscriber_id AND s.status <> 'ended'
        AND s.id IS DISTINCT FROM m.subscription_id)`;
  return new Map(unused.map((row) => [row.seq, row]));
}
