-- The logs of requests and errors have partitions of a day, which request_partitions makes: those of a month stand in their way.
CREATE OR REPLACE FUNCTION platform_make_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parent text; key text; zero text; m date; part text; made integer := 0;
BEGIN
  FOR parent, key, zero IN
    SELECT c.relname, a.attname, CASE WHEN a.atttypid = 'date'::regtype THEN '' ELSE ' 00:00:00+00' END
    FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid AND c.relnamespace = 'public'::regnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE p.partstrat = 'r' AND p.partdefid <> 0 AND c.relname NOT IN ('request_log', 'request_error') ORDER BY 1
  LOOP
    FOR m IN SELECT generate_series(date_trunc('month', lango_now() AT TIME ZONE 'UTC') - interval '1 month',
                                    date_trunc('month', lango_now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead), '1 month')::date LOOP
      part := format('%s_%s', parent, to_char(m, 'YYYYMM'));
      CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
      -- Rows that are rewritten often need room on their page.
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = %s)', part, parent,
                     CASE parent WHEN 'usage_hour' THEN 60 WHEN 'message' THEN 70 ELSE 100 END);
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                     parent || '_default', key, m::text || zero, key, (m + interval '1 month')::date::text || zero, part);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, m::text || zero, (m + interval '1 month')::date::text || zero);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

DO $$
DECLARE parent regclass; part regclass;
BEGIN
  FOR parent, part IN
    SELECT i.inhparent, i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('request_log'::regclass, 'request_error'::regclass) AND c.relname ~ '_[0-9]{6}$'
  LOOP
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, part);
    EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM %s', parent, part);
    EXECUTE format('DROP TABLE %s', part);
  END LOOP;
END $$;
