-- Asking routers how they are: whom, and what came of it. For the jobs part alone, over all companies.

-- Every router with what was known of it a round ago. Without an API it is judged by when RADIUS last heard of it: quiet for a quarter of an hour
-- while people are online through it is silent.
DROP FUNCTION IF EXISTS monitoring_targets();
CREATE FUNCTION monitoring_targets() RETURNS TABLE (
  tenant_id bigint, nas_id bigint, name text, api jsonb, quiet boolean, sessions integer, sessions_before real,
  state text, since_s float8, ports jsonb, watch jsonb, opened jsonb, limits jsonb
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  -- Not called n: a sample has a column of that name.
  SELECT r.tenant_id, r.id, r.name, enforcement_api_way(r),
         coalesce(greatest(s.last_access_at, s.last_accounting_at) < lango_now() - interval '15 minutes', true),
         coalesce(live.sessions, 0), before.sessions, m.state, extract(epoch FROM lango_now() - m.answered_at)::float8, coalesce(m.ports, '[]'), coalesce(m.watch, '{}'),
         coalesce((SELECT jsonb_agg(jsonb_build_object('kind', a.kind, 'subject', a.subject)) FROM monitoring_alert a
                   WHERE a.nas_id = r.id AND a.closed_at IS NULL), '[]'),
         to_jsonb(l) - 'tenant_id' - 'phone' - 'email' - 'locale' - 'updated_at' - 'version'
  FROM nas r
  JOIN tenant t ON t.id = r.tenant_id
  LEFT JOIN nas_status s ON s.nas_id = r.id
  LEFT JOIN monitoring_state m ON m.nas_id = r.id
  LEFT JOIN monitoring_setting l ON l.tenant_id = r.tenant_id
  LEFT JOIN (SELECT v.nas_id, count(*)::integer AS sessions FROM session_live v WHERE v.stopped_at IS NULL GROUP BY v.nas_id) live ON live.nas_id = r.id
  -- How many there were in the five minutes before the last: what a fall is held against.
  LEFT JOIN monitoring_sample before ON before.nas_id = r.id AND before.step = 300
    AND before.at = to_timestamp(floor(extract(epoch FROM lango_now()) / 300) * 300 - 300)
$$;
REVOKE EXECUTE ON FUNCTION monitoring_targets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring_targets() TO lango_jobs;

-- The mean of what interfaces moved, when one more round is added to n.
CREATE OR REPLACE FUNCTION monitoring_ports_mean(p_old jsonb, p_n integer, p_new jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(k.key, jsonb_build_array(
           round(((coalesce(p_old->k.key->>0, k.value->>0)::numeric) * p_n + (k.value->>0)::numeric) / (p_n + 1)),
           round(((coalesce(p_old->k.key->>1, k.value->>1)::numeric) * p_n + (k.value->>1)::numeric) / (p_n + 1))))
  FROM jsonb_each(p_new) k
$$;

-- Writes down what a round found, some routers at a time: [{tenant_id, nas_id, state, fault, facts, ports, watch, cpu, …}].
CREATE OR REPLACE FUNCTION monitoring_record(p_found jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_now timestamptz := lango_now();
BEGIN
  -- A router that was removed while it was asked has no row any more.
  WITH found AS (
    SELECT f.* FROM jsonb_to_recordset(p_found) AS f (tenant_id bigint, nas_id bigint, state text, fault text, facts jsonb, ports jsonb, watch jsonb)
    JOIN nas n ON n.id = f.nas_id AND n.tenant_id = f.tenant_id ORDER BY f.nas_id
  )
  INSERT INTO monitoring_state AS m (nas_id, tenant_id, state, fault, since, asked_at, answered_at, facts, ports, watch)
  SELECT nas_id, tenant_id, state, fault, v_now, v_now, CASE WHEN state IN ('up', 'heard') THEN v_now END, coalesce(facts, '{}'), coalesce(ports, '[]'), watch FROM found
  ON CONFLICT (nas_id) DO UPDATE SET state = excluded.state, fault = excluded.fault, since = CASE WHEN m.state = excluded.state THEN m.since ELSE v_now END,
    asked_at = v_now, answered_at = coalesce(excluded.answered_at, m.answered_at), watch = excluded.watch,
    -- What was last known stays in sight while it is away.
    facts = CASE WHEN excluded.state = 'up' THEN excluded.facts ELSE m.facts END,
    ports = CASE WHEN excluded.state = 'up' THEN excluded.ports ELSE m.ports END;

  WITH found AS (
    SELECT f.* FROM jsonb_to_recordset(p_found) AS f (tenant_id bigint, nas_id bigint, state text, cpu real, memory real, disk real, temperature real,
      sessions real, rx_bps real, tx_bps real, rates jsonb)
    JOIN nas n ON n.id = f.nas_id AND n.tenant_id = f.tenant_id
  )
  INSERT INTO monitoring_sample AS m (step, nas_id, at, tenant_id, answered, cpu, cpu_max, memory, disk, temperature, sessions, rx_bps, tx_bps, rx_max, tx_max, ports)
  SELECT s.step, f.nas_id, to_timestamp(floor(extract(epoch FROM v_now) / s.step) * s.step), f.tenant_id, (f.state IN ('up', 'heard'))::integer,
         f.cpu, f.cpu, f.memory, f.disk, f.temperature, f.sessions, f.rx_bps, f.tx_bps, f.rx_bps, f.tx_bps, CASE WHEN s.step > 30 THEN f.rates END
  FROM found f CROSS JOIN (VALUES (30::smallint), (300::smallint), (3600::smallint)) s (step)
  ORDER BY f.nas_id, s.step
  -- A mean over the rounds of the step that had a figure; greatest() passes over NULL.
  ON CONFLICT (nas_id, step, at) DO UPDATE SET n = m.n + 1, answered = m.answered + excluded.answered,
    cpu = coalesce((m.cpu * m.n + excluded.cpu) / (m.n + 1), m.cpu, excluded.cpu), cpu_max = greatest(m.cpu_max, excluded.cpu_max),
    memory = coalesce((m.memory * m.n + excluded.memory) / (m.n + 1), m.memory, excluded.memory),
    disk = coalesce(excluded.disk, m.disk),
    temperature = coalesce((m.temperature * m.n + excluded.temperature) / (m.n + 1), m.temperature, excluded.temperature),
    sessions = coalesce((m.sessions * m.n + excluded.sessions) / (m.n + 1), m.sessions, excluded.sessions),
    rx_bps = coalesce((m.rx_bps * m.n + excluded.rx_bps) / (m.n + 1), m.rx_bps, excluded.rx_bps),
    tx_bps = coalesce((m.tx_bps * m.n + excluded.tx_bps) / (m.n + 1), m.tx_bps, excluded.tx_bps),
    rx_max = greatest(m.rx_max, excluded.rx_max), tx_max = greatest(m.tx_max, excluded.tx_max),
    ports = coalesce(monitoring_ports_mean(m.ports, m.n, excluded.ports), m.ports);
END $$;
REVOKE EXECUTE ON FUNCTION monitoring_record(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring_record(jsonb) TO lango_jobs;

-- Forgets samples past keeping, a batch at a time, so that nobody waits for it. Returns how many.
CREATE OR REPLACE FUNCTION monitoring_forget(p_batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_rows integer;
  v_total integer := 0;
BEGIN
  DELETE FROM monitoring_sample_30 WHERE ctid = ANY (ARRAY(SELECT ctid FROM monitoring_sample_30 WHERE at < lango_now() - interval '1 day' LIMIT p_batch));
  GET DIAGNOSTICS v_total = ROW_COUNT;
  DELETE FROM monitoring_sample_300 WHERE ctid = ANY (ARRAY(SELECT ctid FROM monitoring_sample_300 WHERE at < lango_now() - interval '31 days' LIMIT p_batch));
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  v_total := v_total + v_rows;
  DELETE FROM monitoring_sample_3600 WHERE ctid = ANY (ARRAY(SELECT ctid FROM monitoring_sample_3600 WHERE at < lango_now() - interval '2 years' LIMIT p_batch));
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_total + v_rows;
END $$;
REVOKE EXECUTE ON FUNCTION monitoring_forget(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION monitoring_forget(integer) TO lango_jobs;
