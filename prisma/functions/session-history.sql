-- The sessions of one service over all the months of the archive.

-- The newest sessions of a service begun before p_before (NULL: up to now): the open ones, and at least the p_limit newest that are over, in no order; the
-- caller sorts. A statement over the whole archive is planned for each of its months anew, which takes ten times as long as to look into the two or three
-- that answer; so this looks into one after another, the latest first. A session lies in the month in which it was first heard of and has begun before,
-- on whatever clock within a day: older months cannot hold one that is newer than that. Past row-level security, so it asks for the company.
DROP FUNCTION IF EXISTS session_newest;
CREATE FUNCTION session_newest(p_subscription bigint, p_before timestamptz, p_limit integer) RETURNS TABLE (
  radacctid bigint, nas_id bigint, framed_ip inet, mac text, framed_ipv6_prefix text, delegated_ipv6_prefix text, started_at timestamptz, updated_at timestamptz,
  stopped_at timestamptz, terminate_cause text, mode text, interim_s integer, session_time_s bigint, input_bytes bigint, output_bytes bigint,
  prev_updated_at timestamptz, prev_session_time_s bigint, prev_input_bytes bigint, prev_output_bytes bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_columns text := 'l.radacctid, l.nas_id, l.framed_ip, l.mac, l.framed_ipv6_prefix, l.delegated_ipv6_prefix, l.started_at, l.updated_at, l.stopped_at, l.terminate_cause, l.mode, l.interim_s,
    l.session_time_s, l.input_bytes, l.output_bytes, l.prev_updated_at, l.prev_session_time_s, l.prev_input_bytes, l.prev_output_bytes';
  v_of_service text := format('l.tenant_id = %L AND l.subscription_id = %L AND l.started_at < %L', lango_tenant(), p_subscription, coalesce(p_before, 'infinity'));
  v_part text;
  v_from date;
  v_newer integer := 0;
BEGIN
  IF lango_tenant() IS NULL OR p_subscription IS NULL THEN RETURN; END IF;
  RETURN QUERY EXECUTE format('SELECT %1$s FROM session_live l WHERE %2$s AND l.stopped_at IS NULL
    UNION ALL (SELECT %1$s FROM session_live l WHERE %2$s AND l.stopped_at IS NOT NULL ORDER BY l.started_at DESC LIMIT %3$s)', v_columns, v_of_service, p_limit);
  -- The partition for whatever no month takes comes first: its name sorts behind the digits.
  FOR v_part, v_from IN
    SELECT c.relname, to_date(substring(c.relname FROM '\d{6}$'), 'YYYYMM') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'session_closed'::regclass ORDER BY c.relname DESC
  LOOP
    FOR radacctid, nas_id, framed_ip, mac, framed_ipv6_prefix, delegated_ipv6_prefix, started_at, updated_at, stopped_at, terminate_cause, mode, interim_s,
        session_time_s, input_bytes, output_bytes, prev_updated_at, prev_session_time_s, prev_input_bytes, prev_output_bytes IN
      EXECUTE format('SELECT %s FROM %I l WHERE %s ORDER BY l.started_at DESC LIMIT %s', v_columns, v_part, v_of_service, p_limit)
    LOOP
      IF started_at >= v_from + interval '1 day' THEN v_newer := v_newer + 1; END IF;
      RETURN NEXT;
    END LOOP;
    EXIT WHEN v_newer >= p_limit;
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION session_newest TO lango_web;
