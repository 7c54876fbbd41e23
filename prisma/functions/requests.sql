-- The web process writes for all companies and for nobody, in batches: under row-level security each row would need a transaction of its own.
CREATE OR REPLACE FUNCTION request_log_write(p_calls jsonb, p_errors jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO request_log (at, tenant_id, staff_id, token_id, who, method, route, path, status, ms, code, request_id, ip, user_agent)
  SELECT at, tenant_id, staff_id, token_id, who, method, route, path, status, ms, code, request_id, ip, user_agent FROM jsonb_populate_recordset(NULL::request_log, p_calls);
  INSERT INTO request_error (at, tenant_id, fingerprint, name, message, stack, method, path, request_id)
  SELECT at, tenant_id, fingerprint, name, message, stack, method, path, request_id FROM jsonb_populate_recordset(NULL::request_error, p_errors);
$$;
GRANT EXECUTE ON FUNCTION request_log_write(jsonb, jsonb) TO lango_web;

-- Faults of the whole installation, for a super admin: one row each, with how often and when last. p_fingerprint: every one of these.
DROP FUNCTION IF EXISTS request_errors(bigint, text, bigint, integer);
CREATE FUNCTION request_errors(p_staff_id bigint, p_fingerprint text, p_before bigint, p_limit integer)
RETURNS TABLE (id bigint, at timestamptz, tenant_id bigint, tenant_name text, fingerprint text, name text, message text, stack text, method text, path text, request_id text, times bigint, first_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH seen AS (
    SELECT e.*, count(*) OVER w AS times, min(e.at) OVER w AS first_at, row_number() OVER (PARTITION BY e.fingerprint ORDER BY e.id DESC) AS nth
    FROM request_error e WHERE p_fingerprint IS NULL OR e.fingerprint = p_fingerprint WINDOW w AS (PARTITION BY e.fingerprint))
  SELECT s.id, s.at, s.tenant_id, t.name, s.fingerprint, s.name, s.message, s.stack, s.method, s.path, s.request_id, s.times, s.first_at
  FROM seen s LEFT JOIN tenant t ON t.id = s.tenant_id
  WHERE EXISTS (SELECT FROM staff p WHERE p.id = p_staff_id AND p.tenant_id = lango_tenant() AND p.is_super_admin AND p.disabled_at IS NULL)
    AND (p_fingerprint IS NOT NULL OR s.nth = 1) AND (p_before IS NULL OR s.id < p_before)
  ORDER BY s.id DESC LIMIT p_limit
$$;
GRANT EXECUTE ON FUNCTION request_errors(bigint, text, bigint, integer) TO lango_web;

-- Makes the partitions of the coming days and drops those that are past keeping; the machine's clock, as all of both logs. Returns how many were made or dropped.
CREATE OR REPLACE FUNCTION request_partitions(p_days_ahead integer, p_keep_days integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE parent text; d date; part text; touched integer := 0; v_today date := (now() AT TIME ZONE 'UTC')::date; old record;
BEGIN
  FOREACH parent IN ARRAY ARRAY['request_log', 'request_error'] LOOP
    FOR d IN SELECT v_today + n FROM generate_series(0, p_days_ahead) n LOOP
      part := format('%s_%s', parent, to_char(d, 'YYYYMMDD'));
      CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE at >= %L AND at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_default', d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00', part);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00');
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
      touched := touched + 1;
    END LOOP;
    FOR old IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = parent::regclass AND c.relname ~ '_[0-9]{8}$' AND to_date(right(c.relname, 8), 'YYYYMMDD') < v_today - p_keep_days LOOP
      EXECUTE format('DROP TABLE %I', old.relname);
      touched := touched + 1;
    END LOOP;
    EXECUTE format('DELETE FROM %I WHERE at < now() - make_interval(days => %s)', parent || '_default', p_keep_days);
  END LOOP;
  RETURN touched;
END $$;
GRANT EXECUTE ON FUNCTION request_partitions(integer, integer) TO lango_jobs;
