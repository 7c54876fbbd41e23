-- Figures over all companies for /metrics: counts only, which is why the web role may ask for them.
DROP FUNCTION IF EXISTS health_figures();
CREATE FUNCTION health_figures() RETURNS TABLE (
  sessions_live float8, enforcement_open float8, enforcement_oldest_s float8, enforcement_gave_up float8, spool_packets float8,
  free_riders float8, held_back float8, sweep_round_s float8, sweep_age_s float8
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT (SELECT count(*) FROM session_live WHERE stopped_at IS NULL)::float8,
         e.open, e.oldest_s,
         (SELECT count(*) FROM enforcement WHERE state = 'gave_up' AND created_at > lango_now() - interval '1 day')::float8,
         (SELECT coalesce(sum(pending_packets), 0) FROM accounting_spool)::float8,
         u.free_riders, u.held_back, r.took_s, extract(epoch FROM clock_timestamp() - r.ended_at)::float8
  FROM (SELECT count(*)::float8 AS open, coalesce(extract(epoch FROM lango_now() - min(created_at)), 0)::float8 AS oldest_s
        FROM enforcement WHERE state = 'open') e,
       (SELECT count(*) FILTER (WHERE what = 'free_rider')::float8 AS free_riders, count(*) FILTER (WHERE what = 'held_back')::float8 AS held_back
        FROM enforcement_undone()) u,
       enforcement_round r
$$;
REVOKE EXECUTE ON FUNCTION health_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION health_figures() TO lango_web, lango_jobs;

-- The sign of life of a part beside FreeRADIUS, whose role touches no table; without a state its row is taken away.
CREATE OR REPLACE FUNCTION aaa_beat(p_part text, p_instance text, p_state text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF p_part NOT IN ('snapshot', 'nas-watcher') THEN
    RAISE EXCEPTION 'no part % beside FreeRADIUS', p_part;
  END IF;
  IF p_state IS NULL THEN
    DELETE FROM platform_heartbeat WHERE part = p_part AND instance = p_instance;
    RETURN;
  END IF;
  INSERT INTO platform_heartbeat (part, instance, state) VALUES (p_part, p_instance, left(p_state, 200))
  ON CONFLICT (part, instance) DO UPDATE SET beat_at = clock_timestamp(), state = excluded.state;
END $$;
REVOKE EXECUTE ON FUNCTION aaa_beat(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aaa_beat(text, text, text) TO lango_radius;
