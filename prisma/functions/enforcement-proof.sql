-- When an order counts as done: what the listener writes down of a session proves it. Look-ups by key, as in enforcement.sql.

-- The first group of a Mikrotik-Rate-Limit as 'rx/tx' in bits per second, because routers report 5M/10M for 5000k/10000k. NULL: not readable.
CREATE OR REPLACE FUNCTION enforcement_rate_bps(p_rate text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  m text[] := regexp_match(p_rate, '^\s*(\d{1,15})([kKmMgG]?)(?:/(\d{1,15})([kKmMgG]?))?(?:\s|$)');
  unit jsonb := '{"": 1, "k": 1000, "m": 1000000, "g": 1000000000}';
  rx numeric := m[1]::numeric * (unit->>lower(m[2]))::numeric;
BEGIN
  -- A missing second part is like the first.
  RETURN rx || '/' || coalesce(m[3]::numeric * (unit->>lower(m[4]))::numeric, rx);
END $$;

CREATE OR REPLACE FUNCTION enforcement_same_rate(p_a text, p_b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(enforcement_rate_bps(p_a) = enforcement_rate_bps(p_b), false) $$;
COMMENT ON FUNCTION enforcement_same_rate IS 'Whether two Mikrotik-Rate-Limit values mean the same plain rate.';
GRANT EXECUTE ON FUNCTION enforcement_same_rate TO lango_accounting, lango_enforcer, lango_web, lango_jobs;

-- For the accounting listener: these sessions have ended, so whatever was open for them has become true. How they ended is the proof.
-- Rows are locked in the order of their ids, here and wherever many are: an enforcer writes the outcomes of the same rows at the same moment. (id + 0: sorted, and not found by walking through the ids.)
CREATE OR REPLACE FUNCTION enforcement_prove_closed(p_session_ids bigint[], p_proven_by text DEFAULT 'stop') RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_rows integer;
BEGIN
  WITH found AS MATERIALIZED (
    SELECT e.id FROM unnest(p_session_ids) AS ended (id)
    JOIN enforcement e ON e.session_id = ANY (ARRAY[ended.id]) AND coalesce(e.state, '') = 'open' ORDER BY e.id + 0 FOR UPDATE OF e
  )
  UPDATE enforcement e SET state = 'proven', proven_by = p_proven_by, proven_at = v_now, closed_at = v_now, claimed_by = NULL, claimed_until = NULL
  FROM found WHERE e.id = ANY (ARRAY[found.id]);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_prove_closed TO lango_accounting, lango_jobs;

-- For the accounting listener: what routers reported of these sessions. A Stop proves whatever was open; a record with the rate of an acknowledged change
-- proves that, unless it is from before the acknowledgement. One with another rate, once there was time to obey, shows that the router did not: what waits for
-- its proof is looked at now, and not when the proof would be late. Returns how many were proven.
DROP FUNCTION IF EXISTS enforcement_prove_rate;
CREATE OR REPLACE FUNCTION enforcement_prove_reported(p_session bigint[], p_rate text[], p_at timestamptz[], p_stopped boolean[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_proven integer;
  v_disproved integer;
BEGIN
  WITH found AS MATERIALIZED (
    SELECT e.id, r.stopped, r.stopped OR enforcement_same_rate(e.params->>'rate_limit', r.rate) AS proven
    FROM unnest(p_session, p_rate, p_at, p_stopped) AS r (id, rate, at, stopped)
    JOIN enforcement e ON e.session_id = ANY (ARRAY[r.id]) AND coalesce(e.state, '') = 'open'
      AND (r.stopped OR e.params ? 'rate_limit' AND CASE WHEN enforcement_same_rate(e.params->>'rate_limit', r.rate) THEN r.at >= e.acked_at - interval '1 s'
                                                         ELSE r.at > e.acked_at + interval '3 s' AND e.next_attempt_at > v_now AND e.claimed_by IS NULL END)
    WHERE r.stopped OR r.rate IS NOT NULL
    ORDER BY e.id + 0 FOR UPDATE OF e
  ), proven AS (
    UPDATE enforcement e SET state = 'proven', proven_by = CASE WHEN found.stopped THEN 'stop' ELSE 'interim' END, proven_at = v_now, closed_at = v_now,
      claimed_by = NULL, claimed_until = NULL
    FROM found WHERE e.id = ANY (ARRAY[found.id]) AND found.proven RETURNING e.id
  ), disproved AS (
    UPDATE enforcement e SET next_attempt_at = v_now FROM found WHERE e.id = ANY (ARRAY[found.id]) AND NOT found.proven RETURNING e.id
  )
  SELECT (SELECT count(*) FROM proven), (SELECT count(*) FROM disproved) INTO v_proven, v_disproved;
  IF v_disproved > 0 THEN PERFORM pg_notify('lango_enforcement', ''); END IF;
  RETURN v_proven;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_prove_reported TO lango_accounting;
