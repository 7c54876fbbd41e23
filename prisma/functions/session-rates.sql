-- At which rate an open session runs as far as we know, held against the one that its plan gives now.

-- The rate that an open session runs at as far as we told it: by the last acknowledged CoA, else in the Class of its login. NULL when neither says.
CREATE OR REPLACE FUNCTION session_told_rate(p_told_rate text, p_class bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(p_told_rate, substring(encode(p_class, 'escape') FROM '^L1:\d+:[0-9a-f]{16}:[ft]:([^@\s]+)')) $$;
GRANT EXECUTE ON FUNCTION session_told_rate TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- Whether a session was told another rate than the one that holds; false where it cannot be known.
CREATE OR REPLACE FUNCTION session_rate_differs(p_told_rate text, p_class bytea, p_rate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(split_part(session_told_rate(p_told_rate, p_class), ' ', 1) <> split_part(p_rate, ' ', 1), false) $$;
GRANT EXECUTE ON FUNCTION session_rate_differs TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- Whether a session has to be told its rate although its mode is right. Where it cannot be known what it was told (a NAS that echoes no Class), what has
-- just changed decides.
CREATE OR REPLACE FUNCTION session_must_rerate(p_reason text, p_told_rate text, p_class bytea, p_rate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_rate IS NOT NULL AND (session_rate_differs(p_told_rate, p_class, p_rate)
    OR session_told_rate(p_told_rate, p_class) IS NULL
       AND p_reason IN ('time_rule', 'cycle_turned', 'cap_throttle', 'topped_up', 'renewed', 'payment', 'plan_changed', 'resumed'))
$$;
GRANT EXECUTE ON FUNCTION session_must_rerate TO lango_web, lango_jobs, lango_accounting, lango_enforcer;
