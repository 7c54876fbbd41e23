import type { Context } from '../platform/context';
import { listSessions, type Session } from '../sessions';
import { findSubscription } from '../subscriptions';
import { findBatch, findVoucher } from './queries';
import type { Batch, Voucher } from './schema';

/** What happened to a code or its batch, oldest first. `who` is the person, reseller or device that did it. */
export interface CodeEvent {
  at: Date;
  what: 'made' | 'printed' | 'given' | 'sold' | 'sent' | 'begun' | 'redeemed' | 'void' | 'ended';
  who: string;
}

export interface CodeHistory {
  voucher: Voucher;
  batch: Batch;
  events: CodeEvent[];
  /** Devices that it was used with, newest first. */
  sessions: Session[];
  left?: {
    until: string | null;
    quota_bytes: number | null;
    used_bytes: number;
    online_s: number | null;
    online_used_s: number | null;
    client_id: string;
  };
}

/** Everything that is known of one code, typed in any way: made, printed, sold, used, with what and what is left. Undefined where there is none. */
export async function historyOf(ctx: Context, typed: string): Promise<CodeHistory | undefined> {
  const voucher = await findVoucher(ctx, typed);
  const batch = voucher && (await findBatch(ctx, BigInt(voucher.batch_id)));
  if (!voucher || !batch) return undefined;
  const events = [...(await auditOf(ctx, voucher)), ...(await salesOf(ctx, voucher))];
  if (voucher.subscription_id === null) return { voucher, batch, events: inOrder(events), sessions: [] };
  const id = BigInt(voucher.subscription_id);
  const sub = await findSubscription(ctx, id);
  const { items: sessions } = await listSessions(ctx, { subscription_id: id, state: 'all', limit: 20 });
  if (voucher.used_at !== null) {
    const first = sessions.at(-1);
    events.push({
      at: new Date(voucher.used_at),
      what: 'begun',
      who: [first?.mac, first?.router_name].filter(Boolean).join(', '),
    });
  }
  if (voucher.expires_at !== null && Date.parse(voucher.expires_at) <= ctx.now.getTime())
    events.push({ at: new Date(voucher.expires_at), what: 'ended', who: '' });
  const left = sub && {
    until: sub.expires_at,
    quota_bytes: sub.quota_bytes === null ? null : sub.quota_bytes + sub.topup_bytes,
    used_bytes: sub.used_bytes,
    online_s: sub.online_s,
    online_used_s: sub.online_used_s,
    client_id: sub.client_id,
  };
  return { voucher, batch, events: inOrder(events), sessions, ...(left ? { left } : {}) };
}

const inOrder = (events: CodeEvent[]): CodeEvent[] => events.sort((a, b) => a.at.getTime() - b.at.getTime());

const OF_ACTION: Record<string, CodeEvent['what']> = {
  'vouchers.create-batch': 'made',
  'vouchers.print': 'printed',
  'vouchers.void-batch': 'void',
  'vouchers.send': 'sent',
  'vouchers.redeem': 'redeemed',
};

/** A part of a batch was made with the whole, and printed with it until it was taken out. */
async function auditOf(ctx: Context, voucher: Voucher): Promise<CodeEvent[]> {
  const rows = await ctx.tx.$queryRaw<{ at: Date; action: string; actor_name: string }[]>`
    SELECT a.at, a.action, a.actor_name FROM voucher_batch b
    JOIN audit_event a ON a.tenant_id = b.tenant_id
     AND (a.subject_type = 'voucher_batch' AND a.subject_id = ANY (ARRAY[b.id::text, b.split_from::text]) OR a.subject_type = 'voucher' AND a.subject_id = ${voucher.code}
          OR a.subject_type = 'subscription' AND a.subject_id = ${voucher.subscription_id ?? ''} AND a.action = 'vouchers.redeem')
    WHERE b.id = ${BigInt(voucher.batch_id)} AND a.action = ANY (${Object.keys(OF_ACTION)}::text[]) ORDER BY a.at LIMIT 200`;
  return rows
    .filter(
      ({ action, at }) => action !== 'vouchers.print' || voucher.used_at === null || at.toISOString() < voucher.used_at,
    )
    .map(({ at, action, actor_name }) => ({ at, what: OF_ACTION[action]!, who: actor_name }));
}

async function salesOf(ctx: Context, voucher: Voucher): Promise<CodeEvent[]> {
  const [row] = await ctx.tx.$queryRaw<{ assigned_at: Date | null; sold_at: Date | null; name: string | null }[]>`
    SELECT b.assigned_at, u.sold_at, r.name FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id LEFT JOIN reseller r ON r.id = b.reseller_id
    WHERE u.tenant_id = ${ctx.tenantId} AND u.code = ${voucher.code}`;
  const who = row?.name ?? '';
  return [
    ...(row?.assigned_at ? [{ at: row.assigned_at, what: 'given' as const, who }] : []),
    ...(row?.sold_at ? [{ at: row.sold_at, what: 'sold' as const, who }] : []),
  ];
}
