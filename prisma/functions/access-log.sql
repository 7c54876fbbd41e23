-- Loads answers from a FreeRADIUS host's log into radpostauth, and what they tell about routers into nas_status. The position is kept in the same
-- transaction as the rows: whoever is killed at any moment, each line is loaded once. p_from is the position that the caller read from.
-- Returns the position that stands now; one that is not p_to tells the caller to read on from there.
CREATE OR REPLACE FUNCTION access_load_answers(p_log text, p_from bigint, p_to bigint, p_answers jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_position bigint;
BEGIN
  INSERT INTO access_log_position (log, position) VALUES (p_log, 0) ON CONFLICT DO NOTHING;
  SELECT position INTO v_position FROM access_log_position WHERE log = p_log FOR UPDATE;
  IF v_position <> p_from THEN
    RETURN v_position;
  END IF;
  INSERT INTO radpostauth (username, pass, reply, calledstationid, callingstationid, authdate, class, tenant_id, nas_id, reason, station, method, service_type, port_type, certificate)
  SELECT a.username, '', a.reply, a.called, a.station, to_timestamp(a.at) + (SELECT shift FROM platform_clock), a.login, a.tenant_id, a.nas_id, a.reason,
         coalesce(access_mac(a.station), a.station), a.method, a.service_type, a.port_type, lower(ltrim(a.certificate, '0'))
  FROM jsonb_to_recordset(p_answers) AS a (at double precision, tenant_id bigint, nas_id bigint, login text, reply text, reason text, signed boolean,
                                           username text, station text, called text, identity text, method text, service_type text, port_type text, certificate text)
  WHERE a.tenant_id > 0;
  PERFORM access_count_refusals(p_answers);

  INSERT INTO nas_status AS s (nas_id, tenant_id, identity, last_access_at, message_authenticator_seen_at)
  SELECT n.id, n.tenant_id, (array_agg(a.identity ORDER BY a.at DESC) FILTER (WHERE a.identity IS NOT NULL))[1],
         to_timestamp(max(a.at)) + (SELECT shift FROM platform_clock),
         -- What was signed before the router's secret, address or policy changed says nothing about the router that stands there today.
         to_timestamp(max(a.at) FILTER (WHERE a.signed AND to_timestamp(a.at) + (SELECT shift FROM platform_clock) > n.updated_at)) + (SELECT shift FROM platform_clock)
  FROM jsonb_to_recordset(p_answers) AS a (at double precision, nas_id bigint, signed boolean, identity text)
  JOIN nas n ON n.id = a.nas_id
  GROUP BY n.id
  ORDER BY n.id
  ON CONFLICT (nas_id) DO UPDATE SET
    identity = coalesce(excluded.identity, s.identity),
    last_access_at = greatest(s.last_access_at, excluded.last_access_at),
    message_authenticator_seen_at = coalesce(s.message_authenticator_seen_at, excluded.message_authenticator_seen_at);

  IF jsonb_path_exists(p_answers, '$[*] ? (@.reason == "wrong_password" || @.reason == "unknown_user" || @.reason == "ended")') THEN
    PERFORM access_count_guesses(p_answers);
  END IF;

  UPDATE access_log_position SET position = p_to, updated_at = now() WHERE log = p_log;
  RETURN p_to;
END $$;
GRANT EXECUTE ON FUNCTION access_load_answers(text, bigint, bigint, jsonb) TO lango_radius;

-- Counts refusals that repeat: one row per router, login, device and reason, however often it comes. Rows are locked in one order, so that two
-- hosts that load at once cannot wait for each other.
CREATE OR REPLACE FUNCTION access_count_refusals(p_answers jsonb) RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
  INSERT INTO access_refusal AS r (tenant_id, nas_id, username, station, reason, tries, first_at, last_at)
  SELECT a.tenant_id, a.nas_id, a.username, coalesce(access_mac(a.station), a.station, ''), a.reason, count(*),
         to_timestamp(min(a.at)) + (SELECT shift FROM platform_clock), to_timestamp(max(a.at)) + (SELECT shift FROM platform_clock)
  FROM jsonb_to_recordset(p_answers) AS a (at double precision, tenant_id bigint, nas_id bigint, reply text, reason text, username text, station text)
  WHERE a.tenant_id > 0 AND a.reply <> 'Access-Accept'
  GROUP BY 1, 2, 3, 4, 5
  ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (tenant_id, nas_id, username, station, reason) DO UPDATE SET
    tries = excluded.tries + CASE WHEN excluded.first_at > r.last_at + interval '1 day' THEN 0 ELSE r.tries END,
    first_at = CASE WHEN excluded.first_at > r.last_at + interval '1 day' THEN excluded.first_at ELSE least(r.first_at, excluded.first_at) END,
    last_at = greatest(r.last_at, excluded.last_at)
$$;

-- Packets that FreeRADIUS refused because their address is no router of ours. Anybody can send from anywhere: only the latest 1,000 addresses are kept.
CREATE OR REPLACE FUNCTION access_note_strangers(p_addresses inet[], p_packets bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM nas_unknown WHERE kind = 'auth' AND address IN (SELECT address FROM nas_unknown WHERE kind = 'auth' ORDER BY last_at DESC OFFSET 1000);
  INSERT INTO nas_unknown AS u (address, kind, packets)
  SELECT a, 'auth', n FROM unnest(p_addresses, p_packets) AS t (a, n) ORDER BY a
  ON CONFLICT (address, kind) DO UPDATE SET packets = u.packets + excluded.packets, last_at = lango_now()
$$;
GRANT EXECUTE ON FUNCTION access_note_strangers(inet[], bigint[]) TO lango_radius;

-- Packets that FreeRADIUS dropped because their signature does not fit the secret that we have of that router.
CREATE OR REPLACE FUNCTION access_note_wrong_secrets(p_addresses text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO nas_status AS s (nas_id, tenant_id, secret_wrong_at)
  SELECT n.id, n.tenant_id, lango_now() FROM nas n WHERE n.nasname = ANY (p_addresses) ORDER BY n.id
  ON CONFLICT (nas_id) DO UPDATE SET secret_wrong_at = excluded.secret_wrong_at
$$;
GRANT EXECUTE ON FUNCTION access_note_wrong_secrets(text[]) TO lango_radius;
