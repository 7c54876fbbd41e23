-- What the console asks about a login. aaa_explain replays a request through aaa_authorize (access.sql) and gives the decision with what is
-- known of each thing that was checked; control-plane/access/checks.ts puts it into words.

DROP FUNCTION IF EXISTS aaa_explain(text, text, bigint);
DROP FUNCTION IF EXISTS aaa_explain(text, text, bigint, text, text, boolean);
DROP FUNCTION IF EXISTS aaa_explain_at(timestamptz, text, text, bigint, text, text, boolean);

-- For the caller's company. Without a device a lock is not held against anybody; without a router it is asked from where
-- the login was last tried, else from the company's first MikroTik.
-- p_service: 'ppp' or 'hotspot', else what the plan is for. p_method: 'none' for a request without any credential. p_signed: whether the request
-- carries a Message-Authenticator, p_proxied: whether it came through a proxy. The password is taken to be right when there is one. NULL when there is no such router.
CREATE OR REPLACE FUNCTION aaa_explain(p_username text, p_mac text, p_router_id bigint, p_service text, p_method text, p_signed boolean, p_proxied boolean DEFAULT false) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  n record;
  s record;
  w record;
  v_mac text := access_mac(p_mac);
  v_hotspot boolean;
  -- What is meant by a device's address in another spelling, or a code in small letters.
  v_username text := coalesce((SELECT k.username FROM access_card k WHERE k.tenant_id = lango_tenant() AND k.username = p_username),
                              access_meant_username(lango_tenant(), p_username), p_username);
  v_said jsonb;
  v_reply jsonb;
  v_reason text;
  v_decision text;
BEGIN
  SELECT nas.id, nas.tenant_id, nas.name, nas.nasname, nas.type, nas.message_authenticator, st.message_authenticator_seen_at,
         CASE WHEN st.secret_wrong_at > nas.updated_at AND coalesce(st.last_access_at < st.secret_wrong_at, true) THEN st.secret_wrong_at END AS secret_wrong_at,
         greatest(st.last_access_at, st.last_accounting_at) AS heard_at, t.status AS company INTO n
  FROM nas JOIN tenant t ON t.id = nas.tenant_id LEFT JOIN nas_status st ON st.nas_id = nas.id
  WHERE nas.tenant_id = lango_tenant() AND (nas.id = p_router_id OR p_router_id IS NULL)
  -- Where this login was last tried, else the first MikroTik.
  ORDER BY nas.id IS NOT DISTINCT FROM (SELECT p.nas_id FROM radpostauth p WHERE p.tenant_id = lango_tenant() AND p.username = p_username ORDER BY p.authdate DESC LIMIT 1) DESC,
           nas.type = 'mikrotik' DESC, nas.id LIMIT 1;
  IF n.id IS NULL AND p_router_id IS NOT NULL THEN
    RETURN NULL;
  END IF;
  SELECT b.*, c.name AS subscriber, pl.name AS plan, pl.kind, v.simultaneous_use, r.value IS NOT NULL AS has_password INTO s
  FROM subscription_now b
  JOIN subscriber c ON c.id = b.subscriber_id
  JOIN plan_version v ON v.id = b.plan_version_id
  JOIN plan pl ON pl.id = v.plan_id
  LEFT JOIN radcheck r ON r.tenant_id = b.tenant_id AND r.username = b.username AND r.attribute = 'Cleartext-Password'
  WHERE b.tenant_id = lango_tenant() AND b.username = v_username;
  v_hotspot := coalesce(p_service, s.kind) = 'hotspot';

  IF n.id IS NULL THEN
    v_reason := 'unknown_router';
    v_decision := 'none';
  ELSE
    SELECT jsonb_object_agg(a.attribute, a.value) FILTER (WHERE a.attribute LIKE 'Lango-%'),
           jsonb_agg(jsonb_build_object('attribute', a.attribute, 'value', a.value)) FILTER (WHERE a.attribute NOT LIKE 'Lango-%' AND a.attribute <> 'Cleartext-Password')
    INTO v_said, v_reply
    FROM aaa_authorize(n.id, n.tenant_id, n.type, n.message_authenticator, access_company(n.company, n.id), encode(convert_to(p_username, 'UTF8'), 'hex'),
                       encode(convert_to(coalesce(v_mac, p_mac, s.mac_lock, access_mac(p_username), ''), 'UTF8'), 'hex'),
                       CASE WHEN v_hotspot THEN '1' ELSE '2' END, CASE WHEN v_hotspot THEN '19' ELSE '15' END,
                       CASE WHEN p_signed THEN 'as if signed' ELSE '' END, CASE WHEN p_proxied THEN 'through a proxy' ELSE '' END) AS a;
    v_reason := v_said ->> 'Lango-Reason';
    v_decision := v_said ->> 'Lango-Decision';
    -- What FreeRADIUS says by itself (radiusd.conf): it compares the password, and nobody without the right one learns what else is wrong.
    IF v_decision <> 'none' AND p_method = 'none' THEN
      v_reason := 'unsupported_method';
      v_decision := 'reject';
    ELSIF v_decision <> 'none' AND s.id IS NOT NULL AND NOT s.has_password AND v_reason <> 'ended' THEN
      v_reason := 'wrong_password';
      v_decision := 'reject';
    END IF;
  END IF;
  SELECT r.* INTO STRICT w FROM access_reasons() AS r WHERE r.code = v_reason;
  IF v_reason IN ('wrong_password', 'unsupported_method') THEN
    v_reply := jsonb_build_array(jsonb_build_object('attribute', 'Reply-Message', 'value', w.sentence));
  END IF;

  RETURN jsonb_build_object(
    'answered', v_decision <> 'none',
    'decision', CASE v_decision WHEN 'none' THEN 'reject' ELSE v_decision END,
    'reason', v_reason,
    'sentence', coalesce(w.sentence, w.staff),
    'explanation', w.staff,
    'remedy', w.remedy,
    'reply', CASE WHEN v_decision = 'none' THEN '[]' ELSE coalesce(v_reply, '[]') END,
    'facts', jsonb_build_object(
      'station', coalesce(v_mac, p_mac),
      'signed', p_signed,
      'proxied', p_proxied,
      'method', p_method,
      'service', CASE WHEN v_hotspot THEN 'hotspot' ELSE 'ppp' END,
      'username', p_username,
      'company', (SELECT t.status FROM tenant t WHERE t.id = lango_tenant()),
      'router', CASE WHEN n.id IS NOT NULL THEN jsonb_build_object('id', n.id::text, 'name', n.name, 'address', n.nasname, 'type', n.type,
        'policy', n.message_authenticator, 'has_signed', n.message_authenticator_seen_at IS NOT NULL, 'heard_at', n.heard_at, 'secret_wrong_at', n.secret_wrong_at) END,
      'login', CASE WHEN s.id IS NOT NULL THEN jsonb_build_object('subscription_id', s.id::text, 'subscriber_id', s.subscriber_id::text, 'subscriber', s.subscriber,
        'plan', s.plan, 'kind', s.kind, 'status', s.status, 'state', s.state, 'suspended_reason', s.suspended_reason, 'has_password', s.has_password,
        'mac_lock', s.mac_lock, 'simultaneous_use', s.simultaneous_use, 'expires_at', s.expires_at, 'unused_validities', s.unused_validities, 'valid_until', s.valid_until,
        'used_bytes', s.used_bytes, 'allowance_bytes', s.allowance_bytes,
        'online_s', s.online_s, 'online_used_s', s.online_used_s, 'has_hours', coalesce(s.rules ? 'week', false), 'service_until', s.service_until) END,
      'voucher', (SELECT jsonb_build_object('code', u.code, 'plan', pl.name, 'voided', NOT voucher_is_open(b.voided_at, b.valid_until))
                  FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id JOIN plan_version v ON v.id = b.plan_version_id JOIN plan pl ON pl.id = v.plan_id
                  WHERE u.tenant_id = lango_tenant() AND u.code = voucher_code(p_username) AND u.used_at IS NULL),
      'tries', (SELECT jsonb_build_object('tries', max(g.tries), 'wait_until', max(g.wait_until)) FROM access_guess g
                WHERE g.tenant_id = lango_tenant() AND g.nas_id = n.id AND (g.kind = 'name' AND g.key = p_username OR g.kind = 'device' AND g.key = coalesce(v_mac, p_mac))),
      'online', (SELECT count(*) FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL),
      'sessions', (SELECT coalesce(jsonb_agg(o), '[]') FROM (
        SELECT coalesce(l.mac, l.calling_station_id) AS station, host(l.framed_ip) AS address, r.name AS router, l.started_at, l.updated_at
        FROM session_live l LEFT JOIN nas r ON r.id = l.nas_id WHERE l.subscription_id = s.id AND l.stopped_at IS NULL ORDER BY l.started_at DESC LIMIT 5) o),
      'last_try', (SELECT jsonb_build_object('at', p.authdate, 'reply', p.reply, 'reason', p.reason)
                   FROM radpostauth p WHERE p.tenant_id = lango_tenant() AND p.username = p_username ORDER BY p.authdate DESC LIMIT 1)));
END $$;
GRANT EXECUTE ON FUNCTION aaa_explain(text, text, bigint, text, text, boolean, boolean) TO lango_web;

-- aaa_explain as it would be told at another time, if nothing but the time changed: validity, grace, hours of a plan. The clock is set in a part of the
-- transaction that is taken back at once, so that nobody else ever sees it (as for the snapshot, snapshot.sql). Who is online stays who is online now.
CREATE OR REPLACE FUNCTION aaa_explain_at(p_at timestamptz, p_username text, p_mac text, p_router_id bigint, p_service text, p_method text, p_signed boolean, p_proxied boolean DEFAULT false)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_said jsonb;
BEGIN
  IF p_at IS NULL THEN
    RETURN aaa_explain(p_username, p_mac, p_router_id, p_service, p_method, p_signed, p_proxied);
  END IF;
  IF p_at NOT BETWEEN lango_now() - interval '1 minute' AND lango_now() + interval '366 days' THEN
    RAISE EXCEPTION 'an imagined time lies between now and a year from now';
  END IF;
  BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION lango_clock_shift() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE AS %L',
                   format('SELECT %L::interval', lango_clock_shift() + (p_at - lango_now())));
    v_said := aaa_explain(p_username, p_mac, p_router_id, p_service, p_method, p_signed, p_proxied);
    RAISE EXCEPTION USING ERRCODE = 'LG001';
  EXCEPTION WHEN SQLSTATE 'LG001' THEN
    RETURN v_said;
  END;
END $$;
REVOKE EXECUTE ON FUNCTION aaa_explain_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aaa_explain_at TO lango_web;
