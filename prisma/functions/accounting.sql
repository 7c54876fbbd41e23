-- What the network reports becomes sessions and usage. One call per batch, exactly idempotent: duplicates, reordering and replays change nothing.
-- The listener plans its connections for small batches against large tables (radius/accounting/store.ts); a SET on each function would cost more
-- than the work of a single packet.
-- A packet is (n, nas_id, sid, kind, …) in parallel arrays; kind 1 Start, 2 Stop, 3 Interim-Update (RFC 2866 section 5.1).
-- A row is looked up by = ANY (ARRAY[key]), which is = key and nothing but a look-up in the index: with a plain = a plan that was made while a table was
-- empty walks the whole of it for every packet of the first storm, and stands until the server's upkeep has looked at the table.
-- flags: 1 the event time comes from the router (Event-Timestamp or Acct-Delay-Time), 2 input has Gigawords, 4 output has Gigawords.

-- Whether a packet belongs to the same life of a session id as a stored session. The login tells, if the router repeats our Class, whatever its clock and
-- ours say: clocks are set back too. Without a Class time decides, for two lives of one id never overlap: a new life began after the last word of the old
-- one. By the router's clock that is certain to 2 s; without it a packet only ever seems later than it was, so 60 s are allowed. Clocks can jump, so for a
-- session that is still open a later beginning alone is not believed: a counter fell. p_* is the packet, r_* the stored session; r_closed_by NULL means open.
DROP FUNCTION IF EXISTS accounting_same_life(smallint, boolean, timestamptz, timestamptz, bigint, bigint, bigint, text, bigint, timestamptz, timestamptz, text, bigint, bigint, bigint, text, bigint);
CREATE OR REPLACE FUNCTION accounting_same_life(
  kind smallint, timed boolean, at_start timestamptz, at_event timestamptz, at_arrival timestamptz, st bigint, b_in bigint, b_out bigint, login text, mark bigint,
  r_started timestamptz, r_last timestamptz, r_arrival timestamptz, r_closed_by text, r_st bigint, r_in bigint, r_out bigint, r_login text, r_mark bigint
) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE
    -- Nobody logs in once and lives twice; but for a router that lets somebody in again by what it remembers, which another Start tells.
    WHEN login = r_login AND (kind <> 1 OR mark = r_mark OR r_mark IS NULL) THEN true
    -- Where somebody logs in anew in the middle of a session (802.1X), all that is said of it since agrees with when it began: as the router says now, or as its
    -- last word said, whose clock may have been set since the Start or not be believed at all. Then it goes on where that word was, also by when the two arrived, and
    -- its counters with it: by chance a clock is set so that another life seems to begin with this one.
    WHEN login <> r_login AND (kind = 1 AND mark <> r_mark
      OR (NOT timed OR at_start NOT BETWEEN r_started - interval '5 s' AND r_started + interval '5 s')
        AND (kind = 1 OR abs(extract(epoch FROM at_start - r_last) + r_st) > CASE WHEN timed THEN 5 ELSE 15 END OR at_start > r_last - interval '15 s'
          OR abs(extract(epoch FROM at_arrival - r_arrival) - (st - r_st)) > 15
          OR st > r_st AND r_closed_by IN ('stop', 'nas_reboot')
          OR NOT (st >= r_st AND coalesce(b_in >= r_in, true) AND coalesce(b_out >= r_out, true)
               OR st <= r_st AND coalesce(b_in <= r_in, true) AND coalesce(b_out <= r_out, true)) IS TRUE)) THEN false
    -- It happened before this life began: what waited on the disk is written after what came later.
    WHEN at_event < r_started - CASE WHEN timed AND login = r_login IS NOT TRUE THEN interval '5 s' ELSE interval '60 s' END THEN false
    WHEN kind = 1 THEN CASE
      -- The same octets may come again with another life: there are only 256 identifiers.
      WHEN mark = r_mark THEN timed OR at_start <= r_last + interval '60 s'
      WHEN timed THEN NOT (at_start > r_started + interval '5 s' AND at_start >= r_last - interval '2 s')
      -- An open session takes a repeated Start; a closed one takes the Start that it never had.
      ELSE (r_closed_by IS NULL OR r_mark IS NULL) AND (login = r_login IS TRUE OR at_start <= r_last + interval '60 s') END
    -- Equal counters are a repeated word, also after the router's clock has jumped.
    WHEN st = r_st AND b_in = r_in AND b_out = r_out THEN true
    WHEN NOT CASE WHEN timed THEN at_start > r_started + interval '5 s' AND at_start >= r_last - interval '2 s' ELSE at_start > r_last + interval '60 s' END THEN true
    WHEN r_closed_by IN ('stop', 'nas_reboot', 'new_generation') THEN false
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

-- By which login a session knows a packet: its own, or one with which somebody logged in anew meanwhile (802.1X) and that was accepted for the same life. That
-- sends no Start: who sends one has another life, whatever was accepted before.
CREATE OR REPLACE FUNCTION accounting_known_login(p_kind smallint, p_login text, p_login_id text, p_relogin_ids text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN p_kind <> 1 AND p_login = ANY (p_relogin_ids) THEN p_login ELSE p_login_id END $$;

-- Whether a login is another life's of the same session id. A function of its own, because nearly no packet asks: what stands in the statement itself is made
-- ready with every batch, for each part of the archive.
CREATE OR REPLACE FUNCTION accounting_login_is_elsewhere(p_kind smallint, p_login text, p_nas bigint, p_sid text, p_id bigint, p_relogin_ids text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
  -- Of a login that was accepted here: only one that another life began with.
  IF p_kind <> 1 AND p_login = ANY (p_relogin_ids) THEN
    RETURN EXISTS (SELECT 1 FROM session_live o WHERE o.nas_id = p_nas AND o.acct_session_id = p_sid AND o.radacctid <> p_id AND o.login_id = p_login);
  END IF;
  RETURN EXISTS (SELECT 1 FROM session_live o WHERE o.nas_id = p_nas AND o.acct_session_id = p_sid AND o.radacctid <> p_id
                   AND p_login = accounting_known_login(p_kind, p_login, o.login_id, o.relogin_ids))
      OR EXISTS (SELECT 1 FROM session_closed o WHERE o.nas_id = p_nas AND o.acct_session_id = p_sid
                   AND p_login = accounting_known_login(p_kind, p_login, o.login_id, o.relogin_ids));
END $$;

-- Writes packets into their sessions and gives what that changed. Without p_target a packet goes to the open session of its key if it is the same
-- life (the everyday case); with it to the session with that id (0 or less: leave out). The delta is computed inside the update, where the old row is
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
      -- Of one that was closed as silent: a late word is no sign of life. What opens it again has taken the mark away.
      received_at = CASE WHEN s.closed_by = 'stale' THEN s.received_at ELSE greatest(s.received_at, p.received_at) END,
      framed_ip = CASE WHEN p.event_at >= s.updated_at THEN coalesce(p.ip, s.framed_ip) ELSE coalesce(s.framed_ip, p.ip) END,
      rate_limit = CASE WHEN p.event_at >= s.updated_at THEN coalesce(p.rate, s.rate_limit) ELSE s.rate_limit END,
      address_list = CASE WHEN p.event_at >= s.updated_at THEN coalesce(p.list, s.address_list) ELSE s.address_list END,
      login_id = coalesce(s.login_id, p.login),
      -- Of a word that says more than is known: one that repeats what is known may be of another life that is like this one.
      relogin_ids = CASE WHEN p.login <> accounting_known_login(p.kind, p.login, s.login_id, s.relogin_ids) AND p.st > s.session_time_s
        THEN (p.login || s.relogin_ids)[1:8] ELSE s.relogin_ids END,
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
    WHERE s.nas_id = ANY (ARRAY[p.nas]) AND s.acct_session_id = ANY (ARRAY[p.sid]) AND coalesce(p.target, 1) > 0
      AND CASE WHEN p.target IS NULL
        THEN s.stopped_at IS NULL AND accounting_same_life(p.kind, p.timed, p.start_at, p.event_at, p.received_at, p.st, p.b_in, p.b_out, p.login, p.mark,
          s.started_at, s.updated_at, s.received_at, NULL, s.session_time_s, s.input_bytes, s.output_bytes, accounting_known_login(p.kind, p.login, s.login_id, s.relogin_ids), s.start_mark)
          -- A repeated last word of an earlier life, from a router without a clock, is not this one's.
          AND (s.generation = 0 OR p.timed OR NOT EXISTS (SELECT 1 FROM session_live o WHERE o.nas_id = s.nas_id AND o.acct_session_id = s.acct_session_id
            AND o.closed_by IS NOT NULL AND (o.start_mark = p.mark AND p.kind = 1
              OR p.kind <> 1 AND o.session_time_s = p.st AND o.input_bytes = p.b_in AND o.output_bytes = p.b_out)))
          -- Nor is what another life of its own login has, or a late word of an earlier life of the same login, which a router that lets somebody in again by
          -- what it remembers uses again.
          AND (p.login = s.login_id AND (p.kind = 1 OR p.event_at >= s.started_at - interval '60 s') OR p.login IS NULL
            OR NOT accounting_login_is_elsewhere(p.kind, p.login, s.nas_id, s.acct_session_id, s.radacctid, s.relogin_ids))
        ELSE s.radacctid = p.target END
    RETURNING p.n, s.radacctid, s.subscription_id, s.tenant_id, p.event_at, p.rate, p.kind = 2 AS stopped,
      s.input_bytes - s.prev_input_bytes AS d_in, s.output_bytes - s.prev_output_bytes AS d_out, s.session_time_s - s.prev_session_time_s AS d_s
  )
  SELECT array_agg(n), array_agg(radacctid), array_agg(subscription_id), array_agg(tenant_id), array_agg(event_at),
         array_agg(d_in), array_agg(d_out), array_agg(d_s), array_agg(rate), array_agg(stopped)
  INTO o_n, o_id, o_sub, o_tenant, o_event, o_in, o_out, o_s, o_rate, o_stopped
  FROM merged;
END $$;

-- One batch, sorted by (nas, sid), at most one packet per session. Times are milliseconds of the host's clock and are moved onto Lango's clock here.
-- Packets of open sessions and of sessions that have just begun are written together. Of any other the number comes back in needs: it is to be sent again with
-- p_each, which looks each up by itself. p_details may be NULL for a packet whose session is likely known (most packets are interims of open sessions, and their
-- details would be most of the bytes); with p_each they are wanted of each.
-- Each goes through its sessions in the order of the keys, and counts usage after that. In one transaction the odd ones would come back to earlier keys: two
-- listeners that hold packets of the same sessions would wait for each other, until Postgres finds that out a second later.
DROP FUNCTION IF EXISTS accounting_apply;
CREATE FUNCTION accounting_apply(
  p_nas bigint[], p_sid text[], p_kind smallint[], p_event_ms bigint[], p_received_ms bigint[], p_flags smallint[],
  p_st bigint[], p_in bigint[], p_out bigint[], p_login text[], p_mark bigint[], p_ip inet[], p_rate text[], p_list text[], p_cause text[], p_details text[],
  p_each boolean, OUT merged integer, OUT opened integer, OUT stopped integer, OUT needs integer[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  total integer := cardinality(p_nas);
  shift_ms bigint := (SELECT (extract(epoch FROM shift) * 1000)::bigint FROM platform_clock);
  p_event timestamptz[];
  p_received timestamptz[];
  m record;
  begun record;
  target bigint[];
  -- Sessions that go on from here, and when those of them that were closed were last heard of.
  fresh bigint[] := '{}';
  heard timestamptz[] := '{}';
BEGIN
  -- In float8, which holds a microsecond of our time exactly enough; numeric takes 2 µs a record.
  SELECT array_agg(to_timestamp((e + shift_ms)::float8 / 1000)), array_agg(to_timestamp((r + shift_ms)::float8 / 1000)) INTO p_event, p_received
  FROM unnest(p_event_ms, p_received_ms) AS u (e, r);
  IF p_each THEN
    SELECT array_agg(found.o_id ORDER BY n), coalesce(array_agg(found.o_id ORDER BY n) FILTER (WHERE found.o_opened), '{}'),
      array_agg(found.o_heard_at ORDER BY n) FILTER (WHERE found.o_opened)
    INTO target, fresh, heard
    FROM unnest(p_nas, p_sid, p_kind, p_event, p_received, p_flags, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_details)
      WITH ORDINALITY AS u (nas, sid, kind, at, received, flags, st, b_in, b_out, login, mark, ip, rate, list, details, n),
      LATERAL accounting_place(nas, sid, kind, at, received, flags, st, b_in, b_out, login, mark, ip, rate, list, details) found;
  END IF;
  m := accounting_merge(target, p_nas, p_sid, p_kind, p_event, p_received, p_flags, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_cause);
  merged := coalesce(cardinality(m.o_n), 0);
  stopped := coalesce(cardinality(array_positions(m.o_stopped, true)), 0);

  IF merged < total AND NOT p_each THEN
    -- Sessions that have just begun, with nothing yet to count: all in one statement.
    SELECT array_agg(n) AS n, array_agg(nas) AS nas, array_agg(sid) AS sid, array_agg(at) AS at, array_agg(received) AS received, array_agg(login) AS login,
      array_agg(mark) AS mark, array_agg(ip) AS ip, array_agg(rate) AS rate, array_agg(list) AS list, array_agg(details) AS details
    INTO begun
    FROM (
      SELECT * FROM unnest(p_nas, p_sid, p_kind, p_event, p_received, p_st, p_in, p_out, p_login, p_mark, p_ip, p_rate, p_list, p_details)
        WITH ORDINALITY AS u (nas, sid, kind, at, received, st, b_in, b_out, login, mark, ip, rate, list, details, n)
      WHERE kind = 1 AND coalesce(st, 0) = 0 AND coalesce(b_in, 0) = 0 AND coalesce(b_out, 0) = 0 AND details IS NOT NULL
        AND n NOT IN (SELECT unnest(coalesce(m.o_n, '{}')))
        AND NOT EXISTS (SELECT 1 FROM session_live s WHERE s.nas_id = u.nas AND s.acct_session_id = u.sid OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM session_closed s WHERE s.nas_id = u.nas AND s.acct_session_id = u.sid OFFSET 0)
      ORDER BY n) unknown;
    IF begun.n IS NOT NULL THEN
      target := accounting_insert_sessions(begun.nas, begun.sid, 0, begun.at, begun.at, begun.received, begun.login, begun.mark, begun.ip,
        begun.rate, begun.list, begun.details, false);
      fresh := array_remove(target, 0);
      heard := array_fill(NULL::timestamptz, ARRAY[cardinality(fresh)]);
    END IF;
    needs := ARRAY(SELECT n FROM generate_series(1, total) AS n
      WHERE n NOT IN (SELECT unnest(coalesce(m.o_n, '{}')) UNION ALL SELECT n FROM unnest(begun.n, target) AS b (n, made) WHERE made <> 0) ORDER BY n);
    merged := merged + cardinality(fresh);
  END IF;

  PERFORM accounting_settle(m.o_id, m.o_sub, m.o_tenant, m.o_event, m.o_in, m.o_out, m.o_s, m.o_rate, m.o_stopped);
  opened := cardinality(fresh);
  IF opened > 0 THEN
    PERFORM accounting_greet(fresh, heard);
    PERFORM accounting_tell_sessions(array_agg(DISTINCT tenant_id)) FROM session_live WHERE radacctid = ANY (fresh);
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
  -- Cycles are locked before orders. An order that this packet proves and this usage makes anew is the same row, begun again.
  PERFORM accounting_count_usage(p_sub, p_tenant, p_event, p_in, p_out, p_s);
  IF EXISTS (SELECT 1 FROM enforcement WHERE state = 'open') THEN
    PERFORM enforcement_prove_reported(p_id, p_rate, p_event, p_stopped);
  END IF;
  IF true = ANY (p_stopped) THEN
    PERFORM accounting_tell_sessions(array_agg(DISTINCT tenant)) FROM unnest(p_tenant, p_stopped) AS u (tenant, stopped) WHERE stopped;
  END IF;
END $$;
