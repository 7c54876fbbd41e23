import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { bytes, pageOf, type Page } from '../platform/http/input';
import type { Subscription } from './schema';
import type { SubscriptionState } from './states';

interface Row {
  id: bigint;
  subscriber_id: bigint;
  client_name: string;
  plan_id: bigint;
  package_name: string;
  package_version: number;
  next_plan_id: bigint | null;
  next_package_name: string | null;
  price_cents: bigint;
  currency: string;
  state: string;
  username: string;
  starts_at: Date | null;
  expires_at: Date | null;
  valid_until: Date | null;
  allowance_bytes: bigint | null;
  topup_bytes: bigint;
  used_bytes: bigint;
  on_quota: string;
  static_ip: string | null;
  mac_lock: string | null;
  routes: string[];
  framed_ipv6_prefix: string | null;
  delegated_ipv6_prefix: string | null;
  access_state: string;
  reason: string | null;
  rate: string;
  service_until: Date | null;
  unused_validities: number;
  cycle_ends_at: Date | null;
  online_s: bigint | null;
  online_used_s: bigint | null;
  mac_learn: boolean;
  suspended_reason: string | null;
  paused_at: Date | null;
  auto_renew: boolean;
  contract_ends_at: Date | null;
  contract_fee_cents: bigint | null;
  online_sessions: bigint;
  created_at: Date;
  updated_at: Date;
  version: number;
}

export interface SubscriptionFilter {
  id?: bigint | undefined;
  client_id?: bigint | undefined;
  package_id?: bigint | undefined;
  state?: SubscriptionState | undefined;
  /** Exact username. */
  username?: string | undefined;
  /** Part of a username, or of the name or phone of its client. */
  q?: string | undefined;
  limit: number;
  before?: bigint | undefined;
}

const like = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

function conditions(filter: SubscriptionFilter): Prisma.Sql {
  const all: Prisma.Sql[] = [Prisma.sql`true`];
  if (filter.id !== undefined) all.push(Prisma.sql`s.id = ${filter.id}`);
  if (filter.client_id !== undefined) all.push(Prisma.sql`s.subscriber_id = ${filter.client_id}`);
  if (filter.package_id !== undefined) all.push(Prisma.sql`s.plan_id = ${filter.package_id}`);
  if (filter.state !== undefined) all.push(Prisma.sql`s.state = ${filter.state}`);
  if (filter.username !== undefined) all.push(Prisma.sql`s.username = ${filter.username}`);
  if (filter.before !== undefined) all.push(Prisma.sql`s.id < ${filter.before}`);
  if (filter.q) {
    const part = like(filter.q);
    all.push(Prisma.sql`(s.username ILIKE ${part} OR c.name ILIKE ${part} OR c.phone LIKE ${part})`);
  }
  return Prisma.join(all, ' AND ');
}

/** One statement for the list and the single subscription, whatever the number of rows. */
async function select(ctx: Context, filter: SubscriptionFilter): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT s.id, s.subscriber_id, c.name AS client_name, s.plan_id, p.name AS package_name, v.version AS package_version,
           n.plan_id AS next_plan_id, np.name AS next_package_name, coalesce(n.price_cents, v.price_cents) - coalesce((SELECT d.off_cents FROM discount_due(s.id, coalesce(n.id, v.id)) d), 0) AS price_cents,
           coalesce(n.currency, v.currency) AS currency, s.state, s.username, s.starts_at, s.expires_at, s.valid_until, s.allowance_bytes,
           s.topup_bytes, s.used_bytes, s.on_quota, host(s.static_ip) AS static_ip, s.mac_lock, m.mac_learn, m.auto_renew, m.contract_ends_at, m.contract_fee_cents, s.suspended_reason, s.paused_at,
           s.routes, s.framed_ipv6_prefix::text AS framed_ipv6_prefix, s.delegated_ipv6_prefix::text AS delegated_ipv6_prefix, s.access_state, s.reason,
           coalesce(s.service_rate, CASE WHEN s.state = 'throttled' THEN radius_rate_limit(v.throttle_up_kbps, v.throttle_down_kbps)
             ELSE radius_rate_limit(v.up_kbps, v.down_kbps) END) AS rate,
           s.service_until, s.unused_validities, s.cycle_ends_at, s.online_s, s.online_used_s,
           (SELECT count(*) FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL) AS online_sessions,
           s.created_at, s.updated_at, s.version
    FROM subscription_now s
    JOIN subscription m ON m.id = s.id
    JOIN subscriber c ON c.id = s.subscriber_id
    JOIN plan_version v ON v.id = s.plan_version_id
    JOIN plan p ON p.id = v.plan_id
    LEFT JOIN plan_version n ON n.id = s.next_plan_version_id
    LEFT JOIN plan np ON np.id = n.plan_id
    WHERE s.tenant_id = ${ctx.tenantId} AND ${conditions(filter)}
    ORDER BY s.id DESC LIMIT ${filter.limit}`;
}

/** Subscriptions, newest first, with the state each is in at this moment. */
export async function listSubscriptions(ctx: Context, filter: SubscriptionFilter): Promise<Page<Subscription>> {
  const rows = await select(ctx, { ...filter, limit: filter.limit + 1 });
  return pageOf(rows, filter.limit, (row) => row.id, toSubscription);
}

export async function findSubscription(ctx: Context, id: bigint): Promise<Subscription | undefined> {
  const [row] = await select(ctx, { id, limit: 1 });
  return row ? toSubscription(row) : undefined;
}

/** price_cents is what the next renewal costs, with the discount that it gets as things stand; quota_bytes counts top-ups, so that what is left is quota_bytes − used_bytes. */
function toSubscription(row: Row): Subscription {
  return {
    id: row.id.toString(),
    client_id: row.subscriber_id.toString(),
    client_name: row.client_name,
    package_id: row.plan_id.toString(),
    package_name: row.package_name,
    package_version: row.package_version,
    next_package_id: row.next_plan_id?.toString() ?? null,
    next_package_name: row.next_package_name,
    price_cents: Number(row.price_cents),
    currency: row.currency,
    state: row.state as SubscriptionState,
    username: row.username,
    starts_at: iso(row.starts_at),
    // What waits for its first session has no end yet.
    expires_at: row.unused_validities > 0 ? null : iso(row.expires_at),
    valid_until: row.unused_validities > 0 ? null : iso(row.valid_until),
    quota_bytes: row.allowance_bytes === null ? null : bytes(row.allowance_bytes),
    topup_bytes: bytes(row.topup_bytes),
    used_bytes: bytes(row.used_bytes),
    on_quota: row.on_quota as Subscription['on_quota'],
    static_ip: row.static_ip,
    mac_lock: row.mac_lock,
    routes: row.routes,
    framed_ipv6_prefix: row.framed_ipv6_prefix,
    delegated_ipv6_prefix: row.delegated_ipv6_prefix,
    service: serviceOf(row),
    reason: row.reason,
    unused_validities: row.unused_validities,
    cycle_ends_at: iso(row.cycle_ends_at),
    online_s: row.online_s === null ? null : Number(row.online_s),
    online_used_s: row.online_used_s === null ? null : Number(row.online_used_s),
    mac_learn: row.mac_learn,
    suspended_reason: row.suspended_reason,
    paused_at: iso(row.paused_at),
    auto_renew: row.auto_renew,
    contract: row.contract_ends_at && {
      ends_at: row.contract_ends_at.toISOString(),
      early_fee_cents: Number(row.contract_fee_cents ?? 0n),
    },
    online_sessions: Number(row.online_sessions),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    version: row.version,
  };
}

/** Speed and end of the service that a login would get now; the rate is 'up k/down k' with bursts behind it. */
function serviceOf(row: Row): Subscription['service'] {
  if (!['active', 'grace', 'throttled'].includes(row.access_state)) return null;
  const [, up = '0', down = '0'] = /^(\d+)k\/(\d+)k/.exec(row.rate) ?? [];
  return { down_kbps: Number(down), up_kbps: Number(up), until: iso(row.service_until) };
}

function iso(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
