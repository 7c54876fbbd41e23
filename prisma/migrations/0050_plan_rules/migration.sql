-- What a plan can say beyond a speed, a cap and a validity. docs/reference/plans.md tells what each means; prisma/functions/access-rules.sql works them.
ALTER TABLE plan_version
  -- [{"at_bytes", "down_kbps", "up_kbps"}], ascending: slower steps before the cap.
  ADD COLUMN fair_use jsonb CHECK (jsonb_typeof(fair_use) = 'array' AND jsonb_array_length(fair_use) BETWEEN 1 AND 8),
  ADD COLUMN quota_cycle text CHECK (quota_cycle IN ('day', 'week', 'month')),
  -- [{"days": [1 Monday .. 7], "from": "HH:MM", "to": "HH:MM", "blocked", "down_kbps", "up_kbps", "counts_percent"}], the first that fits holds.
  ADD COLUMN time_rules jsonb CHECK (jsonb_typeof(time_rules) = 'array' AND jsonb_array_length(time_rules) BETWEEN 1 AND 16),
  ADD COLUMN online_s bigint CHECK (online_s BETWEEN 1 AND 315360000),
  ADD COLUMN starts_on text NOT NULL DEFAULT 'activation' CHECK (starts_on IN ('activation', 'first_use')),
  ADD COLUMN ipv6_pool text,
  ADD COLUMN delegated_ipv6_pool text,
  ADD COLUMN vlan_id integer CHECK (vlan_id BETWEEN 1 AND 4094),
  -- The above as the network's functions read it; written by a trigger, NULL for a plan that needs none of it.
  ADD COLUMN rules jsonb;

ALTER TABLE subscription
  -- Validities bought that begin with the first session; expires_at is the end of time while it is above 0.
  ADD COLUMN unused_validities integer NOT NULL DEFAULT 0 CHECK (unused_validities >= 0),
  -- End of the running period of a cap that comes back. From then on nothing counts as used, also before anybody has turned the cycle.
  ADD COLUMN cycle_ends_at timestamptz,
  -- Alarms of the enforcer; NULL while nothing is to be done.
  ADD COLUMN cycle_due_at timestamptz,
  ADD COLUMN online_due_at timestamptz,
  -- Kept by a trigger for accounting, which must not read the plan with every packet: used bytes below this are of no interest, and whether the hour matters.
  ADD COLUMN watch_bytes bigint,
  ADD COLUMN counts_by_time boolean NOT NULL DEFAULT false,
  -- For the customer's router: 'net/len gateway metric' (RFC 2865 section 5.22), prefixes of RFC 3162 and RFC 4818.
  ADD COLUMN routes text[] NOT NULL DEFAULT '{}' CHECK (cardinality(routes) <= 16),
  ADD COLUMN framed_ipv6_prefix cidr CHECK (family(framed_ipv6_prefix) = 6),
  ADD COLUMN delegated_ipv6_prefix cidr CHECK (family(delegated_ipv6_prefix) = 6);
CREATE INDEX subscription_cycle_due ON subscription (cycle_due_at) WHERE cycle_due_at IS NOT NULL;
CREATE INDEX subscription_online_due ON subscription (online_due_at) WHERE online_due_at IS NOT NULL;
CREATE INDEX subscription_of_version ON subscription (plan_version_id, id);
CREATE UNIQUE INDEX subscription_framed_ipv6 ON subscription (tenant_id, framed_ipv6_prefix) WHERE framed_ipv6_prefix IS NOT NULL AND status <> 'ended';
CREATE UNIQUE INDEX subscription_delegated_ipv6 ON subscription (tenant_id, delegated_ipv6_prefix) WHERE delegated_ipv6_prefix IS NOT NULL AND status <> 'ended';
UPDATE subscription SET watch_bytes = quota_bytes + topup_bytes WHERE quota_bytes IS NOT NULL;

-- Bytes that passed in hours that count less than whole: input + output − free is what is held against the cap.
ALTER TABLE usage_cycle ADD COLUMN free_bytes bigint NOT NULL DEFAULT 0;

-- The rate that an acknowledged CoA gave; before one, the rate stands in Class. Only for plans with rules.
ALTER TABLE session_live ADD COLUMN told_rate text;
ALTER TABLE session_closed ADD COLUMN told_rate text;
GRANT UPDATE (told_rate) ON session_live TO lango_enforcer;

-- Whether aaa_authorize must ask subscription_now, because more than this row decides.
ALTER TABLE access_card ADD COLUMN has_rules boolean NOT NULL DEFAULT false;

-- When the hours of a plan version next change, and how far its subscriptions have been told of it.
CREATE TABLE plan_alarm (
  plan_version_id bigint PRIMARY KEY REFERENCES plan_version ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  due_at timestamptz NOT NULL,
  told_to_id bigint NOT NULL DEFAULT 0
);
CREATE INDEX ON plan_alarm (due_at);
SELECT platform_protect_table('plan_alarm');

-- Written out in prisma/functions/access-rules.sql; here so that the view can name it.
CREATE FUNCTION subscription_rules_now(
  p_rules jsonb, p_tenant_id bigint, p_subscription_id bigint, p_status text, p_expires_at timestamptz, p_grace_s integer, p_quota_bytes bigint,
  p_topup_bytes bigint, p_on_quota text, p_unused_validities integer, p_cycle_ends_at timestamptz, p_counted_bytes bigint, p_seconds bigint, p_at timestamptz
) RETURNS TABLE (state text, reason text, rate text, topup_bytes bigint, used_bytes bigint, online_used_s bigint, until timestamptz) LANGUAGE sql STABLE AS
$$ SELECT NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::timestamptz $$;
GRANT EXECUTE ON FUNCTION subscription_rules_now TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- state is what a subscription is. access_state is what the network goes by: the same, but outside_hours in hours that the plan bars. service_rate is the
-- Mikrotik-Rate-Limit that holds now and service_until the moment at which time alone ends this service; of plans without rules the rate is NULL.
DROP VIEW subscription_now;
CREATE VIEW subscription_now WITH (security_invoker = true) AS
SELECT s.*,
       v.plan_id, v.grace_s, v.on_quota,
       s.quota_bytes + coalesce(r.topup_bytes, s.topup_bytes) AS allowance_bytes,
       coalesce(r.used_bytes, u.input_bytes + u.output_bytes - u.free_bytes, 0) AS used_bytes,
       s.expires_at + make_interval(secs => v.grace_s) AS valid_until,
       coalesce(r.state, subscription_state(s.status, s.expires_at, v.grace_s, s.quota_bytes + s.topup_bytes,
                                            coalesce(u.input_bytes + u.output_bytes - u.free_bytes, 0), v.on_quota, lango_now())) AS state,
       v.rules,
       r.reason,
       CASE WHEN r.reason = 'outside_hours' THEN r.reason
            ELSE coalesce(r.state, subscription_state(s.status, s.expires_at, v.grace_s, s.quota_bytes + s.topup_bytes,
                                                      coalesce(u.input_bytes + u.output_bytes - u.free_bytes, 0), v.on_quota, lango_now())) END AS access_state,
       r.rate AS service_rate,
       coalesce(r.until, s.expires_at + make_interval(secs => v.grace_s)) AS service_until,
       v.online_s,
       r.online_used_s
FROM subscription s
JOIN plan_version v ON v.id = s.plan_version_id
LEFT JOIN usage_cycle u ON u.subscription_id = s.id AND u.cycle_no = s.cycle_no
LEFT JOIN LATERAL (
  SELECT n.* FROM subscription_rules_now(v.rules, s.tenant_id, s.id, s.status, s.expires_at, v.grace_s, s.quota_bytes, s.topup_bytes, v.on_quota,
    s.unused_validities, s.cycle_ends_at, coalesce(u.input_bytes + u.output_bytes - u.free_bytes, 0), coalesce(u.seconds, 0), lango_now()) n
  WHERE v.rules IS NOT NULL) r ON true;
GRANT SELECT ON subscription_now TO lango_web, lango_jobs, lango_accounting, lango_enforcer;
