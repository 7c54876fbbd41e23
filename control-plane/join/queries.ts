import { createHash } from 'node:crypto';
import { canSend, type Channel } from '../messages';
import { findPackage, type Package } from '../plans';
import type { Context } from '../platform/context';
import { pageOf, type Page } from '../platform/http/input';
import type { JoinRequest } from './schema';

export const hashTicket = (ticket: string): Buffer => createHash('sha256').update(ticket).digest();

export interface JoinSetting {
  is_open: boolean;
  needs_approval: boolean;
  /** Ids of the plans that people may choose by themselves. */
  plans: string[];
}

/** What the company offers to those who come by themselves. */
export async function findSetting(ctx: Context): Promise<JoinSetting> {
  const [row] = await ctx.tx.$queryRaw<{ is_open: boolean; needs_approval: boolean }[]>`
    SELECT is_open, needs_approval FROM join_setting WHERE tenant_id = ${ctx.tenantId}`;
  const plans = await ctx.tx.$queryRaw<{ plan_id: bigint }[]>`SELECT plan_id FROM join_plan ORDER BY plan_id`;
  return {
    is_open: row?.is_open ?? false,
    needs_approval: row?.needs_approval ?? false,
    plans: plans.map(({ plan_id }) => plan_id.toString()),
  };
}

/** The plans that people may choose, the cheapest first; those that are not on sale any more are left out. */
export async function openPlans(ctx: Context): Promise<Package[]> {
  const { plans } = await findSetting(ctx);
  const found = [];
  for (const id of plans) found.push(await findPackage(ctx, BigInt(id)));
  return found.filter((plan) => plan !== undefined).sort((a, b) => a.price_cents - b.price_cents);
}

/** Ways on which the company can send a code, the usual first. */
export async function codeChannels(ctx: Context): Promise<Channel[]> {
  const ways: Channel[] = [];
  for (const channel of ['sms', 'email'] as const) if (await canSend(ctx, channel)) ways.push(channel);
  return ways;
}

/** The request of whoever holds this ticket. */
export async function findByTicket(ctx: Context, ticket: string): Promise<JoinRequest | undefined> {
  const rows = await ctx.tx.$queryRaw<JoinRequest[]>`
    SELECT id, name, phone, email, channel, recipient, plan_id, locale, state, reason, sends, created_at, subscriber_id, subscription_id
    FROM join_request WHERE ticket_hash = ${hashTicket(ticket)}`;
  return rows[0];
}

/** A request that was confirmed, locked until the transaction ends. */
export async function lockRequest(ctx: Context, id: bigint): Promise<JoinRequest | undefined> {
  const rows = await ctx.tx.$queryRaw<JoinRequest[]>`
    SELECT id, name, phone, email, channel, recipient, plan_id, locale, state, reason, sends, created_at, subscriber_id, subscription_id
    FROM join_request WHERE id = ${id} AND state <> 'unconfirmed' FOR NO KEY UPDATE`;
  return rows[0];
}

export type ListedRequest = JoinRequest & { plan: string };

/** Confirmed requests: those that wait first shown alone with `open`, else all, the newest first. */
export async function listRequests(
  ctx: Context,
  filter: { open: boolean; limit: number; before: bigint | undefined },
): Promise<Page<ListedRequest>> {
  const rows = await ctx.tx.$queryRaw<ListedRequest[]>`
    SELECT r.id, r.name, r.phone, r.email, r.channel, r.recipient, r.plan_id, r.locale, r.state, r.reason, r.sends, r.created_at, r.subscriber_id,
      r.subscription_id, p.name AS plan
    FROM join_request r JOIN plan p ON p.id = r.plan_id
    WHERE r.state <> 'unconfirmed' AND (NOT ${filter.open} OR r.state IN ('waiting', 'known')) AND (${filter.before ?? null}::bigint IS NULL OR r.id < ${filter.before ?? null}::bigint)
    ORDER BY r.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.id);
}
