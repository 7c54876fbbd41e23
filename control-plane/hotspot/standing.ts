import type { Context } from '../platform/context';
import type { Pass } from './passes';

/** Everything that the page of a pass is drawn from. */
export interface Standing {
  plan: string;
  price_cents: bigint;
  currency: string;
  simultaneous_use: number;
  state: string;
  valid_until: Date | null;
  allowance_bytes: bigint | null;
  used_bytes: bigint;
  entitled: boolean;
  /** In E.164; of the customer, null for guests without a name. */
  phone: string | null;
  wallet_cents: bigint;
  /** The payment that was asked for last. */
  pay_state: string | null;
  pay_code: string | null;
  pay_text: string | null;
  pay_cents: bigint | null;
  pay_phone: string | null;
  pay_method: string | null;
  pay_url: string | null;
  pay_ref: string | null;
  pay_outcome: string | null;
  /** Seconds since it was asked for, and since the phone rings. */
  asked_s: number | null;
  rings_s: number | null;
  /** The device may be used with the service. */
  bound: boolean;
  online_since: Date | null;
  online_bytes: bigint | null;
  /** How letting it in by the router stands; null where nobody asked. */
  login_state: string | null;
  router_fault: string | null;
  /** A paybill or till to pay to by hand. */
  shortcode: string | null;
  account_type: string | null;
}

/** How a pass stands, in one question. */
export async function standingOf(ctx: Context, pass: Pass): Promise<Standing> {
  const [row] = await ctx.tx.$queryRaw<Standing[]>`
    SELECT pl.name AS plan, v.price_cents, v.currency::text, v.simultaneous_use, s.access_state AS state, coalesce(s.service_until, s.valid_until) AS valid_until,
      s.allowance_bytes, s.used_bytes, subscription_is_entitled(s.access_state) AS entitled,
      CASE WHEN NOT c.is_guests THEN c.phone END AS phone,
      coalesce((SELECT a.balance_cents FROM ledger_account a WHERE a.subscriber_id = c.id AND a.code = 'wallet:' || c.id AND a.currency = v.currency), 0) AS wallet_cents,
      m.state AS pay_state, m.code AS pay_code, m.code_text AS pay_text, m.amount_cents AS pay_cents, m.phone AS pay_phone, m.method AS pay_method, m.provider_url AS pay_url,
      m.account_ref AS pay_ref, m.outcome AS pay_outcome, extract(epoch FROM lango_now() - m.created_at)::float8 AS asked_s, extract(epoch FROM lango_now() - m.pushed_at)::float8 AS rings_s,
      ${pass.mac}::text IS NULL AND ${pass.admitted_at}::timestamptz IS NOT NULL OR d.id IS NOT NULL AS bound,
      l.started_at AS online_since, l.input_bytes + l.output_bytes AS online_bytes, e.state AS login_state, st.api_fault AS router_fault,
      k.settings ->> 'shortcode' AS shortcode, k.settings ->> 'type' AS account_type
    FROM subscription_now s
    JOIN plan_version v ON v.id = s.plan_version_id JOIN plan pl ON pl.id = v.plan_id JOIN subscriber c ON c.id = s.subscriber_id
    LEFT JOIN LATERAL (SELECT m.* FROM hotspot_order o JOIN payment m ON m.id = o.payment_id WHERE o.pass_id = ${pass.id} ORDER BY m.id DESC LIMIT 1) m ON true
    LEFT JOIN hotspot_device d ON d.subscription_id = s.id AND d.mac = ${pass.mac}
    LEFT JOIN LATERAL (SELECT * FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL AND l.mac = ${pass.mac} ORDER BY l.radacctid DESC LIMIT 1) l ON true
    LEFT JOIN LATERAL (SELECT e.state FROM enforcement e WHERE e.subscription_id = s.id AND e.kind = 'login' AND e.params->>'mac' = ${pass.mac} ORDER BY e.id DESC LIMIT 1) e ON true
    LEFT JOIN nas_status st ON st.nas_id = ${pass.nas_id}::bigint
    LEFT JOIN payment_provider k ON k.tenant_id = s.tenant_id AND k.provider = m.method
    WHERE s.id = ${pass.subscription_id}`;
  if (!row) throw new Error(`The service of pass ${pass.id} is not there.`);
  return row;
}

/**
 * Where somebody is on the way from a tap to being online. `waiting`: the phone rings; `page`: they pay on the provider's page; `asking`: nobody can say yet; `short`: paid too little;
 * `held`: paid, and staff's decision stands against it; `near`: paid, and being let in; `slow`: paid, and the router did not let them in by itself; `elsewhere`: used by another device now.
 */
export type Phase =
  | 'sending'
  | 'waiting'
  | 'page'
  | 'asking'
  | 'failed'
  | 'short'
  | 'held'
  | 'near'
  | 'slow'
  | 'online'
  | 'elsewhere'
  | 'ended';

/** Seconds that a prompt stays on a phone. */
export const RINGS_S = 60;

export function phaseOf(s: Standing, pass: Pick<Pass, 'mac' | 'admitted_at' | 'proof'>): Phase {
  const open = s.pay_state === 'created' || s.pay_state === 'prompted' || s.pay_state === 'unknown';
  // Of a pass that is waiting for its first payment the service may run for somebody else: that is none of its business.
  if (s.entitled && (pass.admitted_at !== null || pass.proof !== 'payment')) {
    if (s.online_since !== null) return open ? payPhase(s) : 'online';
    if (open && s.asked_s !== null && s.asked_s < 90) return payPhase(s);
    if (pass.mac === null) return 'slow';
    if (!s.bound) return 'elsewhere';
    return s.login_state === 'open' || (s.login_state === 'proven' && s.router_fault === null) ? 'near' : 'slow';
  }
  if (s.pay_state === null) return s.state === 'suspended' || s.state === 'paused' ? 'held' : 'ended';
  if (s.pay_state !== 'settled' && s.pay_state !== 'refunded') return payPhase(s);
  if (s.pay_outcome === 'wallet_short') return 'short';
  return s.pay_outcome !== null && s.pay_outcome.startsWith('wallet_') ? 'held' : 'ended';
}

function payPhase(s: Standing): Phase {
  switch (s.pay_state) {
    case 'failed':
      return 'failed';
    case 'created':
      return 'sending';
    case 'prompted':
      if (s.pay_url !== null) return 'page';
      return (s.rings_s ?? 0) < RINGS_S ? 'waiting' : 'asking';
    case null:
    default:
      return 'asking';
  }
}

/** Phases in which something happens by itself, so that the page looks again. */
export const moving: readonly Phase[] = ['sending', 'waiting', 'page', 'asking', 'near', 'slow', 'online'];
