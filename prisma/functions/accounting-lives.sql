-- Which session a packet belongs to when it is not the open one of its key, and how a session's row comes to be.

-- Inserts sessions with no usage yet and gives their ids, 0 for those that another process inserted first. p_details is what the listener packed
-- (radius/accounting/details.ts), in its order; p_mark is NULL unless the packet is the session's Start.
DROP FUNCTION IF EXISTS accounting_insert_sessions(bigint[], text[], integer, timestamptz[], timestamptz[], timestamptz[], text[], inet[], text[], text[], text[], boolean);
CREATE OR REPLACE FUNCTION accounting_insert_sessions(
  p_nas bigint[], p_sid text[], p_generation integer, p_start timestamptz[], p_event timestamptz[], p_received timestamptz[], p_login text[], p_mark bigint[],
  p_ip inet[], p_rate text[], p_list text[], p_details text[], p_closed boolean
) RETURNS bigint[] LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  v_ids bigint[] := ARRAY(SELECT nextval('session_id_seq') FROM generate_series(1, cardinality(p_nas)));
  v_made bigint[];
BEGIN
  WITH made AS (
    INSERT INTO session_live (
      radacctid, tenant_id, nas_id, acct_session_id, generation, subscription_id, username, realm, nas_address, nas_identifier, nas_ip_address, nas_port,
      nas_port_id, nas_port_type, service_type, framed_protocol, service, acct_authentic, called_station_id, calling_station_id, mac, framed_ip,
      framed_ipv6_prefix, delegated_ipv6_prefix, class, login_id, start_mark, started_at, updated_at, prev_updated_at, received_at, interim_s, rate_limit, address_list, mode,
      stopped_at, closed_by, closed_at)
    SELECT p.id, d[1]::bigint, p.nas, p.sid, p_generation, sub.id, coalesce(d[4], ''), d[5], d[6]::inet, d[7], d[8]::inet, d[9]::bigint,
      d[10], d[11], d[12], d[13], coalesce(d[14], 'other'), d[15], d[16], d[17], d[18], p.ip,
      d[19], d[20], decode(d[21], 'hex'), p.login, p.mark, p.start_at, p.event_at, p.event_at, p.received_at, coalesce(d[22]::integer, v.interim_s), p.rate, p.list,
      CASE WHEN sub.id = d[2]::bigint OR d[2] = '0' THEN d[3] END,
      CASE WHEN p_closed THEN p.event_at END, CASE WHEN p_closed THEN 'new_generation' END, CASE WHEN p_closed THEN p.event_at END
    FROM (
      SELECT *, string_to_array(details, E'\x1f', '') AS d
      FROM unnest(v_ids, p_nas, p_sid, p_start, p_event, p_received, p_login, p_mark, p_ip, p_rate, p_list, p_details)
        AS u (id, nas, sid, start_at, event_at, received_at, login, mark, ip, rate, list, details) OFFSET 0) p
    -- Whose session it is: by the Class that we gave at the login if it is of this router's company, else by the name, which may be a voucher's.
    LEFT JOIN LATERAL (SELECT c.id, c.plan_version_id FROM subscription c WHERE c.id = d[2]::bigint AND c.tenant_id = d[1]::bigint OFFSET 0) c ON true
    LEFT JOIN LATERAL (SELECT n.id, n.plan_version_id FROM subscription n WHERE c.id IS NULL AND n.tenant_id = d[1]::bigint AND n.username = d[4] OFFSET 0) n ON true
    LEFT JOIN LATERAL (SELECT coalesce(c.id, n.id, access_subscription_of(d[1]::bigint, d[4], p.start_at)) AS id, coalesce(c.plan_version_id, n.plan_version_id) AS plan_version_id) sub ON true
    LEFT JOIN plan_version v ON v.id = ANY (ARRAY[sub.plan_version_id])
    ON CONFLICT DO NOTHING
    RETURNING session_live.radacctid
  )
  SELECT array_agg(radacctid) INTO v_made FROM made;
  IF cardinality(v_made) = cardinality(v_ids) THEN RETURN v_ids; END IF;
  RETURN ARRAY(SELECT CASE WHEN id IN (SELECT unnest(v_made)) THEN id ELSE 0 END FROM unnest(v_ids) AS id);
END $$;

-- Finds or makes the session of a packet that was not of the open session of its key: a new session, a new life of a known id, a late packet of an
-- older life, or one of a session that was closed or even archived. A closed session that the router still counts is re-opened
-- (o_heard_at: when it was last heard of).
DROP FUNCTION IF EXISTS accounting_place;
CREATE FUNCTION accounting_place(
  p_nas bigint, p_sid text, p_kind smallint, p_event timestamptz, p_received timestamptz, p_flags smallint, p_st bigint, p_in bigint, p_out bigint,
  p_login text, p_mark bigint, p_ip inet, p_rate text, p_list text, p_details text, OUT o_id bigint, OUT o_opened boolean, OUT o_heard_at timestamptz
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
      SELECT false AS archived, first_seen_on, generation, started_at, updated_at, received_at, closed_by, session_time_s, input_bytes, output_bytes,
        accounting_known_login(p_kind, p_login, login_id, relogin_ids) AS known_login, login_id, start_mark
      FROM session_live WHERE nas_id = p_nas AND acct_session_id = p_sid
      UNION ALL
      SELECT true, first_seen_on, generation, started_at, updated_at, received_at, closed_by, session_time_s, input_bytes, output_bytes,
        accounting_known_login(p_kind, p_login, login_id, relogin_ids) AS known_login, login_id, start_mark
      FROM session_closed WHERE nas_id = p_nas AND acct_session_id = p_sid) s
    WHERE accounting_same_life(p_kind, timed, at_start, p_event, p_received, p_st, p_in, p_out, p_login, p_mark, s.started_at, s.updated_at, s.received_at, s.closed_by,
      s.session_time_s, s.input_bytes, s.output_bytes, s.known_login, s.start_mark)
    -- Two lives may know one login: the first logged in by it in mid-session, the second began by it, on a router that remembers who it let in.
    ORDER BY (p_login = s.known_login) IS TRUE DESC,
      (p_kind = 1 AND s.start_mark = p_mark OR p_kind <> 1 AND s.session_time_s = p_st AND s.input_bytes = p_in AND s.output_bytes = p_out) IS TRUE DESC,
      CASE WHEN timed THEN abs(extract(epoch FROM s.started_at - at_start)) END, (p_login = s.login_id) IS TRUE DESC, s.generation DESC
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
        -- By our clock: a router's may be anything.
        o_heard_at := r.received_at;
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
    o_id := nullif((accounting_insert_sessions(ARRAY[p_nas], ARRAY[p_sid], next_generation,
      ARRAY[at_start], ARRAY[p_event], ARRAY[p_received], ARRAY[p_login], ARRAY[NULL::bigint], ARRAY[p_ip], ARRAY[p_rate], ARRAY[p_list], ARRAY[p_details],
      coalesce(at_start < newest, false)))[1], 0);
    o_opened := newest IS NULL OR at_start >= newest;
    IF o_id IS NOT NULL THEN RETURN; END IF;
  END LOOP;
  RAISE EXCEPTION 'session % of router % is being changed by others; try again', p_sid, p_nas USING ERRCODE = 'serialization_failure';
END $$;
