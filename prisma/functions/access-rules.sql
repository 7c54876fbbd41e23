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
  v_timezone text := (SELECT t.timezone FROM tenant t WHERE t.id = p_tenant_id);
  v_week jsonb := p_rules->'week';
  v_turned boolean := coalesce(p_at >= p_cycle_ends_at, false);
  v_now record;
  v_then record;
  v_judged record;
  v_next boolean;
BEGIN
  IF lango_tenant() <> p_tenant_id THEN
    RETURN;
  END IF;
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

-- What a plan version's columns come to for the functions above; NULL when speed, cap and validity are all there is.
CREATE OR REPLACE FUNCTION plan_rules(v plan_version) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN v.fair_use IS NOT NULL OR v.quota_cycle IS NOT NULL OR v.time_rules IS NOT NULL OR v.online_s IS NOT NULL OR v.starts_on = 'first_use' THEN
    jsonb_strip_nulls(jsonb_build_object(
      'full', radius_rate_limit(v.up_kbps, v.down_kbps, v.burst_up_kbps, v.burst_down_kbps, v.burst_threshold_up_kbps, v.burst_threshold_down_kbps, v.burst_time_s),
      'cap', CASE WHEN v.on_quota = 'throttle' THEN radius_rate_limit(v.throttle_up_kbps, v.throttle_down_kbps) END,
      'steps', (SELECT jsonb_agg(jsonb_build_object('at', (f->>'at_bytes')::bigint, 'rate', radius_rate_limit((f->>'up_kbps')::bigint, (f->>'down_kbps')::bigint))
                                 ORDER BY (f->>'at_bytes')::bigint) FROM jsonb_array_elements(v.fair_use) AS f),
      'cycle', v.quota_cycle,
      'online_s', v.online_s,
      'first_use', CASE WHEN v.starts_on = 'first_use' THEN jsonb_build_object('count', v.validity_count, 'unit', v.validity_unit, 'ends', v.validity_ends) END))
    -- Not stripped: a segment without a rule says so.
    || CASE WHEN v.time_rules IS NOT NULL THEN jsonb_build_object('week', plan_week(v.time_rules)) ELSE '{}' END
  END
$$;

CREATE OR REPLACE FUNCTION plan_write_rules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.rules := plan_rules(NEW);
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS plan_write_rules ON plan_version;
CREATE TRIGGER plan_write_rules BEFORE INSERT ON plan_version FOR EACH ROW EXECUTE FUNCTION plan_write_rules();

CREATE OR REPLACE FUNCTION plan_arm() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO plan_alarm (plan_version_id, tenant_id, due_at)
  SELECT NEW.id, NEW.tenant_id, w.o_next_at FROM tenant t, plan_week_at(NEW.rules->'week', t.timezone, lango_now()) w WHERE t.id = NEW.tenant_id;
  PERFORM pg_notify('lango_expiry', '');
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS plan_arm ON plan_version;
CREATE TRIGGER plan_arm AFTER INSERT ON plan_version FOR EACH ROW WHEN (NEW.time_rules IS NOT NULL) EXECUTE FUNCTION plan_arm();

-- Hours are told by the company's clock.
CREATE OR REPLACE FUNCTION plan_timezone_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE plan_alarm SET due_at = lango_now() WHERE tenant_id = NEW.id;
  PERFORM pg_notify('lango_expiry', '');
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS plan_timezone_changed ON tenant;
CREATE TRIGGER plan_timezone_changed AFTER UPDATE OF timezone ON tenant FOR EACH ROW WHEN (OLD.timezone <> NEW.timezone) EXECUTE FUNCTION plan_timezone_changed();

-- Keeps what accounting and the enforcer's alarms need of a subscription, whoever changes it.
CREATE OR REPLACE FUNCTION subscription_arm_rules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v record;
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.status, NEW.expires_at, NEW.plan_version_id, NEW.cycle_no, NEW.quota_bytes, NEW.topup_bytes, NEW.starts_at)
     IS NOT DISTINCT FROM (OLD.status, OLD.expires_at, OLD.plan_version_id, OLD.cycle_no, OLD.quota_bytes, OLD.topup_bytes, OLD.starts_at) THEN
    RETURN NEW;
  END IF;
  SELECT p.rules, p.grace_s INTO v FROM plan_version p WHERE p.id = NEW.plan_version_id;
  NEW.watch_bytes := least(NEW.quota_bytes, (v.rules->'steps'->0->>'at')::bigint) + NEW.topup_bytes;
  NEW.watch_seconds := (v.rules->>'online_s')::bigint;
  NEW.counts_by_time := coalesce(jsonb_path_exists(v.rules, '$.week[*].rule.percent ? (@ < 100)'), false);
  IF v.rules->>'cycle' IS NULL OR NEW.starts_at IS NULL THEN
    NEW.cycle_ends_at := NULL;
  ELSIF NEW.cycle_ends_at IS NULL OR TG_OP = 'INSERT' OR NEW.cycle_no <> OLD.cycle_no THEN
    NEW.cycle_ends_at := plan_cycle_end(v.rules->>'cycle', (SELECT timezone FROM tenant WHERE id = NEW.tenant_id), lango_now());
  END IF;
  -- One that is not served has no use for a new period; the first change that revives it finds the old one over and turns it.
  NEW.cycle_due_at := CASE WHEN NEW.status = 'active' AND NEW.cycle_ends_at < NEW.expires_at + make_interval(secs => v.grace_s) THEN NEW.cycle_ends_at END;
  IF NEW.cycle_due_at IS NOT NULL THEN
    PERFORM pg_notify('lango_expiry', '');
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS subscription_arm_rules ON subscription;
CREATE TRIGGER subscription_arm_rules BEFORE INSERT OR UPDATE ON subscription FOR EACH ROW EXECUTE FUNCTION subscription_arm_rules();

-- Bytes of one accounting record that do not count: it tells of the seconds before it, which are shared out by the hours they fell in.
CREATE OR REPLACE FUNCTION plan_free_bytes(p_week jsonb, p_timezone text, p_at timestamptz, p_seconds bigint, p_bytes bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- A week tells all hours; a record of more (months in a spool, a first word late) is not walked through.
  v_from timestamptz := p_at - make_interval(secs => least(greatest(p_seconds, 0), 604800));
  v_counted numeric := 0;
  v_span numeric := extract(epoch FROM p_at - v_from);
  v_until timestamptz;
  w record;
BEGIN
  IF v_span = 0 THEN
    w := plan_week_at(p_week, p_timezone, p_at);
    RETURN p_bytes - floor(p_bytes * coalesce((w.o_rule->>'percent')::numeric, 100) / 100);
  END IF;
  WHILE v_from < p_at LOOP
    w := plan_week_at(p_week, p_timezone, v_from);
    v_until := least(w.o_next_at, p_at);
    v_counted := v_counted + extract(epoch FROM v_until - v_from) * coalesce((w.o_rule->>'percent')::numeric, 100);
    v_from := v_until;
  END LOOP;
  RETURN p_bytes - floor(p_bytes * v_counted / (100 * v_span));
END $$;

-- The same for all records of one subscription in a batch, from accounting.
CREATE OR REPLACE FUNCTION subscription_free_bytes(
  p_id bigint, p_sub bigint[], p_event timestamptz[], p_in bigint[], p_out bigint[], p_s bigint[]
) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(plan_free_bytes(v.rules->'week', t.timezone, d.at, d.s, d.b_in + d.b_out)), 0)::bigint
  FROM unnest(p_sub, p_event, p_in, p_out, p_s) AS d (sub, at, b_in, b_out, s)
  JOIN subscription s ON s.id = d.sub JOIN plan_version v ON v.id = s.plan_version_id JOIN tenant t ON t.id = s.tenant_id
  WHERE d.sub = p_id AND v.rules ? 'week'
$$;

-- The rate that an open session runs at as far as we told it: by the last acknowledged CoA, else in the Class of its login. NULL when neither says.
CREATE OR REPLACE FUNCTION session_told_rate(p_told_rate text, p_class bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(p_told_rate, substring(encode(p_class, 'escape') FROM '^L1:\d+:[0-9a-f]{16}:[ft]:(\S+)$')) $$;
GRANT EXECUTE ON FUNCTION session_told_rate TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- Whether a session was told another rate than the one that holds; false where it cannot be known.
CREATE OR REPLACE FUNCTION session_rate_differs(p_told_rate text, p_class bytea, p_rate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(split_part(session_told_rate(p_told_rate, p_class), ' ', 1) <> split_part(p_rate, ' ', 1), false) $$;
GRANT EXECUTE ON FUNCTION session_rate_differs TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- Whether a session has to be told its rate although its mode is right. Where it cannot be known what it was told (a NAS that echoes no Class), what has
-- just changed decides.
CREATE OR REPLACE FUNCTION session_must_rerate(p_reason text, p_told_rate text, p_class bytea, p_rate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_rate IS NOT NULL AND (session_rate_differs(p_told_rate, p_class, p_rate)
    OR session_told_rate(p_told_rate, p_class) IS NULL
       AND p_reason IN ('time_rule', 'cycle_turned', 'cap_throttle', 'topped_up', 'renewed', 'payment', 'plan_changed', 'resumed'))
$$;
GRANT EXECUTE ON FUNCTION session_must_rerate TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- Whether usage passed a fair-use step or the cap between two values.
CREATE OR REPLACE FUNCTION plan_crosses(p_rules jsonb, p_quota_bytes bigint, p_topup_bytes bigint, p_was bigint, p_is bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (
    SELECT FROM (SELECT (step->>'at')::bigint AS at FROM jsonb_array_elements(p_rules->'steps') AS step UNION ALL SELECT p_quota_bytes) t
    WHERE t.at + p_topup_bytes > p_was AND t.at + p_topup_bytes <= p_is)
$$;

-- Begins validities that waited for the first session. Called when accounting opens sessions.
CREATE OR REPLACE FUNCTION subscription_first_use(p_sessions bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  UPDATE subscription s SET
    unused_validities = 0,
    starts_at = u.at,
    expires_at = subscription_add_validity(u.at, v.validity_count * s.unused_validities, v.validity_unit, v.validity_ends, t.timezone),
    updated_at = lango_now()
  FROM (SELECT w.id, min(l.started_at) AS at FROM session_live l
        CROSS JOIN LATERAL (SELECT id FROM subscription WHERE id = l.subscription_id AND unused_validities > 0 AND status = 'active' OFFSET 0) w
        WHERE l.radacctid = ANY (p_sessions) AND l.mode IS DISTINCT FROM 'garden' GROUP BY 1) u, plan_version v, tenant t
  WHERE s.id = ANY (ARRAY[u.id]) AND s.unused_validities > 0 AND s.status = 'active' AND v.id = ANY (ARRAY[s.plan_version_id]) AND t.id = ANY (ARRAY[s.tenant_id]);
END $$;
GRANT EXECUTE ON FUNCTION subscription_first_use TO lango_accounting;

-- Sets the alarm for the second at which time online runs out, as it looks now: more sessions at once use it up faster. It rings every five minutes
-- before that, because a session that was silent for long may have used more than it was believed to.
CREATE OR REPLACE FUNCTION subscription_arm_online(p_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  UPDATE subscription s SET online_due_at = lango_now() + make_interval(secs => least(greatest(n.online_s - n.online_used_s, 1)::double precision / o.sessions, 300))
  FROM (SELECT DISTINCT unnest(p_ids) AS id) u
    CROSS JOIN LATERAL (SELECT id, online_s, online_used_s FROM subscription_now WHERE id = u.id OFFSET 0) n
    CROSS JOIN LATERAL (SELECT count(*) AS sessions FROM session_live l WHERE l.subscription_id = n.id AND l.stopped_at IS NULL AND l.mode IS DISTINCT FROM 'garden') o
  WHERE s.id = ANY (ARRAY[n.id]) AND n.online_s IS NOT NULL AND o.sessions > 0;
  IF FOUND THEN
    PERFORM pg_notify('lango_expiry', '');
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION subscription_arm_online TO lango_accounting, lango_enforcer;

-- Ends the periods of caps that come back, for subscriptions whose period is over.
CREATE OR REPLACE FUNCTION subscription_turn_cycles(p_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  UPDATE usage_cycle u SET ended_at = s.cycle_ends_at
  FROM subscription s WHERE s.id = ANY (p_ids) AND u.subscription_id = s.id AND u.cycle_no = s.cycle_no AND u.ended_at IS NULL;
  UPDATE subscription s SET
    cycle_no = s.cycle_no + 1,
    topup_bytes = plan_topup_left(v.rules, s.quota_bytes, s.topup_bytes, coalesce(u.input_bytes + u.output_bytes - u.free_bytes, 0)),
    cycle_ends_at = NULL
  FROM plan_version v, subscription o LEFT JOIN usage_cycle u ON u.subscription_id = o.id AND u.cycle_no = o.cycle_no
  WHERE s.id = ANY (p_ids) AND v.id = s.plan_version_id AND o.id = s.id;
  INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at)
  SELECT id, cycle_no, tenant_id, lango_now() FROM subscription WHERE id = ANY (p_ids)
  ON CONFLICT (subscription_id, cycle_no) DO NOTHING;
END $$;

-- One subscription of the caller's company, before a command changes it.
CREATE OR REPLACE FUNCTION subscription_turn_cycle(p_id bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM subscription_turn_cycles(ARRAY[id]) FROM subscription WHERE id = p_id AND tenant_id = lango_tenant() AND cycle_ends_at <= lango_now();
END $$;
GRANT EXECUTE ON FUNCTION subscription_turn_cycle TO lango_web;

-- What plans' clocks ask for, p_limit subscriptions of each kind at a time and each by one enforcer: hours that change, periods that end, time online that
-- runs out. Returns how many alarms were worked; call it until it says 0.
CREATE OR REPLACE FUNCTION enforce_rules(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_alarm record;
  v_ids bigint[];
  v_worked integer := 0;
BEGIN
  SELECT a.plan_version_id, a.told_to_id, v.rules, t.timezone INTO v_alarm
  FROM plan_alarm a JOIN plan_version v ON v.id = a.plan_version_id JOIN tenant t ON t.id = a.tenant_id
  WHERE a.due_at <= v_now ORDER BY a.due_at LIMIT 1 FOR UPDATE OF a SKIP LOCKED;
  IF FOUND THEN
    SELECT coalesce(array_agg(id ORDER BY id), '{}') INTO v_ids FROM (
      SELECT s.id FROM subscription s
      WHERE s.plan_version_id = v_alarm.plan_version_id AND s.id > v_alarm.told_to_id
        AND EXISTS (SELECT 1 FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL)
      ORDER BY s.id LIMIT p_limit) online;
    PERFORM enforce_subscriptions(v_ids, 'time_rule');
    IF cardinality(v_ids) < p_limit THEN
      UPDATE plan_alarm SET told_to_id = 0, due_at = (plan_week_at(v_alarm.rules->'week', v_alarm.timezone, v_now)).o_next_at WHERE plan_version_id = v_alarm.plan_version_id;
    ELSE
      UPDATE plan_alarm SET told_to_id = v_ids[cardinality(v_ids)] WHERE plan_version_id = v_alarm.plan_version_id;
    END IF;
    v_worked := v_worked + 1;
  END IF;

  SELECT coalesce(array_agg(id), '{}') INTO v_ids FROM (
    SELECT id FROM subscription WHERE cycle_due_at <= v_now ORDER BY cycle_due_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due;
  IF v_ids <> '{}' THEN
    PERFORM subscription_turn_cycles(v_ids);
    PERFORM enforce_subscriptions(v_ids, 'cycle_turned');
    v_worked := v_worked + cardinality(v_ids);
  END IF;

  WITH due AS (SELECT id FROM subscription WHERE online_due_at <= v_now ORDER BY online_due_at LIMIT p_limit FOR UPDATE SKIP LOCKED),
       taken AS (UPDATE subscription s SET online_due_at = NULL FROM due WHERE s.id = ANY (ARRAY[due.id]) RETURNING s.id)
  SELECT coalesce(array_agg(id), '{}') INTO v_ids FROM taken;
  IF v_ids <> '{}' THEN
    PERFORM enforce_subscriptions(v_ids, 'time_used_up');
    -- Not used up after all: a session ended, or a new cycle has begun.
    PERFORM subscription_arm_online(array_agg(n.id)) FROM subscription_now n WHERE n.id = ANY (v_ids) AND n.state IN ('active', 'grace', 'throttled') HAVING count(*) > 0;
    v_worked := v_worked + cardinality(v_ids);
  END IF;
  RETURN v_worked;
END $$;
GRANT EXECUTE ON FUNCTION enforce_rules TO lango_enforcer;

-- When the next of those alarms rings.
CREATE OR REPLACE FUNCTION enforce_rules_next_at() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT least((SELECT min(due_at) FROM plan_alarm), (SELECT min(cycle_due_at) FROM subscription WHERE cycle_due_at IS NOT NULL),
               (SELECT min(online_due_at) FROM subscription WHERE online_due_at IS NOT NULL))
$$;
GRANT EXECUTE ON FUNCTION enforce_rules_next_at TO lango_enforcer;

-- The same for aaa_authorize: state in the words of access_reasons, and what the plan gives at this moment. left_bytes is NULL where a limit held by the
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
