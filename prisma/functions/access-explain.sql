-- What the console asks about a login: aaa_explain replays a request through aaa_authorize (access.sql) and tells what each check saw.

-- "Why can't they connect?", for the caller's company: asks aaa_authorize itself, as the router would, and tells what each check saw.
-- Without a device the lock is not held against anybody; without a router the company's first MikroTik is asked from.
-- NULL when there is no such router.
CREATE OR REPLACE FUNCTION aaa_explain(p_username text, p_mac text DEFAULT NULL, p_router_id bigint DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  n record;
  s record;
  w record;
  v_mac text := access_mac(p_mac);
  v_station text;
  v_rows jsonb;
  v_reply jsonb;
  v_reason text;
  v_decision text;
  v_checks jsonb := '[]';
  v_order text[] := '{router,login,password,company,status,device,sessions,paid,data}';
  v_failing text;
  v_check text;
  v_detail text;
  v_online bigint;
  v_tries record;
BEGIN
  SELECT nas.*, st.message_authenticator_seen_at, t.status AS company_status INTO n
  FROM nas JOIN tenant t ON t.id = nas.tenant_id LEFT JOIN nas_status st ON st.nas_id = nas.id
  WHERE nas.tenant_id = lango_tenant() AND (nas.id = p_router_id OR p_router_id IS NULL)
  ORDER BY nas.type = 'mikrotik' DESC, nas.id LIMIT 1;
  IF n.id IS NULL AND p_router_id IS NOT NULL THEN
    RETURN NULL;
  END IF;
  SELECT b.*, pl.kind, v.simultaneous_use, c.value IS NOT NULL AS has_password INTO s
  FROM subscription_now b
  JOIN plan_version v ON v.id = b.plan_version_id
  JOIN plan pl ON pl.id = v.plan_id
  LEFT JOIN radcheck c ON c.tenant_id = b.tenant_id AND c.username = b.username AND c.attribute = 'Cleartext-Password'
  WHERE b.tenant_id = lango_tenant() AND b.username = p_username;
  v_station := coalesce(v_mac, p_mac, s.mac_lock, '');

  SELECT jsonb_object_agg(a.attribute, a.value) FILTER (WHERE a.attribute LIKE 'Lango-%'),
         coalesce(jsonb_agg(jsonb_build_object('attribute', a.attribute, 'value', a.value))
                  FILTER (WHERE a.attribute NOT LIKE 'Lango-%' AND a.attribute <> 'Cleartext-Password'), '[]')
  INTO v_rows, v_reply
  FROM aaa_authorize(n.id, n.tenant_id, n.type, n.message_authenticator, n.company_status, encode(convert_to(p_username, 'UTF8'), 'hex'), encode(convert_to(v_station, 'UTF8'), 'hex'),
                     CASE WHEN s.kind = 'hotspot' THEN '1' ELSE '2' END, CASE WHEN s.kind = 'hotspot' THEN '19' ELSE '15' END, 'as if signed', '') AS a;
  v_reason := v_rows ->> 'Lango-Reason';
  v_decision := v_rows ->> 'Lango-Decision';
  IF n.id IS NULL THEN
    v_reason := 'unknown_router';
    v_decision := 'none';
    v_reply := '[]';
  ELSIF v_reason IN ('active', 'grace', 'throttled') AND NOT s.has_password THEN
    v_reason := 'wrong_password';
    v_decision := 'reject';
    v_reply := '[]';
  END IF;
  SELECT * INTO STRICT w FROM access_reasons() AS r WHERE r.code = v_reason;
  v_failing := CASE
    WHEN v_reason = 'unknown_router' THEN 'router'
    WHEN v_reason IN ('unknown_user', 'ended') THEN 'login'
    WHEN v_reason = 'wrong_password' THEN 'password'
    WHEN v_reason = 'company_closed' THEN 'company'
    WHEN v_reason IN ('suspended', 'paused') THEN 'status'
    WHEN v_reason = 'wrong_mac' THEN 'device'
    WHEN v_reason = 'too_many_sessions' THEN 'sessions'
    WHEN v_reason IN ('unpaid', 'expired') THEN 'paid'
    WHEN v_reason = 'capped' THEN 'data'
  END;
  SELECT count(*) INTO v_online FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL;
  SELECT p.reason, p.authdate INTO v_tries FROM radpostauth p WHERE p.tenant_id = lango_tenant() AND p.username = p_username ORDER BY p.authdate DESC LIMIT 1;

  FOREACH v_check IN ARRAY v_order LOOP
    v_detail := CASE v_check
      WHEN 'router' THEN CASE WHEN n.id IS NULL THEN 'The company has no router yet.'
        ELSE n.name || ', ' || n.nasname || ', signatures: ' || n.message_authenticator
             || CASE WHEN n.message_authenticator = 'auto' AND n.message_authenticator_seen_at IS NOT NULL THEN ' (required: it has signed before)' ELSE '' END END
      WHEN 'login' THEN CASE WHEN s.id IS NULL THEN 'No subscription has the username ' || p_username || '.' ELSE p_username END
      WHEN 'password' THEN CASE WHEN NOT s.has_password THEN 'No password is set.'
        WHEN v_tries.reason = 'wrong_password' THEN 'Set, but the last try, at ' || to_char(v_tries.authdate AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC, had a wrong one.'
        ELSE 'Set. The router compares it at each login.' END
      WHEN 'company' THEN 'The company is ' || coalesce(n.company_status, 'approved') || '.'
      WHEN 'status' THEN s.status || coalesce(': ' || CASE WHEN s.status = 'suspended' THEN s.suspended_reason END, '')
      WHEN 'device' THEN CASE WHEN s.mac_lock IS NULL THEN 'Not locked to a device.'
        WHEN p_mac IS NULL THEN 'Locked to ' || s.mac_lock || '; no device was given to compare.'
        ELSE 'Locked to ' || s.mac_lock || ', asking: ' || coalesce(v_mac, p_mac) || '.' END
      WHEN 'sessions' THEN v_online || ' of ' || s.simultaneous_use || ' online'
      WHEN 'paid' THEN CASE WHEN s.expires_at IS NULL THEN 'Never paid or activated.'
        ELSE 'until ' || to_char(s.valid_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' || CASE WHEN s.valid_until > s.expires_at THEN ', grace included' ELSE '' END END
      WHEN 'data' THEN CASE WHEN s.allowance_bytes IS NULL THEN 'No cap.' ELSE s.used_bytes || ' of ' || s.allowance_bytes || ' bytes used' END
    END;
    v_checks := v_checks || jsonb_strip_nulls(jsonb_build_object(
      'name', v_check, 'pass', v_check IS DISTINCT FROM v_failing, 'detail', v_detail, 'remedy', CASE WHEN v_check = v_failing THEN w.remedy END));
    -- What comes after the one that fails was never reached.
    EXIT WHEN v_check = v_failing;
  END LOOP;
  RETURN jsonb_build_object('decision', CASE v_decision WHEN 'none' THEN 'reject' ELSE v_decision END, 'reason', v_reason,
                            'sentence', coalesce(w.sentence, w.staff), 'explanation', w.staff, 'checks', v_checks, 'reply', v_reply);
END $$;
GRANT EXECUTE ON FUNCTION aaa_explain(text, text, bigint) TO lango_web;
