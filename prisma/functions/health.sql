-- Figures over all companies for /metrics: counts only, which is why the web role may ask for them.
CREATE OR REPLACE FUNCTION health_figures() RETURNS TABLE (
  sessions_live float8, enforcement_open float8, enforcement_oldest_s float8, enforcement_gave_up float8, spool_packets float8
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT (SELECT count(*) FROM session_live WHERE stopped_at IS NULL)::float8,
         e.open, e.oldest_s,
         (SELECT count(*) FROM enforcement WHERE state = 'gave_up' AND created_at > lango_now() - interval '1 day')::float8,
         (SELECT coalesce(sum(pending_packets), 0) FROM accounting_spool)::float8
  FROM (SELECT count(*)::float8 AS open, coalesce(extract(epoch FROM lango_now() - min(created_at)), 0)::float8 AS oldest_s
        FROM enforcement WHERE state = 'open') e
$$;
GRANT EXECUTE ON FUNCTION health_figures() TO lango_web, lango_jobs;
