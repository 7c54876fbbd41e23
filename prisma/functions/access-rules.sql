-- What a plan says beyond speed, cap and validity: fair-use steps, caps that come back, hours, time online, validity from first use. One definition of what a
-- subscription may do at a moment (plan_judge), asked by logins, pages and the enforcer through subscription_now. docs/reference/plans.md says it in words.

-- The hours of a week as segments [{"m": minute since Monday 00:00, "rule": {"blocked", "rate", "percent"} or null}], ascending from 0. Where rules overlap the first holds.
CREATE OR REPLACE FUNCTION plan_week(p_time_rules jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  WITH rule AS (
    SELECT n, jsonb_build_object('blocked', coalesce((r->>'blocked')::boolean, false), 'percent', coalesce((r->>'counts_percent')::integer, 100),
                                 'rate', radius_rate_limit((r->>'up_kbps')::bigint, (r->>'down_kbps')::bigint)) AS body,
           (day::integer - 1) * 1440 + t.from_m AS begins, (day::integer - 1) * 1440 + t.to_m + CASE WHEN t.to_m <= t.from_m THEN 1440 ELSE 0 END AS ends
    FROM jsonb_array_elements(p_time_rules) WITH ORDINALITY AS x (r, n), jsonb_array_elements_text(r->'days') AS day,
      LATERAL (SELECT split_part(r->>'from', ':', 1)::integer * 60 + split_part(r->>'from', ':', 2)::integer AS from_m,
                      split_part(r->>'to', ':', 1)::integer * 60 + split_part(r->>'to', ':', 2)::integer AS to_m) t
  ), hours AS (
    SELECT n, body, begins, least(ends, 10080) AS ends FROM rule
    UNION ALL SELECT n, body, 0, ends - 10080 FROM rule WHERE ends > 10080
  ), edge AS (
    SELECT 0 AS m UNION SELECT begins FROM hours UNION SELECT ends FROM hours WHERE ends < 10080
  ), segment AS (
    SELECT m, (SELECT body FROM hours WHERE begins <= m AND m < ends ORDER BY n LIMIT 1) AS body FROM edge
  ), changed AS (
    SELECT m, body, m = 0 OR body IS DISTINCT FROM lag(body) OVER (ORDER BY m) AS differs FROM segment
  )
  SELECT jsonb_agg(jsonb_build_object('m', m, 'rule', body) ORDER BY m) FROM changed WHERE differs
$$;

-- The rule of a moment by the company's clocks, and when it next changes.
CREATE OR REPLACE FUNCTION plan_week_at(p_week jsonb, p_timezone text, p_at timestamptz, OUT o_rule jsonb, OUT o_next_at timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_monday timestamp := date_trunc('week', p_at AT TIME ZONE p_timezone);
  v_minute integer := floor(extract(epoch FROM p_at AT TIME ZONE p_timezone - v_monday) / 60);
  v_last integer := jsonb_array_length(p_week) - 1;
  v_n integer := 0;
BEGIN
  WHILE v_n < v_last AND (p_week->(v_n + 1)->>'m')::integer <= v_minute LOOP
    v_n := v_n + 1;
  END LOOP;
  o_rule := nullif(p_week->v_n->'rule', 'null');
  o_next_at := (v_monday + CASE WHEN v_n < v_last THEN make_interval(mins => (p_week->(v_n + 1)->>'m')::integer) ELSE interval '7 days' END) AT TIME ZONE p_timezone;
  -- Where clocks are put back an hour is there twice.
  IF o_next_at <= p_at THEN
    o_next_at := o_next_at + interval '1 hour';
  END IF;
END $$;

-- The end of the day, week or month (of the calendar, in that zone) that a moment lies in.
CREATE OR REPLACE FUNCTION plan_cycle_end(p_unit text, p_timezone text, p_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT (date_trunc(p_unit, p_at AT TIME ZONE p_timezone) + ('1 ' || p_unit)::interval) AT TIME ZONE p_timezone $$;

-- What is left of top-ups when a period ends: they are used after the period's own data.
CREATE OR REPLACE FUNCTION plan_topup_left(p_rules jsonb, p_quota_bytes bigint, p_topup_bytes bigint, p_used_bytes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT greatest(0, p_topup_bytes - greatest(0, p_used_bytes - least(p_quota_bytes, (p_rules->'steps'->0->>'at')::bigint))) $$;

-- add-validity.ts in SQL, for validities that begin when accounting hears of the first session; a test holds the two together.
CREATE OR REPLACE FUNCTION subscription_add_validity(p_start timestamptz, p_count integer, p_unit text, p_ends text, p_timezone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE v_end timestamptz;
BEGIN
  IF p_unit IN ('second', 'minute', 'hour') THEN
    v_end := p_start + (p_count || ' ' || p_unit)::interval;
  ELSE
    v_end := (p_start AT TIME ZONE p_timezone + (p_count || ' ' || p_unit)::interval) AT TIME ZONE p_timezone;
  END IF;
  IF p_ends = 'end_of_day' AND date_trunc('day', v_end AT TIME ZONE p_timezone) <> v_end AT TIME ZONE p_timezone THEN
    v_end := (date_trunc('day', v_end AT TIME ZONE p_timezone) + interval '1 day') AT TIME ZONE p_timezone;
  END IF;
  RETURN least(v_end, '9999-12-31 00:00+00');
END $$;

-- The one definition of what a subscription on a plan with rules may do at a moment. p_rule is the hour's rule. Reasons beside the state: outside_hours,
-- time_used_up, fair_use. The rate is NULL when there is no service.
--   1. Hours that do not count (percent 0) know no cap: neither the quota nor fair-use steps hold in them.
--   2. Time used up ends the service like a cap that cuts. 3. Barred hours. 4. The cap's rate, else the highest step's, else the hour's, else the plan's.
CREATE OR REPLACE FUNCTION plan_judge(
  p_rules jsonb, p_rule jsonb, p_status text, p_expires_at timestamptz, p_grace_s integer, p_allowance_bytes bigint, p_topup_bytes bigint, p_used_bytes bigint,
  p_on_quota text, p_online_used_s bigint, p_at timestamptz, OUT o_state text, OUT o_reason text, OUT o_rate text
) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_free boolean := coalesce((p_rule->>'percent')::integer = 0, false);
BEGIN
  o_state := subscription_state_at(p_status, p_expires_at, p_grace_s, CASE WHEN NOT v_free THEN p_allowance_bytes END, p_used_bytes, p_on_quota, p_at);
  IF o_state NOT IN ('active', 'grace', 'throttled') THEN
    RETURN;
  ELSIF p_online_used_s >= (p_rules->>'online_s')::bigint THEN
    o_state := 'capped';
    o_reason := 'time_used_up';
  ELSIF (p_rule->>'blocked')::boolean THEN
    o_reason := 'outside_hours';
  ELSIF o_state = 'throttled' THEN
    o_rate := p_rules->>'cap';
  ELSE
    IF NOT v_free THEN
      o_rate := (SELECT step->>'rate' FROM jsonb_array_elements(p_rules->'steps') AS step
                 WHERE (step->>'at')::bigint + p_topup_bytes <= p_used_bytes ORDER BY (step->>'at')::bigint DESC LIMIT 1);
    END IF;
    IF o_rate IS NULL THEN
      o_rate := coalesce(p_rule->>'rate', p_rules->>'full');
    ELSE
      o_state := 'throttled';
      o_reason := 'fair_use';
    END IF;
  END IF;
END $$;

-- Seconds online in the running cycle at a moment: what accounting has counted, and what open sessions have gone on since their last record.
CREATE OR REPLACE FUNCTION plan_online_s(p_subscription_id bigint, p_seconds bigint, p_at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT p_seconds + coalesce((
    SELECT sum(least(greatest(0, extract(epoch FROM p_at - l.updated_at)), 3 * coalesce(l.interim_s, 300) + 30))::bigint
    FROM session_live l WHERE l.subscription_id = p_subscription_id AND l.stopped_at IS NULL AND l.mode IS DISTINCT FROM 'garden'), 0)
$$;

-- For subscription_now. Reads the company's zone and open sessions past row-level security: the subscription's row was seen by the caller already.
CREATE OR REPLACE FUNCTION subscription_rules_now(
  p_rules jsonb, p_tenant_id bigint, p_subscription_id bigint, p_status text, p_expires_at timestamptz, p_grace_s integer, p_quota_bytes bigint,
  p_topup_bytes bigint, p_on_quota text, p_unused_validities integer, p_cycle_ends_at timestamptz, p_counted_bytes bigint, p_seconds bigint, p_at timestamptz
) RETURNS TABLE (state text, reason text, rate text, topup_bytes bigint, used_bytes bigint, online_used_s bigint, until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_timezone text;
  v_week jsonb := p_rules->'week';
  v_turned boolean := coalesce(p_at >= p_cycle_ends_at, false);
  v_now record;
  v_then record;
  v_judged record;
  v_next boolean;
BEGIN
  -- The planner asks this also of plans without rules, and throws the answer away: it must cost nothing (a tenth of a millisecond for each row of a list).
  IF p_rules IS NULL OR lango_tenant() <> p_tenant_id THEN
    RETURN;
  END IF;
  v_timezone := (SELECT t.timezone FROM tenant t WHERE t.id = p_tenant_id);
  topup_bytes := CASE WHEN v_turned THEN plan_topup_left(p_rules, p_quota_bytes, p_topup_bytes, p_counted_bytes) ELSE p_topup_bytes END;
  used_bytes := CASE WHEN v_turned THEN 0 ELSE p_counted_bytes END;
  IF p_rules ? 'online_s' THEN
    online_used_s := plan_online_s(p_subscription_id, CASE WHEN v_turned THEN 0 ELSE p_seconds END, p_at);
  END IF;
  IF v_week IS NOT NULL THEN
    v_now := plan_week_at(v_week, v_timezone, p_at);
  ELSE
    SELECT NULL::jsonb AS o_rule, NULL::timestamptz AS o_next_at INTO v_now;
  END IF;
  v_judged := plan_judge(p_rules, v_now.o_rule, p_status, p_expires_at, p_grace_s, p_quota_bytes + topup_bytes, topup_bytes, used_bytes, p_on_quota, online_used_s, p_at);
  state := v_judged.o_state;
  reason := v_judged.o_reason;
  rate := v_judged.o_rate;
  IF rate IS NOT NULL THEN
    until := CASE WHEN p_unused_validities > 0 AND p_rules ? 'first_use' THEN
      subscription_add_validity(p_at, (p_rules->'first_use'->>'count')::integer, p_rules->'first_use'->>'unit', p_rules->'first_use'->>'ends', v_timezone)
      ELSE p_expires_at END + make_interval(secs => p_grace_s);
    IF online_used_s IS NOT NULL THEN
      until := least(until, p_at + make_interval(secs => (p_rules->>'online_s')::bigint - online_used_s));
    END IF;
    -- The first change of hours at which this service ends: barred, or a cap that only free hours overlook.
    v_then := v_now;
    FOR n IN 1 .. coalesce(jsonb_array_length(v_week), 0) LOOP
      EXIT WHEN v_then.o_next_at >= until;
      v_next := coalesce(v_then.o_next_at >= p_cycle_ends_at, false) AND NOT v_turned;
      v_judged := plan_judge(p_rules, (plan_week_at(v_week, v_timezone, v_then.o_next_at)).o_rule, p_status, p_expires_at, p_grace_s,
        p_quota_bytes + topup_bytes, topup_bytes, CASE WHEN v_next THEN 0 ELSE used_bytes END, p_on_quota, NULL, v_then.o_next_at);
      IF v_judged.o_rate IS NULL THEN
        until := v_then.o_next_at;
        EXIT;
      END IF;
      v_then := plan_week_at(v_week, v_timezone, v_then.o_next_at);
    END LOOP;
  END IF;
  RETURN NEXT;
END $$;

-- For aaa_authorize: state in the words of access_reasons, and what the plan gives at this moment. left_bytes is NULL where a limit held by the
-- router would be wrong by the time it is reached: hours that count otherwise, and caps that come back.
CREATE OR REPLACE FUNCTION access_rules_of(p_subscription_id bigint, OUT state text, OUT valid_until timestamptz, OUT left_bytes bigint, OUT rate text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT coalesce(n.reason, n.state), n.service_until, n.service_rate,
         CASE WHEN NOT n.counts_by_time AND n.cycle_ends_at IS NULL THEN n.allowance_bytes - n.used_bytes END
  INTO state, valid_until, rate, left_bytes
  FROM subscription_now n WHERE n.id = p_subscription_id;
END $$;

-- A rate in the words of NASes other than RouterOS: WISPr's, in bit/s (CoovaChilli and most access points read them). Both directions by the subscriber's view.
CREATE OR REPLACE FUNCTION access_other_rates(p_rate text) RETURNS TABLE (attribute text, value text) LANGUAGE sql IMMUTABLE AS $$
  SELECT a.name, a.bps FROM (SELECT string_to_array(enforcement_rate_bps(p_rate), '/') AS r) x,
    LATERAL (VALUES ('WISPr-Bandwidth-Max-Up', r[1]), ('WISPr-Bandwidth-Max-Down', r[2])) AS a (name, bps)
  -- 32 bits: a faster line needs no limit there.
  WHERE a.bps::numeric < 4294967296
$$;
