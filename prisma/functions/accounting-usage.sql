-- Adds usage to hours and to the running cycle, and asks for enforcement where that ended an allowance. Logins are answered otherwise from then on, which the
-- snapshots are told here: a router that ends a session at its limit crosses with the Stop, and then there is no order that would tell.
CREATE OR REPLACE FUNCTION accounting_count_usage(
  p_sub bigint[], p_tenant bigint[], p_event timestamptz[], p_in bigint[], p_out bigint[], p_s bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  over record;
  v_first timestamptz;
  v_hour timestamptz;
BEGIN
  SELECT date_trunc('hour', min(at), 'UTC'), date_trunc('hour', max(at), 'UTC') INTO v_first, v_hour FROM unnest(p_event) AS at;
  IF v_first < v_hour THEN
    -- Over the turn of an hour, or out of the spool: hour by hour, the latest last. All cycles are locked first, in their order: each hour begins at the front again.
    PERFORM FROM (SELECT DISTINCT sub FROM unnest(p_sub) AS sub WHERE sub IS NOT NULL ORDER BY sub) d, LATERAL (
      SELECT FROM usage_cycle c WHERE c.subscription_id = ANY (ARRAY[d.sub]) AND c.cycle_no = (SELECT s.cycle_no FROM subscription s WHERE s.id = ANY (ARRAY[d.sub])) FOR UPDATE) c;
    PERFORM accounting_count_usage(h.sub, h.tenant, h.event, h.b_in, h.b_out, h.s) FROM (
      SELECT array_agg(sub) AS sub, array_agg(tenant) AS tenant, array_agg(at) AS event, array_agg(b_in) AS b_in, array_agg(b_out) AS b_out, array_agg(s) AS s
      FROM unnest(p_sub, p_tenant, p_event, p_in, p_out, p_s) AS u (sub, tenant, at, b_in, b_out, s)
      GROUP BY date_trunc('hour', at, 'UTC') ORDER BY date_trunc('hour', at, 'UTC')) h;
    RETURN;
  END IF;

  -- Update first and insert what is missing: an upsert of a row that exists costs twice as much.
  FOR over IN
    WITH d AS (
      SELECT sub, sum(b_in)::bigint AS b_in, sum(b_out)::bigint AS b_out, sum(s)::bigint AS s
      FROM unnest(p_sub, p_in, p_out, p_s) AS d (sub, b_in, b_out, s)
      WHERE sub IS NOT NULL AND (b_in <> 0 OR b_out <> 0 OR s <> 0) GROUP BY 1 ORDER BY 1
    ), updated AS (
      UPDATE usage_cycle c SET input_bytes = c.input_bytes + d.b_in, output_bytes = c.output_bytes + d.b_out, seconds = c.seconds + d.s,
        free_bytes = CASE WHEN s.counts_by_time THEN c.free_bytes + subscription_free_bytes(s.id, p_sub, p_event, p_in, p_out, p_s) ELSE c.free_bytes END,
        -- The hour that runs is counted here. Where a later one begins, it is left to usage_hour; so is what comes late, for an hour before it.
        hour = greatest(c.hour, v_hour),
        hour_input_bytes = CASE WHEN c.hour = v_hour THEN c.hour_input_bytes + d.b_in WHEN c.hour > v_hour THEN c.hour_input_bytes ELSE d.b_in END,
        hour_output_bytes = CASE WHEN c.hour = v_hour THEN c.hour_output_bytes + d.b_out WHEN c.hour > v_hour THEN c.hour_output_bytes ELSE d.b_out END,
        hour_seconds = CASE WHEN c.hour = v_hour THEN c.hour_seconds + d.s WHEN c.hour > v_hour THEN c.hour_seconds ELSE d.s END,
        left_hour = CASE WHEN c.hour <> v_hour THEN least(c.hour, v_hour) END,
        left_input_bytes = CASE WHEN c.hour < v_hour THEN c.hour_input_bytes WHEN c.hour > v_hour THEN d.b_in END,
        left_output_bytes = CASE WHEN c.hour < v_hour THEN c.hour_output_bytes WHEN c.hour > v_hour THEN d.b_out END,
        left_seconds = CASE WHEN c.hour < v_hour THEN c.hour_seconds WHEN c.hour > v_hour THEN d.s END
      FROM d JOIN subscription s ON s.id = ANY (ARRAY[d.sub])
      WHERE c.subscription_id = ANY (ARRAY[d.sub]) AND c.cycle_no = s.cycle_no
      RETURNING c.subscription_id, c.input_bytes + c.output_bytes - c.free_bytes AS used, d.b_in + d.b_out AS delta, s.watch_bytes AS allowance,
        c.seconds >= s.watch_seconds AS time_up, c.seconds - d.s < s.watch_seconds AS time_was_left,
        c.tenant_id, c.left_hour, c.left_input_bytes, c.left_output_bytes, c.left_seconds
    ), inserted AS (
      INSERT INTO usage_cycle AS c (subscription_id, cycle_no, tenant_id, started_at, input_bytes, output_bytes, seconds, free_bytes)
      SELECT d.sub, s.cycle_no, s.tenant_id, coalesce(s.starts_at, lango_now()), d.b_in, d.b_out, d.s,
        CASE WHEN s.counts_by_time THEN subscription_free_bytes(s.id, p_sub, p_event, p_in, p_out, p_s) ELSE 0 END
      FROM d JOIN subscription s ON s.id = ANY (ARRAY[d.sub]) WHERE d.sub NOT IN (SELECT subscription_id FROM updated)
      ON CONFLICT (subscription_id, cycle_no) DO UPDATE SET input_bytes = c.input_bytes + excluded.input_bytes,
        output_bytes = c.output_bytes + excluded.output_bytes, seconds = c.seconds + excluded.seconds, free_bytes = c.free_bytes + excluded.free_bytes
      RETURNING c.subscription_id, c.tenant_id, c.input_bytes + c.output_bytes - c.free_bytes AS used, c.seconds
    ), hours AS (
      INSERT INTO usage_hour AS h (subscription_id, hour, tenant_id, input_bytes, output_bytes, seconds)
      SELECT subscription_id, left_hour, tenant_id, left_input_bytes, left_output_bytes, left_seconds FROM updated WHERE left_hour IS NOT NULL
      UNION ALL
      SELECT i.subscription_id, v_hour, i.tenant_id, d.b_in, d.b_out, d.s FROM inserted i JOIN d ON d.sub = i.subscription_id
      ON CONFLICT (subscription_id, hour) DO UPDATE SET input_bytes = h.input_bytes + excluded.input_bytes,
        output_bytes = h.output_bytes + excluded.output_bytes, seconds = h.seconds + excluded.seconds
    ), counted AS (
      SELECT subscription_id, used, delta, allowance, time_up, time_was_left FROM updated
      UNION ALL
      SELECT i.subscription_id, i.used, (SELECT d.b_in + d.b_out FROM d WHERE d.sub = i.subscription_id), s.watch_bytes, i.seconds >= s.watch_seconds, true
      FROM inserted i JOIN subscription s ON s.id = ANY (ARRAY[i.subscription_id]) AND (s.watch_bytes IS NOT NULL OR s.watch_seconds IS NOT NULL)
    )
    SELECT s.id, s.tenant_id, s.username, v.on_quota, v.rules IS NOT NULL AS ruled, data.passed OR counted.time_up AS crossed,
      -- Time that is used up stays so with every record, also of the walled garden.
      data.passed OR counted.time_up AND counted.time_was_left AS is_news
    FROM counted JOIN subscription s ON s.id = ANY (ARRAY[counted.subscription_id]) JOIN plan_version v ON v.id = ANY (ARRAY[s.plan_version_id])
    CROSS JOIN LATERAL (
      SELECT counted.used - counted.delta < counted.allowance AND counted.used >= counted.allowance
        OR v.rules IS NOT NULL AND plan_crosses(v.rules, s.quota_bytes, s.topup_bytes, counted.used - counted.delta, counted.used) AS passed) data
    WHERE counted.used >= counted.allowance OR counted.time_up
  LOOP
    IF over.is_news THEN
      INSERT INTO snapshot_change (tenant_id, username) VALUES (over.tenant_id, over.username);
    END IF;
    -- Beyond the crossing, a session that goes on in the wrong mode is asked for again, but not with every packet.
    IF over.ruled THEN
      IF over.crossed THEN
        PERFORM enforce_subscription(over.id, CASE n.state WHEN 'capped' THEN coalesce(n.reason, 'capped') ELSE 'cap_throttle' END) FROM subscription_now n WHERE n.id = over.id;
      END IF;
    ELSIF over.crossed OR EXISTS (
      SELECT 1 FROM session_live l WHERE l.subscription_id = over.id AND l.stopped_at IS NULL
        AND l.mode IS DISTINCT FROM CASE over.on_quota WHEN 'throttle' THEN 'throttled' ELSE 'garden' END
        AND NOT EXISTS (SELECT 1 FROM enforcement e WHERE e.session_id = l.radacctid AND e.created_at > lango_now() - interval '10 minutes'
          AND e.kind = CASE over.on_quota WHEN 'throttle' THEN 'throttle' ELSE 'cut' END)
    ) THEN
      PERFORM enforce_subscription(over.id, CASE over.on_quota WHEN 'throttle' THEN 'cap_throttle' ELSE 'capped' END);
    END IF;
  END LOOP;
END $$;
