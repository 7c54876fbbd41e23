-- How sessions end of which no Stop comes, and where ended ones go.

-- Closes sessions of which no Stop will come, at their last known moment, and settles what the enforcer still wanted of them.
CREATE OR REPLACE FUNCTION accounting_close(p_ids bigint[], p_closed_by text, p_at timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE closed integer;
BEGIN
  UPDATE session_live SET stopped_at = updated_at, closed_by = p_closed_by, closed_at = p_at,
    terminate_cause = CASE p_closed_by WHEN 'nas_reboot' THEN 'NAS-Reboot' ELSE 'Lost-Carrier' END
  -- Not "stopped_at IS NULL": a plan made while the table was young would walk a whole index of open sessions instead of looking up the ids.
  WHERE radacctid = ANY (p_ids) AND coalesce(stopped_at, 'infinity') = 'infinity';
  GET DIAGNOSTICS closed = ROW_COUNT;
  IF closed > 0 THEN
    PERFORM enforcement_prove_closed(p_ids, CASE p_closed_by WHEN 'stale' THEN 'silence' WHEN 'nas_reboot' THEN 'stop' ELSE 'new_session' END);
  END IF;
  RETURN closed;
END $$;

-- Accounting-On, Accounting-Off or a new RouterOS boot digit: what that router had open is gone. Several routers may share one address, so each
-- part of the identity that both sides know must agree. Sessions that began later or were heard of later live on. Gives the number closed.
CREATE OR REPLACE FUNCTION accounting_reboot(
  p_nas bigint, p_event timestamptz, p_received timestamptz, p_identifier text, p_nas_ip inet, p_realm text, p_boot text
) RETURNS integer LANGUAGE sql AS $$
  SELECT coalesce(accounting_close(array_agg(radacctid), 'nas_reboot', p_event), 0) FROM (
  SELECT s.radacctid FROM session_live s
  WHERE s.nas_id = p_nas AND s.stopped_at IS NULL AND s.started_at <= p_event AND s.updated_at <= p_event AND s.received_at < p_received
    AND coalesce(s.nas_identifier = p_identifier, true) AND coalesce(s.nas_ip_address = p_nas_ip, true) AND coalesce(s.realm = p_realm, true)
    -- RouterOS session ids: 2 hex digits of service, 1 that counts boots, 5 that count sessions. No router boots within 30 s.
    AND (p_boot IS NULL OR s.acct_session_id ~ '^8[0-9a-f]{7}$' AND left(s.acct_session_id, 2) = left(p_boot, 2)
      AND left(s.acct_session_id, 3) <> p_boot AND s.updated_at < p_event - interval '30 s')
  -- In the order in which batches lock them.
  ORDER BY s.acct_session_id COLLATE "C" FOR UPDATE) ended
$$;

-- Accounting-On and -Off, and a new boot digit (p_boot: the first three digits of the session id), from the listener. Times as in accounting_apply.
CREATE OR REPLACE FUNCTION accounting_router_restarted(
  p_nas bigint, p_tenant bigint, p_event_ms bigint, p_received_ms bigint, p_identifier text, p_nas_ip inet, p_realm text, p_boot text
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  shift_ms bigint := extract(epoch FROM lango_clock_shift()) * 1000;
  v_at timestamptz := to_timestamp((p_event_ms + shift_ms) / 1000.0);
  closed integer;
BEGIN
  closed := accounting_reboot(p_nas, v_at, to_timestamp((p_received_ms + shift_ms) / 1000.0), p_identifier, p_nas_ip, p_realm, p_boot);
  -- The first Start that a listener hears shows a boot digit too: without a session that it ends it tells of no restart.
  IF p_boot IS NULL OR closed > 0 THEN
    INSERT INTO nas_status AS t (nas_id, tenant_id, restarted_at) SELECT id, tenant_id, v_at FROM nas WHERE id = p_nas
    ON CONFLICT (nas_id) DO UPDATE SET restarted_at = greatest(t.restarted_at, excluded.restarted_at);
  END IF;
  IF closed > 0 THEN PERFORM accounting_tell_sessions(ARRAY[p_tenant]); END IF;
  RETURN closed;
END $$;
GRANT EXECUTE ON FUNCTION accounting_router_restarted TO lango_accounting;

-- Since when every listener has been heard without a gap and holds nothing back; NULL while one does, or none is there. A listener that has been
-- silent for a day counts as gone for good.
CREATE OR REPLACE FUNCTION accounting_caught_up_at() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN bool_and(pending_packets = 0) AND bool_or(beat_at > clock_timestamp() - interval '15 s') THEN max(drained_at) END
  FROM accounting_spool WHERE beat_at > clock_timestamp() - interval '1 day'
$$;

-- Closes sessions that missed three interims, at their last known moment. Nothing is swept until every spool is drained and one interval has passed.
-- A router with a wrong clock must not lose its sessions, so it is the time of arrival that counts.
CREATE OR REPLACE FUNCTION accounting_sweep_stale(p_limit integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  caught_up timestamptz := accounting_caught_up_at();
  ids bigint[];
  closed integer;
BEGIN
  IF caught_up IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(radacctid), count(*) INTO ids, closed FROM (
    SELECT radacctid FROM session_live
    WHERE stopped_at IS NULL
      AND received_at < lango_now() - make_interval(secs => 3 * greatest(coalesce(interim_s, 300), 60) + 30)
      AND caught_up < lango_now() - make_interval(secs => greatest(coalesce(interim_s, 300), 60))
    ORDER BY radacctid LIMIT p_limit FOR UPDATE SKIP LOCKED) stale;
  IF ids IS NULL THEN RETURN 0; END IF;
  PERFORM accounting_tell_sessions(array_agg(DISTINCT tenant_id)) FROM session_live WHERE radacctid = ANY (ids);
  RETURN accounting_close(ids, 'stale', lango_now());
END $$;
GRANT EXECUTE ON FUNCTION accounting_sweep_stale TO lango_jobs;

-- Moves sessions that have been closed for a day to the partitions of their day. A late packet brings one back (accounting_unarchive).
CREATE OR REPLACE FUNCTION accounting_archive(p_limit integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moved_rows integer;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT nas_id, acct_session_id, generation FROM session_live
    -- closed_at, not stopped_at: a session found stale or ended by a router whose records came late was closed later than it was last heard of.
    WHERE stopped_at < lango_now() - interval '1 day' AND greatest(closed_at, received_at) < lango_now() - interval '1 day'
    ORDER BY stopped_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), moved AS (
    DELETE FROM session_live s USING due d
    WHERE s.nas_id = d.nas_id AND s.acct_session_id = d.acct_session_id AND s.generation = d.generation RETURNING s.*
  )
  INSERT INTO session_closed SELECT * FROM moved;
  GET DIAGNOSTICS moved_rows = ROW_COUNT;
  RETURN moved_rows;
END $$;
GRANT EXECUTE ON FUNCTION accounting_archive TO lango_jobs;
