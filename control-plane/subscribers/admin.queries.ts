import type { Context } from '../platform/context';

/** One service of a person, with what was sold. */
export interface ServiceRow {
  id: bigint;
  username: string;
  state: string;
  status: string;
  plan: string;
  plan_id: bigint;
  kind: string;
  price_cents: bigint;
  currency: string;
  validity_count: number;
  validity_unit: string;
  down_kbps: bigint;
  up_kbps: bigint;
  on_quota: string;
  throttle_down_kbps: bigint | null;
  simultaneous_use: number;
  starts_at: Date | null;
  expires_at: Date | null;
  used_bytes: bigint;
  allowance_bytes: bigint | null;
  static_ip: string | null;
  mac_lock: string | null;
  mac_learn: boolean;
  auto_renew: boolean;
  contract_ends_at: Date | null;
  suspended_reason: string | null;
  next_plan: string | null;
  /** Validities that begin with the first session; there is no end until then. */
  unused_validities: number;
  /** outside_hours, time_used_up, fair_use. */
  reason: string | null;
  /** What a plan with rules gives at this moment, and until when; null without service. */
  service_rate: string | null;
  service_until: Date | null;
  cycle_ends_at: Date | null;
  online_s: bigint | null;
  online_used_s: bigint | null;
}

export function servicesOf({ tx }: Context, subscriberId: bigint): Promise<ServiceRow[]> {
  return tx.$queryRaw<ServiceRow[]>`
    SELECT s.id, s.username, s.state, s.status, p.name AS plan, p.id AS plan_id, p.kind, coalesce((SELECT n.price_cents FROM plan_version n WHERE n.id = s.next_plan_version_id), v.price_cents)
             - coalesce((SELECT d.off_cents FROM discount_due(s.id, coalesce(s.next_plan_version_id, s.plan_version_id)) d), 0) AS price_cents,
           v.currency, v.validity_count, v.validity_unit,
           v.down_kbps, v.up_kbps, v.on_quota, v.throttle_down_kbps, v.simultaneous_use, s.starts_at,
           CASE WHEN s.unused_validities = 0 THEN s.expires_at END AS expires_at, s.unused_validities, s.reason, s.service_rate, s.service_until,
           s.cycle_ends_at, s.online_s, s.online_used_s, s.used_bytes, s.allowance_bytes,
           host(s.static_ip) AS static_ip, s.mac_lock, (SELECT m.mac_learn FROM subscription m WHERE m.id = s.id) AS mac_learn,
           (SELECT m.auto_renew FROM subscription m WHERE m.id = s.id) AS auto_renew,
           (SELECT m.contract_ends_at FROM subscription m WHERE m.id = s.id) AS contract_ends_at, s.suspended_reason,
           (SELECT np.name FROM plan_version nv JOIN plan np ON np.id = nv.plan_id WHERE nv.id = s.next_plan_version_id) AS next_plan
    FROM subscription_now s JOIN plan_version v ON v.id = s.plan_version_id JOIN plan p ON p.id = v.plan_id
    WHERE s.subscriber_id = ${subscriberId} ORDER BY (s.status = 'ended'), s.id DESC LIMIT 20`;
}

export interface SessionRow {
  id: bigint;
  router: string | null;
  ip: string | null;
  mac: string | null;
  ipv6: string | null;
  started_at: Date;
  updated_at: Date;
  stopped_at: Date | null;
  terminate_cause: string | null;
  /** `garden`: whoever is online there reaches the pay page alone. */
  mode: 'full' | 'throttled' | 'garden' | null;
  bytes: bigint;
  down_bps: number | null;
  up_bps: number | null;
  interim_s: number | null;
}

/**
 * The newest sessions of a service begun before `before`, open ones first: all that are open and at least the `limit` newest that are over, from all the
 * months of the archive.
 */
export function sessionsOf(
  { tx }: Context,
  subscriptionId: bigint,
  page: { before?: Date | undefined; limit: number },
): Promise<SessionRow[]> {
  return tx.$queryRaw<SessionRow[]>`
    SELECT l.radacctid AS id, n.name AS router, host(l.framed_ip) AS ip, l.mac, coalesce(l.delegated_ipv6_prefix, l.framed_ipv6_prefix) AS ipv6, l.started_at, l.updated_at,
           l.stopped_at, l.terminate_cause, l.mode, l.input_bytes + l.output_bytes AS bytes, l.interim_s,
           CASE WHEN l.prev_updated_at IS NOT NULL AND l.session_time_s > l.prev_session_time_s
             THEN (greatest(0, l.output_bytes - l.prev_output_bytes) * 8.0 / (l.session_time_s - l.prev_session_time_s))::float8 END AS down_bps,
           CASE WHEN l.prev_updated_at IS NOT NULL AND l.session_time_s > l.prev_session_time_s
             THEN (greatest(0, l.input_bytes - l.prev_input_bytes) * 8.0 / (l.session_time_s - l.prev_session_time_s))::float8 END AS up_bps
    FROM session_newest(${subscriptionId}::bigint, ${page.before ?? null}::timestamptz, ${page.limit}::integer) l LEFT JOIN nas n ON n.id = l.nas_id
    ORDER BY (l.stopped_at IS NOT NULL), l.started_at DESC, l.radacctid DESC`;
}

/** Bytes by hour of the last day, for the curve; an hour without a row had no traffic. */
export function usageOf({ tx }: Context, subscriptionId: bigint): Promise<{ hour: Date; down: bigint; up: bigint }[]> {
  return tx.$queryRaw`
    SELECT h.hour, coalesce(sum(u.output_bytes), 0)::bigint AS down, coalesce(sum(u.input_bytes), 0)::bigint AS up
    FROM generate_series(date_trunc('hour', (SELECT lango_now())) - interval '23 hours', date_trunc('hour', (SELECT lango_now())), '1 hour') AS h(hour)
    LEFT JOIN usage_hour_all u ON u.subscription_id = ${subscriptionId} AND u.hour = h.hour GROUP BY h.hour ORDER BY h.hour`;
}

export interface PaymentRow {
  id: bigint;
  amount_cents: bigint;
  method: string;
  reference: string;
  state: string;
  received_at: Date;
}

export function paymentsOf({ tx }: Context, subscriberId: bigint, limit: number): Promise<PaymentRow[]> {
  return tx.$queryRaw<PaymentRow[]>`
    SELECT id, amount_cents, method, reference, state, received_at FROM payment WHERE subscriber_id = ${subscriberId} ORDER BY received_at DESC, id DESC LIMIT ${limit}`;
}
