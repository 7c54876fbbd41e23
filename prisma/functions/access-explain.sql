-- What the console asks about a login. aaa_explain replays a request through aaa_authorize (access.sql) and gives the decision with what is
-- known of each thing that was checked; control-plane/access/checks.ts puts it into words.

DROP FUNCTION IF EXISTS aaa_explain(text, text, bigint);
DROP FUNCTION IF EXISTS aaa_explain(text, text, bigint, text, text, boolean);
DROP FUNCTION IF EXISTS aaa_explain_at(timestamptz, text, text, bigint, text, text, boolean);
DROP FUNCTION IF EXISTS aaa_explain(text, text, bigint, text, text, boolean, boolean);
DROP FUNCTION IF EXISTS aaa_explain_at(timestamptz, text, text, bigint, text, text, boolean, boolean);

-- The certificate with which a device of the caller's company asks, as EAP-TLS knows it. Of a recorded try the one that it showed; an imagined one has the best that
-- the subscription holds. `holder` is what aaa_certificate_holder says to FreeRADIUS: NULL for nobody. `ended`: the tunnel itself refuses it by its dates, which are
-- compared with the machine's clock and not with Lango's.
CREATE OR REPLACE FUNCTION access_shown_certificate(p_username text, p_tried jsonb, OUT holder text, OUT ended boolean, OUT seen jsonb)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  v_serial text := p_tried ->> 'certificate';
  v_at timestamptz := lango_now() - (SELECT shift FROM platform_clock);
  c record;
BEGIN
  SELECT x.serial, x.name, x.not_after, x.revoked_at, b.username INTO c
  FROM certificate x JOIN subscription b ON b.id = x.subscription_id
  WHERE x.tenant_id = lango_tenant()
    AND CASE WHEN v_serial IS NOT NULL THEN x.serial = lower(ltrim(v_serial, '0')) ELSE b.username = p_username AND p_tried IS NULL END
  ORDER BY x.revoked_at IS NOT NULL, x.not_after DESC LIMIT 1;
  ended := coalesce(c.not_after <= v_at, false);
  seen := CASE WHEN c.serial IS NOT NULL THEN jsonb_build_object('name', c.name, 'username', c.username, 'not_after', c.not_after, 'ended', ended, 'revoked_at', c.revoked_at) END;
  holder := CASE
    WHEN coalesce(v_serial, c.serial) IS NOT NULL THEN nullif(aaa_certificate_holder(lango_tenant(), coalesce(v_serial, c.serial)), '-')
    -- A try from before serials were kept: whom it was let in or turned away as is known, which certificate was unknown is not.
    WHEN p_tried ->> 'reason' <> 'unknown_certificate' THEN p_username END;
END $$;

-- For the caller's company. Without a device a lock is not held against anybody; without a router it is asked from where
-- the login was last tried, else from the company's first MikroTik.
-- p_service: 'ppp' or 'hotspot', else what the plan is for. p_method: 'none' for a request without any credential. p_signed: whether the request
-- carries a Message-Authenticator, p_proxied: whether it came through a proxy. The password is taken to be right when there is one. NULL when there is no such router.
-- 802.1X: p_service 'dot1x', or one of its methods: 'peap', 'ttls', 'tls', and 'eap' where it is not known which. No service is asked for inside a tunnel
-- (freeradius-config/eap/servers.conf), so nobody is let into the walled garden there.
-- p_tried: what else is kept of a recorded try: `at`, `reason`, `certificate`, and in `asked` its service_type and port_type. What FreeRADIUS found by itself then
-- (no tunnel, two devices, a wrong password) it would find again, until what it compared with has changed.
CREATE OR REPLACE FUNCTION aaa_explain(p_username text, p_mac text, p_router_id bigint, p_service text, p_method text, p_signed boolean, p_proxied boolean DEFAULT false,
                                       p_tried jsonb DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  n record;
  s record;
  w record;
  v_holder text;
  v_ended boolean;
  v_certificate jsonb;
  v_mac text := access_mac(p_mac);
  v_dot1x boolean := coalesce(p_service = 'dot1x' AND p_method IS DISTINCT FROM 'none' OR p_method IN ('peap', 'ttls', 'tls', 'eap'), false);
  v_asked jsonb := p_tried -> 'asked';
  v_service text;
  v_name text := p_username;
  -- What is meant by a device's address in another spelling, or a code in small letters.
  v_username text := coalesce((SELECT k.username FROM access_card k WHERE k.tenant_id = lango_tenant() AND k.username = p_username),
                              access_meant_username(lango_tenant(), p_username), p_username);
  v_said jsonb;
  v_reply jsonb;
  v_reason text;
  v_decision text;
BEGIN
  IF p_method = 'tls' THEN
    SELECT holder, ended, seen INTO v_holder, v_ended, v_certificate FROM access_shown_certificate(v_username, p_tried);
    v_name := coalesce(v_holder, v_name);
    v_username := coalesce(v_holder, v_username);
  END IF;
  SELECT nas.id, nas.tenant_id, nas.name, nas.nasname, nas.type, nas.message_authenticator, st.message_authenticator_seen_at,
         CASE WHEN st.secret_wrong_at > nas.updated_at AND coalesce(st.last_access_at < st.secret_wrong_at, true) THEN st.secret_wrong_at END AS secret_wrong_at,
         greatest(st.last_access_at, st.last_accounting_at) AS heard_at, t.status AS company, nas.secret_set_at INTO n
  FROM nas JOIN tenant t ON t.id = nas.tenant_id LEFT JOIN nas_status st ON st.nas_id = nas.id
  WHERE nas.tenant_id = lango_tenant() AND (nas.id = p_router_id OR p_router_id IS NULL)
  -- Where this login was last tried, else the first MikroTik.
  ORDER BY nas.id IS NOT DISTINCT FROM (SELECT p.nas_id FROM radpostauth p WHERE p.tenant_id = lango_tenant() AND p.username = p_username ORDER BY p.authdate DESC LIMIT 1) DESC,
           nas.type = 'mikrotik' DESC, nas.id LIMIT 1;
  IF n.id IS NULL AND p_router_id IS NOT NULL THEN
    RETURN NULL;
  END IF;
  SELECT b.*, c.name AS subscriber, pl.name AS plan, pl.kind, v.simultaneous_use, r.value IS NOT NULL AS has_password, r.set_at INTO s
  FROM subscription_now b
  JOIN subscriber c ON c.id = b.subscriber_id
  JOIN plan_version v ON v.id = b.plan_version_id
  JOIN plan pl ON pl.id = v.plan_id
  LEFT JOIN radcheck r ON r.tenant_id = b.tenant_id AND r.username = b.username AND r.attribute = 'Cleartext-Password'
  WHERE b.tenant_id = lango_tenant() AND b.username = v_username;
  v_service := CASE
    WHEN v_dot1x THEN 'dot1x'
    WHEN v_asked ->> 'service_type' = '2' AND v_asked ->> 'port_type' IS DISTINCT FROM '19' THEN 'ppp'
    WHEN v_asked ->> 'service_type' IS NOT NULL THEN 'hotspot'
    WHEN v_asked IS NOT NULL THEN 'none'
    WHEN coalesce(p_service, s.kind) = 'hotspot' THEN 'hotspot'
    ELSE 'ppp' END;

  IF n.id IS NULL THEN
    v_reason := 'unknown_router';
    v_decision := 'none';
  ELSE
    SELECT jsonb_object_agg(a.attribute, a.value) FILTER (WHERE a.attribute LIKE 'Lango-%'),
           jsonb_agg(jsonb_build_object('attribute', a.attribute, 'value', a.value)) FILTER (WHERE a.attribute NOT LIKE 'Lango-%' AND a.attribute <> 'Cleartext-Password')
    INTO v_said, v_reply
    FROM aaa_authorize(n.id, n.tenant_id, n.type, n.message_authenticator, access_company(n.company, n.id), encode(convert_to(v_name, 'UTF8'), 'hex'),
                       encode(convert_to(coalesce(v_mac, p_mac, s.mac_lock, access_mac(v_name), ''), 'UTF8'), 'hex'),
                       CASE WHEN v_dot1x THEN '' WHEN v_asked IS NOT NULL THEN coalesce(v_asked ->> 'service_type', '') WHEN v_service = 'hotspot' THEN '1' ELSE '2' END,
                       CASE WHEN v_asked IS NOT NULL THEN coalesce(v_asked ->> 'port_type', '') WHEN v_service = 'ppp' THEN '15' ELSE '19' END,
                       CASE WHEN p_signed THEN 'as if signed' ELSE '' END, CASE WHEN p_proxied THEN 'through a proxy' ELSE '' END) AS a;
    v_reason := v_said ->> 'Lango-Reason';
    v_decision := v_said ->> 'Lango-Decision';
    -- What FreeRADIUS says by itself (radiusd.conf, eap/): it makes the tunnel, reads the certificate and compares the password, and nobody without the right
    -- one learns what else is wrong.
    IF v_decision = 'none' THEN
      NULL;
    ELSIF v_dot1x AND NOT p_signed THEN
      -- Whatever the router's policy, FreeRADIUS drops it.
      v_reason := 'unsigned_request';
      v_decision := 'none';
    ELSIF p_tried ->> 'reason' = 'no_tunnel' OR v_ended THEN
      v_reason := 'no_tunnel';
    ELSIF p_method = 'tls' AND v_holder IS NULL THEN
      v_reason := 'unknown_certificate';
    ELSIF p_method = 'none' THEN
      v_reason := 'unsupported_method';
    ELSIF p_tried ->> 'reason' = 'two_devices' THEN
      v_reason := 'two_devices';
    ELSIF p_method IS DISTINCT FROM 'tls' AND v_reason NOT IN ('unknown_user', 'ended', 'too_many_tries')
      AND (s.id IS NOT NULL AND NOT s.has_password
        -- Until a new password is set; or, with PAP, the secret, of which a wrong one makes noise of any password.
        OR p_tried ->> 'reason' = 'wrong_password'
          AND coalesce(greatest(s.set_at, CASE WHEN upper(p_method) = 'PAP' THEN n.secret_set_at END) <= (p_tried ->> 'at')::timestamptz, true)) THEN
      v_reason := 'wrong_password';
    END IF;
    IF v_decision <> 'none' AND v_reason IN ('two_devices', 'no_tunnel', 'unknown_certificate', 'unsupported_method', 'wrong_password') THEN
      v_decision := 'reject';
    END IF;
  END IF;
  SELECT r.* INTO STRICT w FROM access_reasons() AS r WHERE r.code = v_reason;
  IF v_reason IN ('two_devices', 'wrong_password', 'unsupported_method') THEN
    v_reply := jsonb_build_array(jsonb_build_object('attribute', 'Reply-Message', 'value', w.sentence));
  END IF;
  IF v_dot1x THEN
    -- A refusal has the method's own word and nothing else; an Accept tells the router the name inside, and how much the tunnel carries is not the plan's to say.
    v_reply := CASE WHEN v_decision = 'accept' THEN jsonb_build_array(jsonb_build_object('attribute', 'User-Name', 'value', v_name))
                 || (SELECT coalesce(jsonb_agg(a.pair), '[]') FROM jsonb_array_elements(v_reply) AS a (pair) WHERE a.pair ->> 'attribute' <> 'Framed-MTU') END;
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
      'service', v_service,
      'username', v_name,
      'certificate', v_certificate,
      'tried', CASE WHEN p_tried IS NOT NULL THEN jsonb_build_object('at', p_tried ->> 'at', 'reason', p_tried ->> 'reason') END,
      'company', (SELECT t.status FROM tenant t WHERE t.id = lango_tenant()),
      'router', CASE WHEN n.id IS NOT NULL THEN jsonb_build_object('id', n.id::text, 'name', n.name, 'address', n.nasname, 'type', n.type,
        'policy', n.message_authenticator, 'has_signed', n.message_authenticator_seen_at IS NOT NULL, 'heard_at', n.heard_at, 'secret_wrong_at', n.secret_wrong_at) END,
      'login', CASE WHEN s.id IS NOT NULL THEN jsonb_build_object('subscription_id', s.id::text, 'subscriber_id', s.subscriber_id::text, 'subscriber', s.subscriber,
        'plan', s.plan, 'kind', s.kind, 'status', s.status, 'state', s.state, 'suspended_reason', s.suspended_reason, 'has_password', s.has_password, 'password_set_at', s.set_at,
        'mac_lock', s.mac_lock, 'simultaneous_use', s.simultaneous_use, 'expires_at', s.expires_at, 'unused_validities', s.unused_validities, 'valid_until', s.valid_until,
        'used_bytes', s.used_bytes, 'allowance_bytes', s.allowance_bytes,
        'online_s', s.online_s, 'online_used_s', s.online_used_s, 'has_hours', coalesce(s.rules ? 'week', false), 'service_until', s.service_until) END,
      'voucher', (SELECT jsonb_build_object('code', u.code, 'plan', pl.name, 'voided', NOT voucher_is_open(b.voided_at, b.valid_until))
                  FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id JOIN plan_version v ON v.id = b.plan_version_id JOIN plan pl ON pl.id = v.plan_id
                  WHERE u.tenant_id = lango_tenant() AND u.code = voucher_code(p_username) AND u.used_at IS NULL),
      'tries', (SELECT jsonb_build_object('tries', max(g.tries), 'wait_until', max(g.wait_until)) FROM access_guess g
                WHERE g.tenant_id = lango_tenant() AND g.nas_id = n.id AND (g.kind = 'name' AND g.key = v_name OR g.kind = 'device' AND g.key = coalesce(v_mac, p_mac))),
      'online', (SELECT count(*) FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL),
      'sessions', (SELECT coalesce(jsonb_agg(o), '[]') FROM (
        SELECT coalesce(l.mac, l.calling_station_id) AS station, host(l.framed_ip) AS address, r.name AS router, l.started_at, l.updated_at
        FROM session_live l LEFT JOIN nas r ON r.id = l.nas_id WHERE l.subscription_id = s.id AND l.stopped_at IS NULL ORDER BY l.started_at DESC LIMIT 5) o),
      'last_try', (SELECT jsonb_build_object('at', p.authdate, 'reply', p.reply, 'reason', p.reason)
                   FROM radpostauth p WHERE p.tenant_id = lango_tenant() AND p.username = p_username ORDER BY p.authdate DESC LIMIT 1)));
END $$;
GRANT EXECUTE ON FUNCTION aaa_explain TO lango_web;

-- aaa_explain as it would be told at another time, if nothing but the time changed: validity, grace, hours of a plan. The clock is set in a part of the
-- transaction that is taken back at once, so that nobody else ever sees it (as for the snapshot, snapshot.sql). Who is online stays who is online now.
CREATE OR REPLACE FUNCTION aaa_explain_at(p_at timestamptz, p_username text, p_mac text, p_router_id bigint, p_service text, p_method text, p_signed boolean, p_proxied boolean DEFAULT false,
                                          p_tried jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_said jsonb;
BEGIN
  IF p_at IS NULL THEN
    RETURN aaa_explain(p_username, p_mac, p_router_id, p_service, p_method, p_signed, p_proxied, p_tried);
  END IF;
  IF p_at NOT BETWEEN lango_now() - interval '1 minute' AND lango_now() + interval '366 days' THEN
    RAISE EXCEPTION 'an imagined time lies between now and a year from now';
  END IF;
  BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION lango_clock_shift() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE AS %L',
                   format('SELECT %L::interval', lango_clock_shift() + (p_at - lango_now())));
    v_said := aaa_explain(p_username, p_mac, p_router_id, p_service, p_method, p_signed, p_proxied, p_tried);
    RAISE EXCEPTION USING ERRCODE = 'LG001';
  EXCEPTION WHEN SQLSTATE 'LG001' THEN
    RETURN v_said;
  END;
END $$;
REVOKE EXECUTE ON FUNCTION aaa_explain_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aaa_explain_at TO lango_web;
