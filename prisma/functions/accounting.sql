-- What the network reports becomes sessions and usage. One call per batch, exactly idempotent: duplicates, reordering and replays change nothing.
-- The listener plans its connections for small batches against large tables (radius/accounting/store.ts); a SET on each function would cost more
-- than the work of a single packet.
-- A packet is (n, nas_id, sid, kind, …) in parallel arrays; kind 1 Start, 2 Stop, 3 Interim-Update (RFC 2866 section 5.1).
-- flags: 1 the event time comes from the router (Event-Timestamp or Acct-Delay-Time), 2 input has Gigawords, 4 output has Gigawords.

-- Whether a packet belongs to the same life of a session id as a stored session. Two lives of one id never overlap in time, so time decides:
-- a new life began after the last word of the old one. By the router's clock that is certain to 2 s; without it a packet only ever seems later than
-- it was, so 60 s are allowed. Clocks can jump, so for a session that is still open a later beginning alone is not believed: the login differs or
-- a counter fell. p_* is the packet, r_* the stored session; r_closed_by NULL means open.
CREATE OR REPLACE FUNCTION accounting_same_life(
  kind smallint, timed boolean, at_start timestamptz, at_event timestamptz, st bigint, b_in bigint, b_out bigint, login text, mark bigint,
  r_started timestamptz, r_last timestamptz, r_closed_by text, r_st bigint, r_in bigint, r_out bigint, r_login text, r_mark bigint
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE
    -- Without a clock it is the login that decides, if the router repeats our Class.
    WHEN NOT timed AND login <> r_login THEN false
    WHEN kind = 1 THEN CASE
      WHEN timed AND mark = r_mark THEN true
      WHEN timed THEN at_event >= r_started - CASE WHEN login = r_login THEN interval '60 s' ELSE interval '5 s' END AND NOT (at_start > r_started + interval '5 s' AND at_start >= r_last - interval '2 s')
      -- The same octets may come again with another life: there are only 256 identifiers.
      WHEN mark = r_mark THEN login = r_login IS TRUE OR at_start <= r_last + interval '60 s'
      -- An open session takes a repeated Start; a closed one takes the Start that it never had.
      ELSE (r_closed_by IS NULL OR r_mark IS NULL) AND (login = r_login IS TRUE OR at_start <= r_last + interval '60 s') END
    WHEN timed AND at_event < r_started - interval '5 s' THEN false
    WHEN NOT timed AND login = r_login OR st = r_st AND b_in = r_in AND b_out = r_out THEN true
    WHEN NOT CASE WHEN timed THEN at_start > r_started + interval '5 s' AND at_start >= r_last - interval '2 s' ELSE at_start > r_last + interval '60 s' END THEN true
    WHEN r_closed_by IN ('stop', 'nas_reboot', 'new_generation') OR login <> r_login THEN false
    WHEN login = r_login THEN true
    ELSE coalesce(st >= r_st, true) AND coalesce(b_in >= r_in, true) AND coalesce(b_out >= r_out, true)
  END
$$;

-- The counter after a packet. A NAS without Gigawords (RFC 2869 section 5.1) starts again at 2^32: when session time has grown and the low
-- word fell by 1 GiB or more it went round. That is right up to 3 GiB per interim; a smaller fall is an old or faulty value and changes nothing.
CREATE OR REPLACE FUNCTION accounting_counter(was bigint, seen bigint, wide boolean, newer boolean) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN seen IS NULL THEN was
    WHEN wide OR NOT newer OR seen >= was THEN greatest(was, seen)
    WHEN seen >= (was & 4294967295) THEN was - (was & 4294967295) + seen
    WHEN (was & 4294967295) - seen >= 1073741824 THEN was - (was & 4294967295) + 4294967296 + seen
    ELSE was
  END
$$;

-- Writes packets into their sessions and gives what that changed. Without p_target a packet goes to the open session of its key if it is the same
-- life (the everyday case); with it to the session with that id (0: leave out). The delta is computed inside the update, where the old row is
-- certain also when another process changed it a moment ago. Callers sort by key, so that two batches lock in the same order.
CREATE OR REPLACE FUNCTION accounting_merge(
  p_target bigint[], p_nas bigint[], p_sid text[], p_kind smallint[], p_event timestamptz[], p_received timestamptz[], p_flags smallint[],
  p_st bigint[], p_in bigint[], p_out bigint[], p_login text[], p_mark bigint[], p_ip inet[], p_rate text[], p_list text[], p_cause text[],
  OUT o_n integer[], OUT o_id bigint[], OUT o_sub bigint[], OUT o_tenant bigint[], OUT o_event timestamptz[],
  OUT o_in bigint[], OUT o_out bigint[], OUT o_s bigint[], OUT o_rate text[], OUT o_stopped boolean[]
) LANGUAGE plpgsql AS $$
BEGIN
  WITH merged AS (
    UPDATE session_live s SET
      prev_session_time_s = s.session_time_s,
      prev_input_bytes = s.input_bytes,
      prev_output_bytes = s.output_bytes,
      prev_updated_at = s.updated_at,
      session_time_s = greatest(s.session_time_s, p.st),
      input_bytes = accounting_counter(s.input_bytes, p.b_in, p.flags & 2 <> 0, coalesce(p.st > s.session_time_s, p.event_at > s.updated_at)),
      output_bytes = accounting_counter(s.output_bytes, p.b_out, p.flags & 4 <> 0, coalesce(p.st > s.session_time_s, p.event_at > s.updated_at)),
      started_at = least(s.started_at, p.start_at),
      updated_at = greatest(s.updated_at, p.event_at),
      received_at = greatest(s.received_at, p.received_at),
      framed_ip = CASE WHEN p.event_at >= s.updated_at THEN coalesce(p.ip, s.framed_ip) ELSE coalesce(s.framed_ip, p.ip) END,
      rate_limit = CASE WHEN p.event_at >= s.updated_at THEN coalesce(p.rate, s.rate_limit) ELSE s.rate_limit END,
      address_list = CASE WHEN p.event_at >= s.updated_at THEN coalesce(p.list, s.address_list) ELSE s.address_list END,
      login_id = coalesce(s.login_id, p.login),
      start_mark = coalesce(s.start_mark, CASE WHEN p.kind = 1 THEN p.mark END),
      -- The first Stop stands; a late record only moves the last known moment of a session that we had closed ourselves.
      stopped_at = CASE
        WHEN s.closed_by = 'stop' THEN s.stopped_at
        WHEN p.kind = 2 THEN p.event_at
        WHEN s.stopped_at IS NOT NULL THEN greatest(s.stopped_at, p.event_at) END,
      closed_by = CASE WHEN p.kind = 2 THEN 'stop' ELSE s.closed_by END,
      closed_at = CASE WHEN p.kind = 2 AND s.closed_by IS DISTINCT FROM 'stop' THEN p.event_at ELSE s.closed_at END,
      terminate_cause = CASE WHEN p.kind = 2 AND s.closed_by IS DISTINCT FROM 'stop' THEN p.cause ELSE s.terminate_cause END
    FROM (
      SELECT *, event_at - coalesce(st, 0) * interval '1 s' AS start_at, flags & 1 <> 0 AS timed
      FROM unnest(p_target, p_nas, p_sid, p_kind, p_event, p_received, p_flags, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_cause)
        WITH ORDINALITY AS u (target, nas, sid, kind, event_at, received_at, flags, st, b_in, b_out, login, mark, ip, rate, list, cause, n)
      -- Kept apart, so that accounting_same_life sees plain columns and is inlined; called, it would cost as much as all the rest.
      OFFSET 0
    ) p
    WHERE s.nas_id = p.nas AND s.acct_session_id = p.sid AND p.target IS DISTINCT FROM 0
      AND CASE WHEN p.target IS NULL
        THEN s.stopped_at IS NULL AND accounting_same_life(p.kind, p.timed, p.start_at, p.event_at, p.st, p.b_in, p.b_out, p.login, p.mark,
          s.started_at, s.updated_at, NULL, s.session_time_s, s.input_bytes, s.output_bytes, s.login_id, s.start_mark)
          -- A repeated last word of an earlier life, from a router without a clock, is not this one's.
          AND (s.generation = 0 OR p.timed OR NOT EXISTS (SELECT 1 FROM session_live o WHERE o.nas_id = s.nas_id AND o.acct_session_id = s.acct_session_id
            AND o.stopped_at IS NOT NULL AND (o.start_mark = p.mark AND p.kind = 1
              OR p.kind <> 1 AND o.session_time_s = p.st AND o.input_bytes = p.b_in AND o.output_bytes = p.b_out)))
        ELSE s.radacctid = p.target END
    RETURNING p.n, s.radacctid, s.subscription_id, s.tenant_id, p.event_at, p.rate, p.kind = 2 AS stopped,
      s.input_bytes - s.prev_input_bytes AS d_in, s.output_bytes - s.prev_output_bytes AS d_out, s.session_time_s - s.prev_session_time_s AS d_s
  )
  SELECT array_agg(n), array_agg(radacctid), array_agg(subscription_id), array_agg(tenant_id), array_agg(event_at),
         array_agg(d_in), array_agg(d_out), array_agg(d_s), array_agg(rate), array_agg(stopped)
  INTO o_n, o_id, o_sub, o_tenant, o_event, o_in, o_out, o_s, o_rate, o_stopped
  FROM merged;
END $$;

-- Inserts sessions with no usage yet; the packets are then merged into them like any other. p_details is what the listener packed
-- (radius/accounting/details.ts), in its order. Those that another process inserted first are not among what it gives.
CREATE OR REPLACE FUNCTION accounting_insert_sessions(
  p_nas bigint[], p_sid text[], p_generation integer, p_start timestamptz[], p_event timestamptz[], p_received timestamptz[], p_login text[], p_ip inet[],
  p_rate text[], p_list text[], p_details text[], p_closed boolean
) RETURNS TABLE (id bigint, nas bigint, sid text) LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
  INSERT INTO session_live (
    tenant_id, nas_id, acct_session_id, generation, subscription_id, username, realm, nas_address, nas_identifier, nas_ip_address, nas_port, nas_port_id,
    nas_port_type, service_type, framed_protocol, service, acct_authentic, called_station_id, calling_station_id, mac, framed_ip, framed_ipv6_prefix,
    delegated_ipv6_prefix, class, login_id, started_at, updated_at, received_at, interim_s, rate_limit, address_list, mode,
    stopped_at, closed_by, closed_at)
  SELECT d[1]::bigint, p.nas, p.sid, p_generation, sub.id, coalesce(d[4], ''), d[5], d[6]::inet, d[7], d[8]::inet, d[9]::bigint, d[10],
    d[11], d[12], d[13], coalesce(d[14], 'other'), d[15], d[16], d[17], d[18], p.ip, d[19],
    d[20], decode(d[21], 'hex'), p.login, p.start_at, p.event_at, p.received_at, coalesce(d[22]::integer, v.interim_s), p.rate, p.list,
    CASE WHEN sub.id = d[2]::bigint OR d[2] = '0' THEN d[3] END,
    CASE WHEN p_closed THEN p.event_at END, CASE WHEN p_closed THEN 'new_generation' END, CASE WHEN p_closed THEN p.event_at END
  FROM (
    SELECT *, string_to_array(details, E'\x1f', '') AS d
    FROM unnest(p_nas, p_sid, p_start, p_event, p_received, p_login, p_ip, p_rate, p_list, p_details)
      AS u (nas, sid, start_at, event_at, received_at, login, ip, rate, list, details) OFFSET 0) p
  -- Whose session it is: by the Class that we gave at the login if it is of this router's company, else by the name, which may be a voucher's.
  LEFT JOIN subscription c ON c.id = d[2]::bigint AND c.tenant_id = d[1]::bigint
  LEFT JOIN subscription n ON c.id IS NULL AND n.tenant_id = d[1]::bigint AND n.username = d[4]
  LEFT JOIN LATERAL (SELECT coalesce(c.id, n.id, access_subscription_of(d[1]::bigint, d[4], p.start_at)) AS id, coalesce(c.plan_version_id, n.plan_version_id) AS plan_version_id) sub ON true
  LEFT JOIN plan_version v ON v.id = sub.plan_version_id
  ON CONFLICT DO NOTHING
  RETURNING session_live.radacctid, session_live.nas_id, session_live.acct_session_id;
END $$;

-- Finds or makes the session of a packet that is not of the open session of its key: a new session, a new life of a known id, a late packet of an
-- older life, or one of a session that was closed or even archived. A closed session that the router still counts is re-opened.
CREATE OR REPLACE FUNCTION accounting_place(
  p_nas bigint, p_sid text, p_kind smallint, p_event timestamptz, p_received timestamptz, p_flags smallint, p_st bigint, p_in bigint, p_out bigint,
  p_login text, p_mark bigint, p_ip inet, p_rate text, p_list text, p_details text, OUT o_id bigint, OUT o_opened boolean
) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  best record;
  r session_live;
  at_start timestamptz := p_event - coalesce(p_st, 0) * interval '1 s';
  timed boolean := p_flags & 1 <> 0;
  newest timestamptz;
  next_generation integer;
BEGIN
  FOR attempt IN 1..5 LOOP
    -- Read before anything else: if another process adds a life from here on, the insert below meets it and we look again.
    SELECT coalesce(max(generation) + 1, 0), max(started_at) INTO next_generation, newest FROM (
      SELECT generation, started_at FROM session_live WHERE nas_id = p_nas AND acct_session_id = p_sid
      UNION ALL SELECT generation, started_at FROM session_closed WHERE nas_id = p_nas AND acct_session_id = p_sid) g;
    SELECT s.* INTO best FROM (
      SELECT false AS archived, first_seen_on, generation, started_at, updated_at, closed_by, session_time_s, input_bytes, output_bytes, login_id, start_mark
      FROM session_live WHERE nas_id = p_nas AND acct_session_id = p_sid
      UNION ALL
      SELECT true, first_seen_on, generation, started_at, updated_at, closed_by, session_time_s, input_bytes, output_bytes, login_id, start_mark
      FROM session_closed WHERE nas_id = p_nas AND acct_session_id = p_sid) s
    WHERE accounting_same_life(p_kind, timed, at_start, p_event, p_st, p_in, p_out, p_login, p_mark, s.started_at, s.updated_at, s.closed_by,
      s.session_time_s, s.input_bytes, s.output_bytes, s.login_id, s.start_mark)
    ORDER BY (p_kind = 1 AND s.start_mark = p_mark OR p_kind <> 1 AND s.session_time_s = p_st AND s.input_bytes = p_in AND s.output_bytes = p_out) IS TRUE DESC,
      CASE WHEN timed THEN abs(extract(epoch FROM s.started_at - at_start)) END, s.generation DESC
    LIMIT 1;
    IF FOUND THEN
      -- A session from the archive comes back among the live ones.
      IF best.archived THEN
        WITH moved AS (DELETE FROM session_closed
          WHERE first_seen_on = best.first_seen_on AND nas_id = p_nas AND acct_session_id = p_sid AND generation = best.generation RETURNING *)
        INSERT INTO session_live SELECT * FROM moved;
      END IF;
      SELECT * INTO r FROM session_live WHERE nas_id = p_nas AND acct_session_id = p_sid AND generation = best.generation FOR UPDATE;
      -- Archived or closed by another process just now: look again.
      CONTINUE WHEN NOT FOUND OR r.closed_by IS DISTINCT FROM best.closed_by;
      o_id := r.radacctid;
      o_opened := r.stopped_at IS NOT NULL AND p_kind = 3 AND r.closed_by <> 'stop'
        AND p_event > CASE r.closed_by WHEN 'stale' THEN r.stopped_at ELSE r.closed_at END
        -- A late word of an older life does not wake it, also when the life after it has been closed meanwhile, or lies in the archive.
        AND NOT EXISTS (SELECT 1 FROM session_live o
          WHERE o.nas_id = p_nas AND o.acct_session_id = p_sid AND o.radacctid <> r.radacctid AND o.updated_at >= p_event)
        AND NOT EXISTS (SELECT 1 FROM session_closed o WHERE o.nas_id = p_nas AND o.acct_session_id = p_sid AND o.updated_at >= p_event);
      IF o_opened THEN
        -- Two lives of one id cannot both go on: the one that is heard of does.
        PERFORM accounting_close(array_agg(radacctid), 'new_generation', p_event) FROM session_live
        WHERE nas_id = p_nas AND acct_session_id = p_sid AND stopped_at IS NULL HAVING count(*) > 0;
        UPDATE session_live SET stopped_at = NULL, closed_by = NULL, closed_at = NULL, terminate_cause = NULL WHERE radacctid = o_id;
      END IF;
      RETURN;
    END IF;
    IF at_start >= newest THEN
      PERFORM accounting_close(array_agg(radacctid), 'new_generation', at_start) FROM session_live
      WHERE nas_id = p_nas AND acct_session_id = p_sid AND stopped_at IS NULL HAVING count(*) > 0;
    END IF;
    o_id := (SELECT i.id FROM accounting_insert_sessions(ARRAY[p_nas], ARRAY[p_sid], next_generation,
      ARRAY[at_start], ARRAY[p_event], ARRAY[p_received], ARRAY[p_login], ARRAY[p_ip], ARRAY[p_rate], ARRAY[p_list], ARRAY[p_details],
      coalesce(at_start < newest, false)) i);
    o_opened := newest IS NULL OR at_start >= newest;
    IF o_id IS NOT NULL THEN RETURN; END IF;
  END LOOP;
  RAISE EXCEPTION 'session % of router % is being changed by others; try again', p_sid, p_nas USING ERRCODE = 'serialization_failure';
END $$;

-- Closes sessions of which no Stop will come, at their last known moment, and settles what the enforcer still wanted of them.
CREATE OR REPLACE FUNCTION accounting_close(p_ids bigint[], p_closed_by text, p_at timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE closed integer;
BEGIN
  UPDATE session_live SET stopped_at = updated_at, closed_by = p_closed_by, closed_at = p_at,
    terminate_cause = CASE p_closed_by WHEN 'nas_reboot' THEN 'NAS-Reboot' ELSE 'Lost-Carrier' END
  -- Not "stopped_at IS NULL": a plan made while the table was young would walk a whole index of open sessions instead of looking up the ids.
  WHERE radacctid = ANY (p_ids) AND coalesce(stopped_at, 'infinity') = 'infinity';
  GET DIAGNOSTICS closed = ROW_COUNT;
  IF closed > 0 THEN
    PERFORM enforcement_prove_closed(p_ids, CASE p_closed_by WHEN 'stale' THEN 'silence' WHEN 'nas_reboot' THEN 'stop' ELSE 'new_session' END);
  END IF;
  RETURN closed;
END $$;

-- Adds usage to hours and to the running cycle, and asks for enforcement where that ended an allowance.
CREATE OR REPLACE FUNCTION accounting_count_usage(
  p_sub bigint[], p_tenant bigint[], p_event timestamptz[], p_in bigint[], p_out bigint[], p_s bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE over record;
BEGIN
  INSERT INTO usage_hour AS h (subscription_id, hour, tenant_id, input_bytes, output_bytes, seconds)
  SELECT sub, date_trunc('hour', at, 'UTC') AS hour, min(tenant), sum(b_in), sum(b_out), sum(s)
  FROM unnest(p_sub, p_tenant, p_event, p_in, p_out, p_s) AS d (sub, tenant, at, b_in, b_out, s)
  WHERE sub IS NOT NULL AND (b_in <> 0 OR b_out <> 0 OR s <> 0)
  GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (subscription_id, hour) DO UPDATE SET input_bytes = h.input_bytes + excluded.input_bytes,
    output_bytes = h.output_bytes + excluded.output_bytes, seconds = h.seconds + excluded.seconds;

  -- Update first and insert what is missing: an upsert of a row that exists costs twice as much.
  FOR over IN
    WITH d AS (
      SELECT sub, sum(b_in)::bigint AS b_in, sum(b_out)::bigint AS b_out, sum(s)::bigint AS s
      FROM unnest(p_sub, p_in, p_out, p_s) AS d (sub, b_in, b_out, s)
      WHERE sub IS NOT NULL AND (b_in <> 0 OR b_out <> 0 OR s <> 0) GROUP BY 1 ORDER BY 1
    ), updated AS (
      UPDATE usage_cycle c SET input_bytes = c.input_bytes + d.b_in, output_bytes = c.output_bytes + d.b_out, seconds = c.seconds + d.s,
        free_bytes = CASE WHEN s.counts_by_time THEN c.free_bytes + subscription_free_bytes(s.id, p_sub, p_event, p_in, p_out, p_s) ELSE c.free_bytes END
      FROM d JOIN subscription s ON s.id = d.sub
      WHERE c.subscription_id = d.sub AND c.cycle_no = s.cycle_no
      RETURNING c.subscription_id, c.input_bytes + c.output_bytes - c.free_bytes AS used, d.b_in + d.b_out AS delta, s.watch_bytes AS allowance,
        c.seconds >= s.watch_seconds AS time_up
    ), inserted AS (
      INSERT INTO usage_cycle AS c (subscription_id, cycle_no, tenant_id, started_at, input_bytes, output_bytes, seconds, free_bytes)
      SELECT d.sub, s.cycle_no, s.tenant_id, coalesce(s.starts_at, lango_now()), d.b_in, d.b_out, d.s,
        CASE WHEN s.counts_by_time THEN subscription_free_bytes(s.id, p_sub, p_event, p_in, p_out, p_s) ELSE 0 END
      FROM d JOIN subscription s ON s.id = d.sub WHERE d.sub NOT IN (SELECT subscription_id FROM updated)
      ON CONFLICT (subscription_id, cycle_no) DO UPDATE SET input_bytes = c.input_bytes + excluded.input_bytes,
        output_bytes = c.output_bytes + excluded.output_bytes, seconds = c.seconds + excluded.seconds, free_bytes = c.free_bytes + excluded.free_bytes
      RETURNING c.subscription_id, c.input_bytes + c.output_bytes - c.free_bytes AS used, c.seconds
    ), counted AS (
      SELECT * FROM updated
      UNION ALL
      SELECT i.subscription_id, i.used, (SELECT d.b_in + d.b_out FROM d WHERE d.sub = i.subscription_id), s.watch_bytes, i.seconds >= s.watch_seconds
      FROM inserted i JOIN subscription s ON s.id = i.subscription_id AND (s.watch_bytes IS NOT NULL OR s.watch_seconds IS NOT NULL)
    )
    SELECT s.id, v.on_quota, v.rules IS NOT NULL AS ruled, counted.used - counted.delta < counted.allowance
      OR v.rules IS NOT NULL AND plan_crosses(v.rules, s.quota_bytes, s.topup_bytes, counted.used - counted.delta, counted.used)
      OR counted.time_up AS crossed
    FROM counted JOIN subscription s ON s.id = counted.subscription_id JOIN plan_version v ON v.id = s.plan_version_id
    WHERE counted.used >= counted.allowance OR counted.time_up
  LOOP
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

-- What a session that has just begun (or was re-opened) asks for: an entitlement that ended between Accept and Start, and too many sessions at once.
CREATE OR REPLACE FUNCTION accounting_greet(p_ids bigint[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE sub record;
BEGIN
  -- Two Starts of one subscription in two processes must see each other: the second waits here and then counts both.
  PERFORM pg_advisory_xact_lock(1279350855, hashint8(o.subscription_id)) FROM (
    SELECT DISTINCT subscription_id FROM session_live WHERE radacctid = ANY (p_ids) AND subscription_id IS NOT NULL ORDER BY 1) o;
  PERFORM subscription_first_use(p_ids);
  PERFORM access_learn_devices(p_ids);
  FOR sub IN
    SELECT n.id, n.access_state AS state, n.online_s, v.simultaneous_use,
      bool_or(CASE
        WHEN n.access_state IN ('pending', 'expired', 'capped') THEN l.mode IS DISTINCT FROM 'garden'
        WHEN n.access_state = 'throttled' THEN l.mode IN ('full', 'garden') OR session_rate_differs(l.told_rate, l.class, n.service_rate)
        WHEN n.access_state IN ('active', 'grace') THEN l.mode IN ('throttled', 'garden') OR session_rate_differs(l.told_rate, l.class, n.service_rate)
        ELSE true END) AS disagrees,
      (SELECT count(*) FROM session_live o WHERE o.subscription_id = n.id AND o.stopped_at IS NULL) AS open_sessions
    FROM session_live l JOIN subscription_now n ON n.id = l.subscription_id JOIN plan_version v ON v.id = n.plan_version_id
    WHERE l.radacctid = ANY (p_ids) AND l.stopped_at IS NULL
    GROUP BY n.id, n.access_state, n.online_s, v.simultaneous_use ORDER BY n.id
  LOOP
    IF sub.online_s IS NOT NULL THEN
      PERFORM subscription_arm_online(ARRAY[sub.id]);
    END IF;
    IF sub.open_sessions > sub.simultaneous_use THEN
      PERFORM accounting_limit_sessions(sub.id, sub.simultaneous_use);
    END IF;
    IF sub.disagrees THEN
      PERFORM enforce_subscription(sub.id, CASE sub.state WHEN 'throttled' THEN 'cap_throttle' WHEN 'active' THEN 'renewed' WHEN 'grace' THEN 'renewed'
        WHEN 'pending' THEN 'ended' ELSE sub.state END);
    END IF;
  END LOOP;
END $$;

-- More sessions than sold. A device that came back takes over its own ghost; of what remains the newest are cut.
CREATE OR REPLACE FUNCTION accounting_limit_sessions(p_subscription_id bigint, p_limit integer) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  PERFORM accounting_close(array_agg(ghost.radacctid), 'takeover', max(heir.started_at))
  FROM session_live ghost JOIN LATERAL (
    SELECT max(h.started_at) AS started_at FROM session_live h
    WHERE h.subscription_id = p_subscription_id AND h.stopped_at IS NULL AND h.radacctid <> ghost.radacctid
      AND coalesce(h.mac, h.calling_station_id) = coalesce(ghost.mac, ghost.calling_station_id)
      -- Routers tell the time in seconds: of two that began in one, the one written down later came later.
      AND h.started_at >= ghost.updated_at
      AND (h.started_at > ghost.started_at OR (h.started_at = ghost.started_at AND h.radacctid > ghost.radacctid AND h.nas_id = ghost.nas_id AND h.service = ghost.service))
    HAVING max(h.started_at) IS NOT NULL) heir ON true
  WHERE ghost.subscription_id = p_subscription_id AND ghost.stopped_at IS NULL
  HAVING count(*) > 0;
  -- What counts is devices: one may be online through two services of a router at once. The same address at two routers is two devices.
  PERFORM enforce_session(extra.radacctid, 'cut', 'simultaneous_use', '{}'::jsonb)
  FROM (SELECT radacctid, dense_rank() OVER (ORDER BY first_at, first_id) AS place
        FROM (SELECT radacctid, min(started_at) OVER device AS first_at, min(radacctid) OVER device AS first_id
              FROM session_live WHERE subscription_id = p_subscription_id AND stopped_at IS NULL
              WINDOW device AS (PARTITION BY nas_id, coalesce(mac, calling_station_id, acct_session_id))) devices) extra
  WHERE extra.place > p_limit;
END $$;

-- Accounting-On, Accounting-Off or a new RouterOS boot digit: what that router had open is gone. Several routers may share one address, so each
-- part of the identity that both sides know must agree. Sessions that began later or were heard of later live on. Gives the number closed.
CREATE OR REPLACE FUNCTION accounting_reboot(
  p_nas bigint, p_event timestamptz, p_received timestamptz, p_identifier text, p_nas_ip inet, p_realm text, p_boot text
) RETURNS integer LANGUAGE sql AS $$
  SELECT coalesce(accounting_close(array_agg(s.radacctid), 'nas_reboot', p_event), 0) FROM session_live s
  WHERE s.nas_id = p_nas AND s.stopped_at IS NULL AND s.started_at <= p_event AND s.updated_at <= p_event AND s.received_at < p_received
    AND coalesce(s.nas_identifier = p_identifier, true) AND coalesce(s.nas_ip_address = p_nas_ip, true) AND coalesce(s.realm = p_realm, true)
    -- RouterOS session ids: 2 hex digits of service, 1 that counts boots, 5 that count sessions. No router boots within 30 s.
    AND (p_boot IS NULL OR s.acct_session_id ~ '^8[0-9a-f]{7}$' AND left(s.acct_session_id, 2) = left(p_boot, 2)
      AND left(s.acct_session_id, 3) <> p_boot AND s.updated_at < p_event - interval '30 s')
$$;

-- One batch, sorted by (nas, sid), at most one packet per session. Times are milliseconds of the host's clock and are moved onto Lango's clock here.
-- p_details may be NULL for a packet whose session is likely known: then, if it is not, its number comes back in needs and the packet is to be
-- sent again with them. Most packets are interims of open sessions, and their details would be most of the bytes.
DROP FUNCTION IF EXISTS accounting_apply;
CREATE FUNCTION accounting_apply(
  p_nas bigint[], p_sid text[], p_kind smallint[], p_event_ms bigint[], p_received_ms bigint[], p_flags smallint[],
  p_st bigint[], p_in bigint[], p_out bigint[], p_login text[], p_mark bigint[], p_ip inet[], p_rate text[], p_list text[], p_cause text[], p_details text[],
  OUT merged integer, OUT opened integer, OUT stopped integer, OUT needs integer[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  total integer := cardinality(p_nas);
  shift_ms bigint := (SELECT (extract(epoch FROM shift) * 1000)::bigint FROM platform_clock);
  p_event timestamptz[];
  p_received timestamptz[];
  m record;
  rest record;
  target bigint[];
  fresh bigint[] := '{}';
BEGIN
  SELECT array_agg(to_timestamp((e + shift_ms) / 1000.0)), array_agg(to_timestamp((r + shift_ms) / 1000.0)) INTO p_event, p_received
  FROM unnest(p_event_ms, p_received_ms) AS u (e, r);
  m := accounting_merge(NULL, p_nas, p_sid, p_kind, p_event, p_received, p_flags, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_cause);
  PERFORM accounting_settle(m.o_id, m.o_sub, m.o_tenant, m.o_event, m.o_in, m.o_out, m.o_s, m.o_rate, m.o_stopped);
  merged := coalesce(cardinality(m.o_n), 0);
  stopped := coalesce(cardinality(array_positions(m.o_stopped, true)), 0);
  opened := 0;

  IF merged < total THEN
    target := array_fill(0::bigint, ARRAY[total]);
    needs := ARRAY(SELECT n FROM unnest(p_details) WITH ORDINALITY AS u (details, n)
      WHERE details IS NULL AND n NOT IN (SELECT unnest(coalesce(m.o_n, '{}'))));
    -- Most of the rest are sessions that have just begun: all in one statement.
    FOR rest IN
      WITH unknown AS (
        SELECT * FROM unnest(p_nas, p_sid, p_event, p_received, p_st, p_login, p_ip, p_rate, p_list, p_details)
          WITH ORDINALITY AS u (nas, sid, at, received, st, login, ip, rate, list, details, n)
        WHERE n NOT IN (SELECT unnest(coalesce(m.o_n, '{}'))) AND details IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM session_live s WHERE s.nas_id = u.nas AND s.acct_session_id = u.sid)
          AND NOT EXISTS (SELECT 1 FROM session_closed s WHERE s.nas_id = u.nas AND s.acct_session_id = u.sid)
      ), arrays AS (
        SELECT array_agg(nas ORDER BY n) AS nas, array_agg(sid ORDER BY n) AS sid, array_agg(at - coalesce(st, 0) * interval '1 s' ORDER BY n) AS start_at,
          array_agg(at ORDER BY n) AS at, array_agg(received ORDER BY n) AS received, array_agg(login ORDER BY n) AS login, array_agg(ip ORDER BY n) AS ip,
          array_agg(rate ORDER BY n) AS rate, array_agg(list ORDER BY n) AS list, array_agg(details ORDER BY n) AS details
        FROM unknown HAVING count(*) > 0
      )
      SELECT unknown.n, i.id
      FROM arrays, LATERAL accounting_insert_sessions(arrays.nas, arrays.sid, 0, arrays.start_at, arrays.at, arrays.received, arrays.login, arrays.ip,
        arrays.rate, arrays.list, arrays.details, false) i
      JOIN unknown ON unknown.nas = i.nas AND unknown.sid = i.sid
    LOOP
      target[rest.n] := rest.id;
      fresh := fresh || rest.id;
    END LOOP;
    FOR rest IN
      SELECT u.n, placed.o_id, placed.o_opened
      FROM unnest(target, p_nas, p_sid, p_kind, p_event, p_received, p_flags, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_details)
        WITH ORDINALITY AS u (target, nas, sid, kind, at, received, flags, st, b_in, b_out, login, mark, ip, rate, list, details, n),
        LATERAL accounting_place(nas, sid, kind, at, received, flags, st, b_in, b_out, login, mark, ip, rate, list, details) placed
      WHERE u.target = 0 AND u.details IS NOT NULL AND u.n NOT IN (SELECT unnest(coalesce(m.o_n, '{}')))
    LOOP
      target[rest.n] := rest.o_id;
      IF rest.o_opened THEN fresh := fresh || rest.o_id; END IF;
    END LOOP;
    m := accounting_merge(target, p_nas, p_sid, p_kind, p_event, p_received, p_flags, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_cause);
    PERFORM accounting_settle(m.o_id, m.o_sub, m.o_tenant, m.o_event, m.o_in, m.o_out, m.o_s, m.o_rate, m.o_stopped);
    merged := merged + coalesce(cardinality(m.o_n), 0);
    stopped := stopped + coalesce(cardinality(array_positions(m.o_stopped, true)), 0);
    opened := cardinality(fresh);
    IF opened > 0 THEN
      PERFORM accounting_greet(fresh);
      PERFORM accounting_tell_sessions(array_agg(DISTINCT tenant_id)) FROM session_live WHERE radacctid = ANY (fresh);
    END IF;
  END IF;
  IF merged + coalesce(cardinality(needs), 0) <> total THEN
    RAISE EXCEPTION '% of % packets found no session', total - merged, total USING ERRCODE = 'serialization_failure';
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION accounting_apply FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accounting_apply TO lango_accounting;

-- What follows from merged packets: usage, crossings, proof for the enforcer, and word to the live pages.
CREATE OR REPLACE FUNCTION accounting_settle(
  p_id bigint[], p_sub bigint[], p_tenant bigint[], p_event timestamptz[], p_in bigint[], p_out bigint[], p_s bigint[], p_rate text[], p_stopped boolean[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_id IS NULL THEN RETURN; END IF;
  PERFORM accounting_count_usage(p_sub, p_tenant, p_event, p_in, p_out, p_s);
  IF EXISTS (SELECT 1 FROM enforcement WHERE state = 'open') THEN
    -- A record from before the router acknowledged proves nothing.
    PERFORM enforcement_prove_rate(u.id, u.rate) FROM unnest(p_id, p_rate, p_event) AS u (id, rate, at)
    JOIN enforcement e ON e.session_id = u.id AND e.state = 'open' AND e.kind IN ('throttle', 'restore')
    WHERE u.rate IS NOT NULL AND u.at >= e.acked_at - interval '1 s';
    PERFORM enforcement_prove_closed(array_agg(id), 'stop') FROM unnest(p_id, p_stopped) AS u (id, stopped) WHERE stopped HAVING count(*) > 0;
  END IF;
  IF true = ANY (p_stopped) THEN
    PERFORM accounting_tell_sessions(array_agg(DISTINCT tenant)) FROM unnest(p_tenant, p_stopped) AS u (tenant, stopped) WHERE stopped;
  END IF;
END $$;

-- Live pages hear of sessions that came or went, not of every interim: notifications queue commits behind one another.
CREATE OR REPLACE FUNCTION accounting_tell_sessions(p_tenants bigint[]) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('lango_live', json_build_object('tenant', t::text, 'topic', 'sessions')::text) FROM unnest(p_tenants) t
$$;

-- Accounting-On and -Off, and a new boot digit (p_boot: the first three digits of the session id), from the listener. Times as in accounting_apply.
CREATE OR REPLACE FUNCTION accounting_router_restarted(
  p_nas bigint, p_tenant bigint, p_event_ms bigint, p_received_ms bigint, p_identifier text, p_nas_ip inet, p_realm text, p_boot text
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  shift_ms bigint := extract(epoch FROM lango_clock_shift()) * 1000;
  v_at timestamptz := to_timestamp((p_event_ms + shift_ms) / 1000.0);
  closed integer;
BEGIN
  closed := accounting_reboot(p_nas, v_at, to_timestamp((p_received_ms + shift_ms) / 1000.0), p_identifier, p_nas_ip, p_realm, p_boot);
  -- The first Start that a listener hears shows a boot digit too: without a session that it ends it tells of no restart.
  IF p_boot IS NULL OR closed > 0 THEN
    INSERT INTO nas_status AS t (nas_id, tenant_id, restarted_at) SELECT id, tenant_id, v_at FROM nas WHERE id = p_nas
    ON CONFLICT (nas_id) DO UPDATE SET restarted_at = greatest(t.restarted_at, excluded.restarted_at);
  END IF;
  IF closed > 0 THEN PERFORM accounting_tell_sessions(ARRAY[p_tenant]); END IF;
  RETURN closed;
END $$;
GRANT EXECUTE ON FUNCTION accounting_router_restarted TO lango_accounting;

-- When routers were last heard of and what they call themselves; at most every few seconds, from all listener processes.
CREATE OR REPLACE FUNCTION accounting_heard_of(p_nas bigint[], p_identity text[], p_age_ms bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO nas_status AS t (nas_id, tenant_id, identity, last_accounting_at)
  SELECT n.id, n.tenant_id, u.identity, lango_now() - u.age_ms * interval '1 ms'
  FROM unnest(p_nas, p_identity, p_age_ms) AS u (nas, identity, age_ms) JOIN nas n ON n.id = u.nas ORDER BY n.id
  ON CONFLICT (nas_id) DO UPDATE SET identity = coalesce(excluded.identity, t.identity),
    last_accounting_at = greatest(t.last_accounting_at, excluded.last_accounting_at)
$$;
GRANT EXECUTE ON FUNCTION accounting_heard_of TO lango_accounting;

-- Packets from addresses that are no router of ours. The table is bounded: a flood of forged addresses pushes out nothing that is known.
CREATE OR REPLACE FUNCTION accounting_unknown_heard(p_address inet[], p_packets bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO nas_unknown AS t (address, kind, packets, first_at, last_at)
  SELECT u.address, 'acct', u.packets, lango_now(), lango_now() FROM unnest(p_address, p_packets) AS u (address, packets)
  WHERE (SELECT count(*) FROM nas_unknown) < 1000 OR EXISTS (SELECT 1 FROM nas_unknown k WHERE k.address = u.address AND k.kind = 'acct')
  ORDER BY 1
  ON CONFLICT (address, kind) DO UPDATE SET packets = t.packets + excluded.packets, last_at = excluded.last_at
$$;
GRANT EXECUTE ON FUNCTION accounting_unknown_heard TO lango_accounting;

-- Since when every listener has been heard without a gap and holds nothing back; NULL while one does, or none is there. A listener that has been
-- silent for a day counts as gone for good.
CREATE OR REPLACE FUNCTION accounting_caught_up_at() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN bool_and(pending_packets = 0) AND bool_or(beat_at > clock_timestamp() - interval '15 s') THEN max(drained_at) END
  FROM accounting_spool WHERE beat_at > clock_timestamp() - interval '1 day'
$$;

-- Closes sessions that missed three interims, at their last known moment. Nothing is swept until every spool is drained and one interval has passed.
-- A router with a wrong clock must not lose its sessions, so it is the time of arrival that counts.
CREATE OR REPLACE FUNCTION accounting_sweep_stale(p_limit integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  caught_up timestamptz := accounting_caught_up_at();
  ids bigint[];
  closed integer;
BEGIN
  IF caught_up IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(radacctid), count(*) INTO ids, closed FROM (
    SELECT radacctid FROM session_live
    WHERE stopped_at IS NULL
      AND received_at < lango_now() - make_interval(secs => 3 * greatest(coalesce(interim_s, 300), 60) + 30)
      AND caught_up < lango_now() - make_interval(secs => greatest(coalesce(interim_s, 300), 60))
    ORDER BY radacctid LIMIT p_limit FOR UPDATE SKIP LOCKED) stale;
  IF ids IS NULL THEN RETURN 0; END IF;
  PERFORM accounting_tell_sessions(array_agg(DISTINCT tenant_id)) FROM session_live WHERE radacctid = ANY (ids);
  RETURN accounting_close(ids, 'stale', lango_now());
END $$;
GRANT EXECUTE ON FUNCTION accounting_sweep_stale TO lango_jobs;

-- Moves sessions that have been closed for a day to the partitions of their day. A late packet brings one back (accounting_unarchive).
CREATE OR REPLACE FUNCTION accounting_archive(p_limit integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE moved_rows integer;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT nas_id, acct_session_id, generation FROM session_live
    -- closed_at, not stopped_at: a session found stale or ended by a router whose records came late was closed later than it was last heard of.
    WHERE stopped_at < lango_now() - interval '1 day' AND greatest(closed_at, received_at) < lango_now() - interval '1 day'
    ORDER BY stopped_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), moved AS (
    DELETE FROM session_live s USING due d
    WHERE s.nas_id = d.nas_id AND s.acct_session_id = d.acct_session_id AND s.generation = d.generation RETURNING s.*
  )
  INSERT INTO session_closed SELECT * FROM moved;
  GET DIAGNOSTICS moved_rows = ROW_COUNT;
  RETURN moved_rows;
END $$;
GRANT EXECUTE ON FUNCTION accounting_archive TO lango_jobs;

-- Keeps a packet that cannot be stored for a person to look at: the first 1,000 of each company, so that one broken router fills neither the disk
-- nor the room of the others.
CREATE OR REPLACE FUNCTION accounting_keep_aside(p_tenant bigint, p_address inet, p_packet bytea, p_error text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO accounting_quarantine (tenant_id, nas_address, packet, error)
  SELECT p_tenant, p_address, p_packet, p_error 
  WHERE (SELECT count(*) FROM (SELECT FROM accounting_quarantine q WHERE q.tenant_id IS NOT DISTINCT FROM p_tenant LIMIT 1000) kept) < 1000
$$;
GRANT EXECUTE ON FUNCTION accounting_keep_aside TO lango_accounting;
