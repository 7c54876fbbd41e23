-- Usage by the hours of a plan.

-- Bytes of one accounting record that do not count: it tells of the seconds before it, which are shared out by the hours they fell in.
CREATE OR REPLACE FUNCTION plan_free_bytes(p_week jsonb, p_timezone text, p_at timestamptz, p_seconds bigint, p_bytes bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- A week tells all hours; a record of more (months in a spool, a first word late) is not walked through.
  v_from timestamptz := p_at - make_interval(secs => least(greatest(p_seconds, 0), 604800));
  v_counted numeric := 0;
  v_span numeric := extract(epoch FROM p_at - v_from);
  v_until timestamptz;
  w record;
BEGIN
  IF v_span = 0 THEN
    w := plan_week_at(p_week, p_timezone, p_at);
    RETURN p_bytes - floor(p_bytes * coalesce((w.o_rule->>'percent')::numeric, 100) / 100);
  END IF;
  WHILE v_from < p_at LOOP
    w := plan_week_at(p_week, p_timezone, v_from);
    v_until := least(w.o_next_at, p_at);
    v_counted := v_counted + extract(epoch FROM v_until - v_from) * coalesce((w.o_rule->>'percent')::numeric, 100);
    v_from := v_until;
  END LOOP;
  RETURN p_bytes - floor(p_bytes * v_counted / (100 * v_span));
END $$;

-- The same for all records of one subscription in a batch, from accounting.
CREATE OR REPLACE FUNCTION subscription_free_bytes(
  p_id bigint, p_sub bigint[], p_event timestamptz[], p_in bigint[], p_out bigint[], p_s bigint[]
) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(plan_free_bytes(v.rules->'week', t.timezone, d.at, d.s, d.b_in + d.b_out)), 0)::bigint
  FROM unnest(p_sub, p_event, p_in, p_out, p_s) AS d (sub, at, b_in, b_out, s)
  JOIN subscription s ON s.id = d.sub JOIN plan_version v ON v.id = s.plan_version_id JOIN tenant t ON t.id = s.tenant_id
  WHERE d.sub = p_id AND v.rules ? 'week'
$$;

-- Whether usage passed a fair-use step or the cap between two values.
CREATE OR REPLACE FUNCTION plan_crosses(p_rules jsonb, p_quota_bytes bigint, p_topup_bytes bigint, p_was bigint, p_is bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT EXISTS (
    SELECT FROM (SELECT (step->>'at')::bigint AS at FROM jsonb_array_elements(p_rules->'steps') AS step UNION ALL SELECT p_quota_bytes) t
    WHERE t.at + p_topup_bytes > p_was AND t.at + p_topup_bytes <= p_is)
$$;
