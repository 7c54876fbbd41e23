-- Plans are made while these tables are small, or few rows of them are open, and stand when a midnight has filled them. So each row is looked up by its
-- key, whatever the tables were like: OFFSET 0 keeps a look-up apart, = ANY (ARRAY[key]) is one that no other way of joining can do, and
-- coalesce(state, '') = 'open' is one that does not walk an index of open rows from end to end.
-- What the network must be made to agree with: written in the transaction of what made it necessary, worked by radius/enforcer, closed on proof.

-- Reasons that end a session whatever its subscription says now: a cut for one of these is never taken back because somebody paid.
CREATE OR REPLACE FUNCTION enforcement_is_final(p_reason text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_reason IN ('password_changed', 'static_ip_changed', 'mac_lock_changed', 'username_changed', 'router_deleted', 'simultaneous_use', 'device_replaced', 'staff_disconnect')
$$;

CREATE OR REPLACE FUNCTION subscription_is_entitled(p_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(p_state IN ('active', 'grace', 'throttled'), false)
$$;
GRANT EXECUTE ON FUNCTION subscription_is_entitled TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- The one rule of what a session needs: its subscription's state and what it was let in with, plus what has just changed. NULL: nothing.
-- p_rerate: the session runs at another rate than the one that holds (session_must_rerate), although its mode is right.
DROP FUNCTION IF EXISTS enforcement_needed(text, text, text, text, text);
CREATE OR REPLACE FUNCTION enforcement_needed(p_state text, p_mode text, p_reason text, p_mac_lock text, p_mac text, p_rerate boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN NOT subscription_is_entitled(p_state) THEN CASE WHEN p_mode = 'garden' AND p_state IN ('pending', 'expired', 'capped') THEN NULL ELSE 'cut' END
    WHEN p_reason = 'mac_lock_changed' THEN CASE WHEN p_mac_lock <> coalesce(p_mac, '') THEN 'cut' END
    WHEN enforcement_is_final(p_reason) THEN 'cut'
    WHEN p_mode = 'garden' THEN 'restore'
    WHEN p_state = 'throttled' AND (p_mode IS DISTINCT FROM 'throttled' OR p_rerate) THEN 'throttle'
    WHEN p_state <> 'throttled' AND (p_mode = 'throttled' OR p_rerate) THEN 'restore'
    WHEN p_reason IN ('renewed', 'extended', 'topped_up', 'payment', 'plan_changed', 'resumed') THEN 'refresh'
  END
$$;
COMMENT ON FUNCTION enforcement_needed IS 'Kind of enforcement that makes a session agree with its subscription, or NULL.';

-- What a session needs (enforcement_needed), or its rate anew where nobody knows which one it runs at.
CREATE OR REPLACE FUNCTION enforcement_or_rate_anew(p_kind text, p_state text, p_session_id bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF coalesce(p_kind, 'refresh') = 'refresh' AND subscription_is_entitled(p_state) AND enforcement_leaves_rate_in_doubt(p_session_id) THEN
    RETURN CASE p_state WHEN 'throttled' THEN 'throttle' ELSE 'restore' END;
  END IF;
  RETURN p_kind;
END $$;

-- Whether the last order that was to change a session's rate was overtaken, or given up, before anything showed if the router obeyed: it may have acknowledged and
-- done nothing, or obeyed and never been heard. The session's mode tells what was acknowledged. A rate that staff set is the last word on it, whatever came of it.
CREATE OR REPLACE FUNCTION enforcement_leaves_rate_in_doubt(p_session_id bigint) RETURNS boolean LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  RETURN coalesce((
    SELECT last.in_doubt FROM (
      SELECT e.closed_at, NOT e.params ? 'down_kbps' AND (coalesce(e.proven_by = 'superseded', false) OR e.state = 'gave_up') AS in_doubt FROM enforcement e
      WHERE e.session_id = p_session_id AND (e.kind IN ('throttle', 'restore') OR e.reason = 'plan_changed') AND (e.state <> 'open' OR e.params ? 'down_kbps') OFFSET 0) last
    ORDER BY last.closed_at DESC NULLS FIRST, last.in_doubt DESC LIMIT 1), false);
END $$;

-- Whether an open row still says something true: asked again before every send, so that a cut that crossed a payment is dropped.
CREATE OR REPLACE FUNCTION enforcement_still_wanted(p_kind text, p_reason text, p_params jsonb, p_state text, p_mode text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_kind
    WHEN 'cut' THEN enforcement_is_final(p_reason) OR NOT subscription_is_entitled(p_state) AND NOT coalesce(p_mode = 'garden' AND p_state IN ('pending', 'expired', 'capped'), false)
    WHEN 'throttle' THEN p_params ? 'down_kbps' OR coalesce(p_state = 'throttled', false)
    WHEN 'restore' THEN subscription_is_entitled(p_state) AND NOT (p_state = 'throttled' AND p_mode IS DISTINCT FROM 'garden')
    ELSE subscription_is_entitled(p_state)
  END
$$;

-- Pure rules that enforcement_undone asks with its caller's rights, so that a company sees its own.
GRANT EXECUTE ON FUNCTION enforcement_is_final, enforcement_still_wanted TO lango_web, lango_jobs, lango_enforcer;

-- The web role works for one company at a time; the other parts for all.
CREATE OR REPLACE FUNCTION enforcement_check_tenant(p_tenant_id bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF lango_tenant() IS DISTINCT FROM p_tenant_id
     AND (lango_tenant() IS NOT NULL
          OR EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = session_user AND NOT r.rolsuper AND pg_has_role(session_user, 'lango_web', 'MEMBER'))) THEN
    RAISE EXCEPTION 'this session or subscription belongs to another company' USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;

-- Which open rows a new one of this kind makes pointless.
CREATE OR REPLACE FUNCTION enforcement_overtakes(p_kind text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_kind WHEN 'cut' THEN ARRAY['throttle', 'restore', 'refresh'] WHEN 'throttle' THEN ARRAY['restore'] WHEN 'restore' THEN ARRAY['throttle', 'refresh'] ELSE '{}' END
$$;

-- Opens rows, or starts the open ones of that kind again: their tries count from the newest wish. Wishes are {session, kind, reason, params}.
-- One statement for all of them, because a whole town's plans may end at one midnight.
CREATE OR REPLACE FUNCTION enforcement_open(p_session bigint[], p_kind text[], p_reason text[], p_params jsonb) RETURNS bigint[] LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_ids bigint[];
BEGIN
  WITH wish AS (
    -- What a changed plan still asks for goes on with what overtakes it.
    SELECT w.session_id, w.kind, CASE WHEN w.kind IN ('throttle', 'restore') AND NOT p_params ? 'down_kbps' AND NOT enforcement_is_final(w.reason) AND EXISTS (
      SELECT FROM enforcement o WHERE o.session_id = ANY (ARRAY[w.session_id]) AND coalesce(o.state, '') = 'open' AND o.reason = 'plan_changed' OFFSET 0)
      THEN 'plan_changed' ELSE w.reason END AS reason
    FROM unnest(p_session, p_kind, p_reason) AS w (session_id, kind, reason)
  ), overtaken AS (
    UPDATE enforcement e SET state = 'proven', proven_by = 'superseded', proven_at = v_now, closed_at = v_now, claimed_by = NULL, claimed_until = NULL
    FROM wish WHERE e.session_id = ANY (ARRAY[wish.session_id]) AND coalesce(e.state, '') = 'open'
      -- A rate that staff set holds until the plan says another.
      AND (e.kind = ANY (enforcement_overtakes(wish.kind)) OR wish.reason = 'plan_changed' AND e.kind = 'throttle' AND e.params ? 'down_kbps' AND wish.kind <> 'throttle')
  ), opened AS (
    INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason, params, created_at, next_attempt_at)
    SELECT l.tenant_id, l.radacctid, l.nas_id, l.subscription_id, wish.kind, wish.reason, p_params, v_now, v_now
    FROM wish CROSS JOIN LATERAL (SELECT * FROM session_live WHERE radacctid = wish.session_id OFFSET 0) l ORDER BY l.radacctid
    ON CONFLICT (session_id, kind) WHERE state = 'open' DO UPDATE
      -- A changed plan asks for more than whatever comes after it and does not end the session.
      SET reason = CASE WHEN enforcement_is_final(enforcement.reason) OR enforcement.reason = 'plan_changed' AND NOT enforcement_is_final(excluded.reason) THEN enforcement.reason
                        ELSE excluded.reason END,
          params = excluded.params, attempts = 0, acked_at = NULL, next_attempt_at = v_now
    RETURNING id
  )
  SELECT array_agg(id) INTO v_ids FROM opened;
  IF v_ids IS NOT NULL THEN PERFORM pg_notify('lango_enforcement', ''); END IF;
  RETURN coalesce(v_ids, '{}');
END $$;

-- Opens what the sessions of these subscriptions need. Gives the rows' ids. Whatever has just happened, where another plan began with it (subscription_note_plan) sessions
-- that go on are told of a changed plan: a payment alone tells no rate.
CREATE OR REPLACE FUNCTION enforcement_open_needed(p_ids bigint[], p_reason text) RETURNS bigint[] LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_sessions bigint[];
  v_modes text[];
  v_states text[];
  v_reasons text[];
  v_kinds text[];
BEGIN
  PERFORM enforcement_log_back_in(p_ids, p_reason);
  -- What ends a session whatever its subscription says holds of one that is taken for gone too, should it be heard of again (accounting_greet). Locked devices are weighed anew then in any case.
  IF enforcement_is_final(p_reason) AND p_reason <> 'mac_lock_changed' THEN
    UPDATE subscription s SET login_anew_at = v_now FROM (SELECT DISTINCT unnest(p_ids) AS id ORDER BY 1) u WHERE s.id = ANY (ARRAY[u.id]);
  END IF;
  SELECT array_agg(l.radacctid), array_agg(l.mode), array_agg(sub.access_state), array_agg(happened.reason),
         array_agg(enforcement_needed(sub.access_state, l.mode, happened.reason, sub.mac_lock, l.mac, session_must_rerate(happened.reason, l.told_rate, l.class, sub.service_rate)))
  INTO v_sessions, v_modes, v_states, v_reasons, v_kinds
  FROM (SELECT DISTINCT unnest(p_ids) AS id ORDER BY 1) u
  CROSS JOIN LATERAL (SELECT radacctid, subscription_id, mode, mac, told_rate, class FROM session_live WHERE subscription_id = u.id AND stopped_at IS NULL OFFSET 0) l
  CROSS JOIN LATERAL (SELECT access_state, mac_lock, service_rate FROM subscription_now WHERE id = l.subscription_id OFFSET 0) sub
  -- Lango's time is the transaction's.
  CROSS JOIN LATERAL (SELECT CASE WHEN plan_changed_at = v_now AND NOT enforcement_is_final(p_reason) THEN 'plan_changed' ELSE p_reason END AS reason
                      FROM subscription WHERE id = l.subscription_id OFFSET 0) happened;
  IF v_sessions IS NULL THEN RETURN '{}'; END IF;
  UPDATE enforcement e SET state = 'proven', proven_by = 'superseded', proven_at = v_now, closed_at = v_now, claimed_by = NULL, claimed_until = NULL
  FROM unnest(v_sessions, v_modes, v_states) AS l (id, mode, access_state)
  WHERE e.session_id = ANY (ARRAY[l.id]) AND coalesce(e.state, '') = 'open' AND NOT enforcement_still_wanted(e.kind, e.reason, e.params, l.access_state, l.mode);
  -- Asked after that: what has just been overtaken leaves its rate in doubt.
  SELECT array_agg(id ORDER BY id), array_agg(kind ORDER BY id), array_agg(CASE WHEN kind = 'cut' OR mode = 'garden' THEN p_reason ELSE reason END ORDER BY id)
  INTO v_sessions, v_kinds, v_reasons
  FROM (SELECT id, mode, reason, enforcement_or_rate_anew(kind, state, id) AS kind
        FROM unnest(v_sessions, v_modes, v_reasons, v_kinds, v_states) AS l (id, mode, reason, kind, state) OFFSET 0) needed WHERE kind IS NOT NULL;
  IF v_sessions IS NULL THEN RETURN '{}'; END IF;
  RETURN enforcement_open(v_sessions, v_kinds, v_reasons, '{}');
END $$;

-- The same for any number of subscriptions at once. Returns the number of rows written.
CREATE OR REPLACE FUNCTION enforce_subscriptions(p_ids bigint[], p_reason text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  RETURN cardinality(enforcement_open_needed(p_ids, p_reason));
END $$;

CREATE OR REPLACE FUNCTION enforce_subscription(p_subscription_id bigint, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_tenant_id bigint := (SELECT tenant_id FROM subscription WHERE id = p_subscription_id);
BEGIN
  IF v_tenant_id IS NULL THEN RETURN 0; END IF;
  PERFORM enforcement_check_tenant(v_tenant_id);
  RETURN enforce_subscriptions(ARRAY[p_subscription_id], p_reason);
END $$;
COMMENT ON FUNCTION enforce_subscription IS 'Call it in the transaction that changed a subscription: writes what makes each of its open sessions agree. Returns the number of rows written.';
GRANT EXECUTE ON FUNCTION enforce_subscription TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- The same for many subscriptions of one company, in one look at their sessions.
CREATE OR REPLACE FUNCTION enforce_each_subscription(p_ids bigint[], p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_tenant_id bigint;
BEGIN
  FOR v_tenant_id IN SELECT DISTINCT tenant_id FROM subscription WHERE id = ANY (p_ids) LOOP
    PERFORM enforcement_check_tenant(v_tenant_id);
  END LOOP;
  IF v_tenant_id IS NULL THEN RETURN 0; END IF;
  RETURN enforce_subscriptions(p_ids, p_reason);
END $$;
GRANT EXECUTE ON FUNCTION enforce_each_subscription TO lango_web, lango_jobs;

-- The same, told by the subscription: how many of its sessions the network hears about. Subscriptions without any are left out.
CREATE OR REPLACE FUNCTION enforce_and_count(p_ids bigint[], p_reason text) RETURNS TABLE (subscription_id bigint, sessions integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_tenant_id bigint; v_opened bigint[];
BEGIN
  FOR v_tenant_id IN SELECT DISTINCT s.tenant_id FROM subscription s WHERE s.id = ANY (p_ids) LOOP
    PERFORM enforcement_check_tenant(v_tenant_id);
  END LOOP;
  v_opened := enforcement_open_needed(p_ids, p_reason);
  RETURN QUERY SELECT e.subscription_id, count(*)::integer FROM unnest(v_opened) AS o (id)
    CROSS JOIN LATERAL (SELECT x.subscription_id FROM enforcement x WHERE x.id = o.id OFFSET 0) e GROUP BY 1;
END $$;
GRANT EXECUTE ON FUNCTION enforce_and_count TO lango_web;

CREATE OR REPLACE FUNCTION enforce_session(p_session_id bigint, p_kind text, p_reason text, p_params jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s session_live;
BEGIN
  IF p_kind IS NULL OR p_kind NOT IN ('cut', 'throttle', 'restore', 'refresh') THEN
    RAISE EXCEPTION 'enforcement kind % cannot be asked for: use cut, throttle, restore or refresh', coalesce(p_kind, 'NULL') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_kind = 'throttle' AND NOT coalesce((p_params->>'down_kbps')::bigint > 0 AND (p_params->>'up_kbps')::bigint > 0, false) THEN
    RAISE EXCEPTION 'a rate set by hand needs down_kbps and up_kbps above 0' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT * INTO s FROM session_live WHERE radacctid = p_session_id AND stopped_at IS NULL;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM enforcement_check_tenant(s.tenant_id);
  -- A changed plan's rate, or the full one, gives way to the one that staff set; the end of validity is still told.
  IF p_kind = 'throttle' THEN
    IF s.mode IS DISTINCT FROM 'garden' AND EXISTS (SELECT FROM enforcement WHERE session_id = p_session_id AND state = 'open' AND kind = 'restore' AND acked_at IS NULL) THEN
      PERFORM enforcement_open(ARRAY[p_session_id], ARRAY['refresh'], ARRAY['extended'], '{}');
    END IF;
    UPDATE enforcement SET reason = 'extended', params = '{}', attempts = 0, acked_at = NULL, next_attempt_at = lango_now()
    WHERE session_id = p_session_id AND state = 'open' AND kind = 'refresh' AND reason = 'plan_changed';
  END IF;
  RETURN (enforcement_open(ARRAY[p_session_id], ARRAY[p_kind], ARRAY[p_reason], coalesce(p_params, '{}')))[1];
END $$;
COMMENT ON FUNCTION enforce_session IS 'One session by hand or by the rules of simultaneous use. Returns the enforcement id, or NULL when the session is not open any more.';
GRANT EXECUTE ON FUNCTION enforce_session TO lango_web, lango_jobs, lango_accounting, lango_enforcer;
