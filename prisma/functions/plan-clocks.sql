-- What the clocks of plans set going: validity from first use, time online, caps that come back, hours that change. The first Start or an alarm calls it.

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
