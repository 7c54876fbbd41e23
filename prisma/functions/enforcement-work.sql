-- How enforcers work the rows: claim, record, close, what a router is known by, and when there is something to do next. Look-ups by key, as in enforcement.sql.

-- Since when accounting is known to be heard without a gap, given since when an enforcer has seen a listener live: also the spools must have been drained.
-- NULL while listeners hold back records in one. A host that has been silent for a day counts as gone for good, as it does for the sweep.
CREATE OR REPLACE FUNCTION enforcement_heard_since(p_listening_since timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN p_listening_since IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM accounting_spool WHERE pending_packets > 0 AND beat_at > clock_timestamp() - interval '1 day') THEN
    greatest(p_listening_since, (SELECT max(drained_at) FROM accounting_spool)) END;
END $$;

-- When hearing nothing more of a session proves that it is gone: one interim interval and a margin after the router said so, three without its word.
-- NULL while accounting is not known to be heard.
DROP FUNCTION IF EXISTS enforcement_silence_proves_at;
CREATE OR REPLACE FUNCTION enforcement_silence_proves_at(
  p_created_at timestamptz, p_acked_at timestamptz, p_gone_at timestamptz, p_received_at timestamptz, p_interim_s integer, p_heard_since timestamptz
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_heard_since IS NOT NULL THEN greatest(coalesce(least(p_acked_at, p_gone_at), p_created_at), p_received_at, p_heard_since)
    + make_interval(secs => p_interim_s * CASE WHEN p_acked_at IS NULL AND p_gone_at IS NULL THEN 3 ELSE 1 END + 30) END
$$;

-- Rows that are due, as many per router as it has room for, taken for p_lease_s seconds: a claim of an enforcer that died is free again after that.
-- p_busy_nas and p_room: routers with less room than p_window, because exchanges with them are under way. A silent router has room for 2.
-- p_listening_since: since when accounting is known to be heard without a gap; silence before that proves nothing.
CREATE OR REPLACE FUNCTION enforcement_claim(
  p_instance text, p_lease_s integer, p_limit integer, p_window integer, p_busy_nas bigint[], p_room integer[], p_listening_since timestamptz
) RETURNS SETOF jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_heard_since timestamptz := enforcement_heard_since(p_listening_since);
BEGIN
  RETURN QUERY
  WITH RECURSIVE waiting AS (
    (SELECT nas_id FROM enforcement WHERE state = 'open' ORDER BY nas_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.nas_id FROM enforcement e WHERE e.state = 'open' AND e.nas_id > w.nas_id ORDER BY e.nas_id LIMIT 1) FROM waiting w WHERE w.nas_id IS NOT NULL
  ), due AS MATERIALIZED (
    SELECT d.id FROM waiting w
    LEFT JOIN unnest(p_busy_nas, p_room) AS busy(nas_id, room) ON busy.nas_id = w.nas_id
    LEFT JOIN nas_status ns ON ns.nas_id = w.nas_id
    CROSS JOIN LATERAL (
      SELECT e.id FROM enforcement e
      WHERE e.state = 'open' AND e.nas_id = w.nas_id AND e.next_attempt_at <= v_now AND (e.claimed_until IS NULL OR e.claimed_until < clock_timestamp())
      ORDER BY e.next_attempt_at
      LIMIT coalesce(busy.room, CASE WHEN ns.coa_silent_since IS NULL THEN p_window ELSE 2 END)
      FOR UPDATE SKIP LOCKED
    ) d
    WHERE w.nas_id IS NOT NULL
    LIMIT p_limit
  ), claimed AS (
    UPDATE enforcement e SET claimed_by = p_instance, claimed_until = clock_timestamp() + make_interval(secs => p_lease_s)
    FROM due WHERE e.id = ANY (ARRAY[due.id]) RETURNING e.*
  )
  SELECT jsonb_build_object(
    'id', e.id::text, 'due', e.next_attempt_at::text, 'nas_id', e.nas_id::text, 'session_id', e.session_id::text, 'tenant_id', e.tenant_id::text,
    'silent', EXISTS (SELECT FROM nas_status ns WHERE ns.nas_id = e.nas_id AND ns.coa_silent_since IS NOT NULL),
    'kind', e.kind, 'reason', e.reason, 'by_hand', e.params ? 'down_kbps',
    'wanted', enforcement_still_wanted(e.kind, e.reason, e.params, sub.access_state, s.mode),
    'history', coalesce(h.attempts, '[]'),
    'nas', CASE WHEN n.id IS NOT NULL THEN jsonb_build_object('name', n.name, 'type', n.type, 'secret', way.secret,
      'other_secret', CASE WHEN way.front IS NULL THEN (SELECT CASE WHEN w.new_secret = way.secret THEN w.old_secret ELSE w.new_secret END FROM rotation_secret w WHERE w.nas_id = n.id) END, 'address', host(way.address), 'port', way.port, 'front', way.front, 'api', enforcement_api_way(n)) END,
    'login', CASE WHEN e.kind = 'login' THEN enforcement_login_of(e.subscription_id, e.params) END,
    'session', CASE WHEN s.radacctid IS NOT NULL AND s.stopped_at IS NULL THEN jsonb_build_object(
      'username', s.username, 'acct_session_id', s.acct_session_id, 'framed_ip', host(s.framed_ip), 'nas_identifier', s.nas_identifier,
      'nas_ip_address', host(s.nas_ip_address), 'service', s.service, 'mode', s.mode, 'rate_limit', s.rate_limit, 'mac', s.mac,
      -- By whichever of the router's clock and its own count says it is younger: a clock that is behind makes it begin too early.
      'age_s', least(extract(epoch FROM v_now - s.started_at), s.session_time_s + extract(epoch FROM v_now - s.received_at)),
      'heard_s', extract(epoch FROM v_now - s.received_at)) END,
    'ended_by', s.closed_by,
    'interim_s', coalesce(s.interim_s, v.interim_s, 300),
    'silence_proves_in_s', CASE WHEN s.radacctid IS NOT NULL THEN extract(epoch FROM enforcement_silence_proves_at(e.created_at, e.acked_at, h.gone_at, s.received_at, coalesce(s.interim_s, v.interim_s, 300), v_heard_since) - v_now) END,
    -- A cut changes nothing, and they come by the thousand.
    'change', CASE WHEN e.kind <> 'cut' THEN jsonb_build_object(
      'rate_limit', CASE
        WHEN e.params ? 'down_kbps' THEN radius_rate_limit((e.params->>'up_kbps')::bigint, (e.params->>'down_kbps')::bigint)
        WHEN sub.service_rate IS NOT NULL THEN sub.service_rate
        WHEN sub.access_state = 'throttled' THEN radius_rate_limit(v.throttle_up_kbps, v.throttle_down_kbps)
        ELSE radius_rate_limit(v.up_kbps, v.down_kbps, v.burst_up_kbps, v.burst_down_kbps, v.burst_threshold_up_kbps, v.burst_threshold_down_kbps, v.burst_time_s) END,
      -- A list in a CoA replaces the membership and nothing clears it: a plan without one is told by the name that means nothing, also where the order that was to tell of
      -- that plan has ended without it.
      'address_list', coalesce(v.address_list, CASE WHEN s.address_list IS NOT NULL THEN 'active' END),
      'left_s', extract(epoch FROM coalesce(sub.service_until, sub.valid_until) - v_now),
      'same_rate', enforcement_same_rate(e.params->>'rate_limit', s.rate_limit),
      -- From the session's start, by whichever of our clock and the router's says it is older: a payer is never cut early.
      'session_timeout_s', ceil(extract(epoch FROM coalesce(sub.service_until, sub.valid_until) - v_now) + greatest(extract(epoch FROM v_now - s.started_at), s.session_time_s + extract(epoch FROM v_now - s.received_at))),
      'total_limit_bytes', CASE WHEN sub.on_quota = 'cut' AND sub.allowance_bytes IS NOT NULL AND NOT sub.counts_by_time AND sub.cycle_ends_at IS NULL
        THEN (s.input_bytes + s.output_bytes + greatest(sub.allowance_bytes - sub.used_bytes, 1))::text END) END)
  FROM claimed e
  LEFT JOIN nas n ON n.id = e.nas_id
  LEFT JOIN LATERAL radsec_order_way(e.nas_id) way ON true
  LEFT JOIN LATERAL (SELECT * FROM session_live WHERE radacctid = e.session_id OFFSET 0) s ON true
  LEFT JOIN LATERAL (SELECT * FROM subscription_now WHERE id = e.subscription_id OFFSET 0) sub ON true
  LEFT JOIN LATERAL (SELECT * FROM plan_version WHERE id = sub.plan_version_id OFFSET 0) v ON true
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('via', a.via, 'outcome', a.outcome, 'error_cause', a.error_cause, 'ago_s', extract(epoch FROM v_now - a.at)) ORDER BY a.id) AS attempts,
           min(a.at) FILTER (WHERE a.error_cause = 503) AS gone_at
    FROM (SELECT * FROM enforcement_attempt WHERE enforcement_id = e.id ORDER BY id DESC LIMIT least(e.attempts, 50)) a
  ) h ON true;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_claim TO lango_enforcer;

-- Writes what an enforcer did, many rows at once. Each record: id, instance, due (as claimed), and any of attempt {via, outcome, error_cause, ms},
-- wait_s, state with proven_by, rate_limit. A row that was closed, started again or taken over meanwhile keeps its new fate.
-- It waits for no other lock while it holds rows: the listener locks sessions and routers first and enforcement rows last.
-- Gives the milliseconds until the first of those that stay open is due; NULL when none does.
DROP FUNCTION IF EXISTS enforcement_record(jsonb);
CREATE FUNCTION enforcement_record(p_records jsonb) RETURNS double precision
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_due timestamptz;
BEGIN
  -- Closing a session closes its rows as well; one that was heard of meanwhile leaves the row open, to be looked at again.
  PERFORM enforcement_close_silent(e.session_id)
  FROM jsonb_to_recordset(p_records) AS r (id bigint, instance text, due timestamptz, proven_by text)
  JOIN enforcement e ON e.id = ANY (ARRAY[r.id]) AND coalesce(e.state, '') = 'open' AND e.claimed_by = r.instance AND e.next_attempt_at = r.due
  WHERE r.proven_by = 'silence';

  WITH r AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(p_records)
      AS r (id bigint, instance text, due timestamptz, attempt jsonb, wait_s double precision, state text, proven_by text, rate_limit text)
  ), known AS MATERIALIZED (
    SELECT e.id, e.tenant_id, e.next_attempt_at = r.due AS same, r.attempt, r.rate_limit, r.instance,
           CASE WHEN r.proven_by IS DISTINCT FROM 'silence' THEN r.state END AS state, r.proven_by,
           CASE WHEN r.proven_by = 'silence' THEN 5 ELSE coalesce(r.wait_s, 0) END AS wait_s
    FROM r JOIN enforcement e ON e.id = ANY (ARRAY[r.id]) ORDER BY e.id + 0 FOR UPDATE OF e
  ), attempted AS (
    INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, error_cause, ms, detail)
    SELECT tenant_id, id, attempt->>'via', attempt->>'outcome', (attempt->>'error_cause')::integer, (attempt->>'ms')::integer, left(attempt->>'detail', 200) FROM known WHERE attempt IS NOT NULL
  ), kept AS (
  UPDATE enforcement e SET
    claimed_by = NULL, claimed_until = NULL,
    attempts = e.attempts + CASE WHEN k.same AND k.attempt IS NOT NULL THEN 1 ELSE 0 END,
    acked_at = CASE WHEN k.same AND k.attempt->>'outcome' = 'ack' THEN coalesce(e.acked_at, v_now) ELSE e.acked_at END,
    params = CASE WHEN k.same AND k.rate_limit IS NOT NULL THEN e.params || jsonb_build_object('rate_limit', k.rate_limit) ELSE e.params END,
    state = CASE WHEN k.same THEN coalesce(k.state, 'open') ELSE 'open' END,
    proven_by = CASE WHEN k.same AND k.state = 'proven' THEN k.proven_by END,
    proven_at = CASE WHEN k.same AND k.state = 'proven' THEN v_now END,
    closed_at = CASE WHEN k.same AND k.state IS NOT NULL THEN v_now END,
    next_attempt_at = CASE WHEN k.same THEN v_now + make_interval(secs => k.wait_s) ELSE e.next_attempt_at END
  FROM known k WHERE e.id = ANY (ARRAY[k.id]) AND coalesce(e.state, '') = 'open' AND e.claimed_by = k.instance
  RETURNING e.state, e.next_attempt_at)
  SELECT min(kept.next_attempt_at) INTO v_due FROM kept WHERE kept.state = 'open';
  RETURN 1000 * extract(epoch FROM v_due - v_now);
END $$;
GRANT EXECUTE ON FUNCTION enforcement_record TO lango_enforcer;

-- For people and jobs: ends an open row with this outcome. False when it was not open.
CREATE OR REPLACE FUNCTION enforcement_close(p_id bigint, p_state text, p_proven_by text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE enforcement SET state = p_state, proven_by = p_proven_by, proven_at = CASE WHEN p_state = 'proven' THEN lango_now() END,
    closed_at = lango_now(), claimed_by = NULL, claimed_until = NULL
  WHERE id = p_id AND state = 'open' AND p_state <> 'open';
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_close TO lango_enforcer, lango_accounting, lango_jobs;

-- Closes a session that fell silent, unless it has been heard of meanwhile or is being written at this moment. A later record opens it again.
CREATE OR REPLACE FUNCTION enforcement_close_silent(p_session_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM session_live WHERE radacctid = p_session_id AND stopped_at IS NULL
    AND received_at < lango_now() - make_interval(secs => coalesce(interim_s, 30)) FOR UPDATE SKIP LOCKED;
  RETURN FOUND AND accounting_close(ARRAY[p_session_id], 'stale', lango_now()) = 1;
END $$;

-- Whether a router answers, written only when that changes or once a minute. True when one that was silent speaks again.
CREATE OR REPLACE FUNCTION enforcement_note_router(p_nas_id bigint, p_outcome text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_silent_since timestamptz; v_last_ack_at timestamptz;
BEGIN
  SELECT coa_silent_since, coa_last_ack_at INTO v_silent_since, v_last_ack_at FROM nas_status WHERE nas_id = p_nas_id;
  IF p_outcome = 'silence' THEN
    IF v_silent_since IS NULL THEN
      INSERT INTO nas_status (nas_id, tenant_id, coa_silent_since) SELECT id, tenant_id, lango_now() FROM nas WHERE id = p_nas_id
      ON CONFLICT (nas_id) DO UPDATE SET coa_silent_since = coalesce(nas_status.coa_silent_since, excluded.coa_silent_since);
    END IF;
    RETURN false;
  END IF;
  IF v_silent_since IS NOT NULL OR v_last_ack_at IS NULL OR v_last_ack_at < lango_now() - interval '1 minute' THEN
    INSERT INTO nas_status (nas_id, tenant_id, coa_last_ack_at) SELECT id, tenant_id, lango_now() FROM nas WHERE id = p_nas_id
    ON CONFLICT (nas_id) DO UPDATE SET coa_silent_since = NULL, coa_last_ack_at = excluded.coa_last_ack_at;
  END IF;
  RETURN v_silent_since IS NOT NULL;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_note_router TO lango_enforcer;

-- Makes what waits for a router's answer due now: it answers again, or its address or secret was changed.
CREATE OR REPLACE FUNCTION enforcement_retry_router(p_nas_id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_rows integer;
BEGIN
  UPDATE enforcement SET next_attempt_at = v_now
  WHERE id IN (SELECT id FROM enforcement WHERE state = 'open' AND nas_id = p_nas_id AND next_attempt_at > v_now AND acked_at IS NULL
                 AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) ORDER BY id FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_retry_router TO lango_enforcer;

-- Subscriptions whose end has come, p_limit at a time and each by one enforcer. Returns how many were taken.
CREATE OR REPLACE FUNCTION enforce_expired(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_ids bigint[];
BEGIN
  WITH due AS (SELECT id FROM subscription WHERE expiry_due_at <= v_now ORDER BY expiry_due_at LIMIT p_limit FOR UPDATE SKIP LOCKED),
       taken AS (UPDATE subscription s SET expiry_due_at = NULL FROM due WHERE s.id = ANY (ARRAY[due.id]) RETURNING s.id)
  SELECT coalesce(array_agg(id), '{}') INTO v_ids FROM taken;
  PERFORM enforce_subscriptions(v_ids, 'expired');
  RETURN cardinality(v_ids);
END $$;
GRANT EXECUTE ON FUNCTION enforce_expired TO lango_enforcer;

-- Milliseconds until the enforcer has something to do, by its own and the expiry clock; NULL when nothing waits.
CREATE OR REPLACE FUNCTION enforcement_next_ms() RETURNS double precision LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT 1000 * extract(epoch FROM least(
    (SELECT min(expiry_due_at) FROM subscription WHERE expiry_due_at IS NOT NULL),
    enforce_rules_next_at(),
    (SELECT min(next_attempt_at) FROM enforcement WHERE state = 'open' AND (claimed_until IS NULL OR claimed_until < clock_timestamp())),
    -- A claim that is never given back falls free in real time.
    (SELECT min(claimed_until) FROM enforcement WHERE state = 'open' AND next_attempt_at <= lango_now() AND claimed_until >= clock_timestamp()) - clock_timestamp() + lango_now()
  ) - lango_now())::double precision);
END $$;
GRANT EXECUTE ON FUNCTION enforcement_next_ms TO lango_enforcer;
