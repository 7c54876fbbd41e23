-- The net under everything, and the count of what has slipped through it.

-- Finds open sessions that disagree with their subscription and for which nothing is under way (a login that was accepted just before the cut and
-- started after it; a row given up an hour ago), and those that began while something was bought for them. A town has 100,000 sessions, so each look takes those that began since the last one and the next
-- p_sessions of a round through all of them. Returns the number of rows written, or -1 when another enforcer is at it.
DROP FUNCTION IF EXISTS enforcement_sweep(interval);
CREATE OR REPLACE FUNCTION enforcement_sweep(p_sessions integer DEFAULT 5000, p_again_after interval DEFAULT '1 hour') RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_round enforcement_round;
  v_next bigint[];
  v_fresh bigint[];
  v_sessions bigint[];
  v_kinds text[];
  v_reasons text[];
  v_written integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('enforcement_sweep')) THEN RETURN -1; END IF;
  SELECT * INTO v_round FROM enforcement_round FOR UPDATE;
  v_next := ARRAY(SELECT radacctid FROM session_live WHERE radacctid > v_round.next_id AND stopped_at IS NULL ORDER BY radacctid LIMIT p_sessions);
  -- Ids are given before they are committed, so the newest seen is no border: the thousand before it are looked at again.
  v_fresh := ARRAY(SELECT radacctid FROM session_live WHERE radacctid > v_round.newest_id - 1000 AND stopped_at IS NULL ORDER BY radacctid DESC LIMIT p_sessions);
  UPDATE enforcement_round SET
    newest_id = greatest(newest_id, v_fresh[1]),
    next_id = CASE WHEN cardinality(v_next) < p_sessions THEN 0 ELSE v_next[p_sessions] END,
    sessions = CASE WHEN next_id = 0 THEN 0 ELSE sessions END + cardinality(v_next),
    started_at = CASE WHEN next_id = 0 THEN clock_timestamp() ELSE started_at END,
    ended_at = CASE WHEN cardinality(v_next) < p_sessions THEN clock_timestamp() ELSE ended_at END,
    took_s = CASE WHEN cardinality(v_next) < p_sessions THEN CASE WHEN next_id = 0 THEN 0 ELSE extract(epoch FROM clock_timestamp() - started_at) END ELSE took_s END;
  SELECT array_agg(radacctid), array_agg(kind), array_agg(CASE kind WHEN 'cut' THEN access_state WHEN 'throttle' THEN 'cap_throttle' ELSE 'resumed' END)
  INTO v_sessions, v_kinds, v_reasons
  FROM (
    SELECT l.radacctid, l.mode, sub.access_state,
           enforcement_or_rate_anew(enforcement_needed(sub.access_state, l.mode, 'sweep', NULL, NULL, session_must_rerate('sweep', l.told_rate, l.class, sub.service_rate)),
                                    sub.access_state, l.radacctid) AS kind
    FROM (SELECT unnest(v_next) AS id UNION SELECT unnest(v_fresh)) looked
    CROSS JOIN LATERAL (SELECT * FROM session_live WHERE radacctid = looked.id AND closed_by IS NULL OFFSET 0) l
    CROSS JOIN LATERAL (SELECT * FROM subscription_now WHERE id = l.subscription_id OFFSET 0) sub
    -- An end of validity that has just come is the sleeper's: both at once would write a midnight's rows twice.
    WHERE sub.expiry_due_at IS NULL OR sub.expiry_due_at NOT BETWEEN lango_now() - interval '1 minute' AND lango_now()
    OFFSET 0
  ) found
  -- A session of unknown mode cannot be seen to disagree about its rate.
  WHERE kind IS NOT NULL AND NOT (kind = 'throttle' AND mode IS NULL)
    AND NOT EXISTS (SELECT 1 FROM enforcement e WHERE e.session_id = found.radacctid
                      AND (e.state = 'open' AND e.kind IN (found.kind, 'cut') OR e.kind = found.kind AND e.state IN ('gave_up', 'unproven') AND e.closed_at > lango_now() - p_again_after) OFFSET 0);
  IF v_sessions IS NOT NULL THEN v_written := cardinality(enforcement_open(v_sessions, v_kinds, v_reasons, '{}')); END IF;
  -- A purchase and a Start that were written across each other: the one saw no session to tell, the other (accounting_greet) not what was bought.
  SELECT o_ids, o_reasons INTO v_sessions, v_reasons FROM accounting_outdated(ARRAY(
    SELECT l.radacctid FROM unnest(v_fresh) AS fresh (id)
    CROSS JOIN LATERAL (SELECT * FROM session_live WHERE radacctid = fresh.id AND closed_by IS NULL OFFSET 0) l
    WHERE l.received_at - l.session_time_s * interval '1 second' > lango_now() - interval '2 minutes'
      AND NOT EXISTS (SELECT 1 FROM enforcement e WHERE e.session_id = l.radacctid OFFSET 0)), '{}');
  IF v_sessions IS NOT NULL THEN
    v_written := v_written + cardinality(enforcement_open(v_sessions, array_fill('refresh'::text, ARRAY[cardinality(v_sessions)]), v_reasons, '{}'));
  END IF;
  RETURN v_written;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_sweep TO lango_enforcer;

-- What the network still does though it was told otherwise ten seconds ago or more: 'free_rider' is online with service that nobody paid for,
-- 'held_back' is entitled and still slow or in the walled garden. Every disagreement becomes a row, at once or by the sweep, so the few rows that
-- are not proven are all there is to read.
CREATE OR REPLACE FUNCTION enforcement_undone() RETURNS TABLE (tenant_id bigint, session_id bigint, enforcement_id bigint, what text, since timestamptz)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT ON (e.session_id) e.tenant_id, e.session_id, e.id, CASE e.kind WHEN 'cut' THEN 'free_rider' ELSE 'held_back' END,
         min(e.created_at) OVER (PARTITION BY e.session_id)
  FROM enforcement e
  JOIN session_live l ON l.radacctid = e.session_id AND l.stopped_at IS NULL
  JOIN subscription_now sub ON sub.id = l.subscription_id
  WHERE e.state <> 'proven' AND e.kind IN ('cut', 'restore') AND e.created_at < lango_now() - interval '10 seconds'
    AND NOT enforcement_is_final(e.reason)
    AND (e.kind = 'cut' OR l.mode IN ('throttled', 'garden')) AND enforcement_still_wanted(e.kind, e.reason, e.params, sub.access_state, l.mode)
  ORDER BY e.session_id, e.id DESC;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_undone TO lango_web, lango_jobs, lango_enforcer;
