-- The decision about an Access-Request, in one place. FreeRADIUS calls aaa_authorize and repeats its answer; the console calls
-- aaa_explain; both ask access_decide. docs/reference/reasons.md is held to access_reasons by a test.

-- The closed list of reasons. sentence is what the customer reads (Reply-Message); staff and remedy are for the console.
-- unknown_user, ended and wrong_password say the same to the customer: a stranger must not learn which names exist.
CREATE OR REPLACE FUNCTION access_reasons() RETURNS TABLE (code text, decision text, sentence text, staff text, remedy text)
LANGUAGE sql IMMUTABLE AS $$
  VALUES
  ('active', 'accept', 'Welcome.', 'The subscription is active.', NULL),
  ('grace', 'accept', 'Your package has ended and you are in the grace period. Please renew to stay online.',
    'The validity has ended; the plan''s grace period is running.', 'Record the payment or remind the customer.'),
  ('fair_use', 'accept', 'You have used much data. You are online at reduced speed.',
    'A fair-use step of the plan is reached.', 'The speed comes back with a top-up, a renewal or the next period of the plan.'),
  ('throttled', 'accept', 'Your data bundle is used up. You are online at reduced speed.',
    'The data cap is used up and the plan slows instead of cutting.', 'Sell a top-up or a renewal to restore full speed.'),
  ('unpaid', 'garden or reject', 'Your package is not active yet. Please pay to get online.',
    'The subscription has never been paid or activated.', 'Record the payment or activate the subscription.'),
  ('expired', 'garden or reject', 'Your package has expired. Please renew to get back online.',
    'The validity and any grace period have ended.', 'Record the payment or extend the subscription.'),
  ('capped', 'garden or reject', 'Your data bundle is used up. Please top up or renew to get back online.',
    'The data cap is used up and the plan cuts.', 'Sell a top-up or a renewal.'),
  ('time_used_up', 'garden or reject', 'Your time is used up. Please renew to get back online.',
    'The plan''s time online is used up.', 'Record the payment or renew the subscription.'),
  ('outside_hours', 'reject', 'Your package does not work at this hour.',
    'The plan bars this hour of the week.', 'Wait for the hour, or sell a plan without barred hours.'),
  ('suspended', 'reject', 'Your account is suspended. Please contact your provider.',
    'Staff suspended the subscription.', 'Resume the subscription once the cause is settled.'),
  ('paused', 'reject', 'Your package is paused. Resume it to get back online.',
    'The subscription is paused.', 'Resume the subscription.'),
  ('wrong_mac', 'reject', 'This account is locked to another device. Please contact your provider.',
    'The device is not the one that the subscription is locked to.', 'If the customer changed devices, set or remove the lock.'),
  ('too_many_sessions', 'reject', 'This account is already in use on another device.',
    'The plan''s number of simultaneous sessions is reached.', 'Disconnect the other session or sell a plan with more.'),
  ('company_closed', 'reject', 'Service is not available. Please contact your provider.',
    'The company is not approved or is suspended.', 'Ask the platform''s operator to approve the company.'),
  ('wrong_password', 'reject', 'Wrong username or password.',
    'The login exists, the password is wrong.', 'Set the password on both sides again. From every customer of one router: the router''s secret is wrong.'),
  ('two_devices', 'reject', 'This request names two devices. Please sign in on the page of the network.',
    'The request names two different devices: one of them was added by the hotspot''s login page or by the guest, and either could be the one that a lock asks for.',
    'Take a field named radius31 out of the hotspot''s login page. If there is none, somebody tries to pass for another device.'),
  ('too_many_tries', 'reject', 'Too many wrong tries. Please wait a minute and try again.',
    'This name, or this device, was tried in vain too often at this router; until the wait is over nothing is tried.',
    'Wait a minute. A device that the customer has been online with is never kept waiting; a new password ends the wait at once.'),
  ('unknown_user', 'reject', 'Wrong username or password.',
    'No subscription of this company has this username.', 'Look for a typing error, or for the customer in another company.'),
  ('ended', 'reject', 'Wrong username or password.',
    'The subscription with this username has ended for good.', 'Sell a new subscription.'),
  ('unsupported_method', 'reject', 'This sign-in method is not supported.',
    'The request carries none of PAP, CHAP, MS-CHAPv1 and MS-CHAPv2.', 'Allow pap, chap, mschap1 or mschap2 in the router''s PPP or hotspot profile.'),
  ('no_tunnel', 'reject', NULL,
    'The 802.1X tunnel came to nothing before any name was told: most often the device does not trust our certificate, or offers no method that we know.',
    'Install certs/ca.pem on the device and let it expect the server radius.lango.internal, with PEAP-MSCHAPv2, EAP-TTLS or EAP-TLS. A device whose own certificate has ended needs a new one.'),
  ('unknown_certificate', 'reject', NULL,
    'The device''s certificate is not one of this company''s: revoked, never issued, or issued by another company.',
    'Issue a new certificate to the customer''s subscription.'),
  ('unknown_router', 'none', NULL,
    'The request comes from an address that is no router of ours.', 'Add the router under the address that it sends from.'),
  ('unsigned_request', 'none', NULL,
    'The request carries no Message-Authenticator although this router must sign.',
    'Upgrade RouterOS to 7.15 or newer; or, if this router was replaced by one that cannot sign, set its policy to off.'),
  ('unsigned_proxy', 'none', NULL,
    'A proxied request without Message-Authenticator: it could be forged (BlastRADIUS).',
    'Make the proxy sign its requests, or set this router''s policy to off.')
$$;
GRANT EXECUTE ON FUNCTION access_reasons() TO lango_web, lango_jobs;

CREATE OR REPLACE FUNCTION access_sentence(p_code text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN (SELECT sentence FROM access_reasons() WHERE code = p_code); END $$;

-- The functions below are plpgsql because of speed: an SQL function that cannot be inlined is planned anew at each call (0.14 ms for
-- access_mac, against 0.01), and these run for every Access-Request.

-- 'AA:BB:CC:DD:EE:FF' of any of the forms that NASes write, NULL for what is no MAC (L2TP sends an IP address).
CREATE OR REPLACE FUNCTION access_mac(p_value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF p_value IS NULL OR p_value ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$' THEN
    RETURN p_value;
  ELSIF p_value ~* '^[0-9a-f]{2}([-: ]?[0-9a-f]{2}){5}$' OR p_value ~* '^([0-9a-f]{4}[-:.]){2}[0-9a-f]{4}$' OR p_value ~* '^[0-9a-f]{6}[-:][0-9a-f]{6}$' THEN
    RETURN upper(regexp_replace(regexp_replace(p_value, '[-:. ]', '', 'g'), '(..)(?=.)', '\1:', 'g'));
  ELSIF p_value ~* '^1(:[0-9a-f]{1,2}){6}$' THEN
    -- DHCP client identifiers: hardware type first, no leading zeros.
    RETURN (SELECT upper(string_agg(lpad(part, 2, '0'), ':' ORDER BY n)) FROM unnest(string_to_array(substr(p_value, 3), ':')) WITH ORDINALITY AS p (part, n));
  END IF;
  RETURN NULL;
END $$;
GRANT EXECUTE ON FUNCTION access_mac(text) TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- The text of a value whose bytes FreeRADIUS sent as hex (so that nothing a customer types is ever part of a statement).
-- NULL for an absent value and for bytes that are no text: invalid UTF-8 and NUL must not look like a broken database.
CREATE OR REPLACE FUNCTION access_text(p_hex text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF p_hex = '' THEN
    RETURN NULL;
  END IF;
  RETURN convert_from(decode(p_hex, 'hex'), 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character OR invalid_parameter_value THEN
  RETURN NULL;
END $$;

-- A value as FreeRADIUS must read it: it takes quotes at both ends off, runs what stands in backticks, and reads backslashes.
-- Octal escapes leave every character as it is, so a password like "%{x}" is a password. \x01 to \x03 part values on the way to FreeRADIUS.
CREATE OR REPLACE FUNCTION access_literal(p_value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN p_value ~ '[\\"''`\x01-\x03]'
     THEN replace(replace(replace(replace(replace(replace(replace(p_value, '\', '\134'), '"', '\042'), '''', '\047'), '`', '\140'), E'\x01', '\001'), E'\x02', '\002'), E'\x03', '\003')
     ELSE p_value END $$;

-- Whether a login needs no more than its name: a device that the hotspot lets in by its address, or a voucher. Nobody else is let in without a password,
-- not even one who has set the name as the password.
CREATE OR REPLACE FUNCTION access_has_no_secret(p_tenant_id bigint, p_subscription_id bigint, p_username text, p_password text)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_password = p_username AND (access_mac(p_username) IS NOT NULL
    OR EXISTS (SELECT FROM voucher u WHERE u.tenant_id = p_tenant_id AND u.code = p_username AND u.subscription_id = p_subscription_id));
END $$;

-- Seconds between interims. The cap is held against what interims report, so over one interval at full speed a customer must not run
-- further past it than 1 % of the allowance; but a minute is short enough for anybody (RFC 2869 5.16 asks for no less).
CREATE OR REPLACE FUNCTION access_interim_s(p_plan_s integer, p_allowance_bytes bigint, p_kbps bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_allowance_bytes IS NULL THEN p_plan_s
    ELSE least(p_plan_s, greatest(60, p_allowance_bytes / 100 / (p_kbps * 125)))::integer END
$$;
GRANT EXECUTE ON FUNCTION access_interim_s TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

DROP FUNCTION IF EXISTS aaa_authorize(text, text, text, text, text, text, text);

-- The decision about one Access-Request, but for the password, which FreeRADIUS compares first. FreeRADIUS says which router asks (it knows them by
-- address, from aaa_routers) and gives what a stranger wrote as hex; it gets one row per pair, of which the Lango-* ones
-- (freeradius-config/dictionary) stay inside. Read-only. It always answers with rows: an error means the database itself.
--
-- A login reads four rows (card, password, usage, open sessions) in one statement and gives its answer in a second one. Anything more is dear:
-- plpgsql and the executor ready each expression and each table anew for every login. Measured beside it: nine tables in small steps took
-- twice as long, nine tables in one statement a little more than that.
CREATE OR REPLACE FUNCTION aaa_authorize(
  p_nas_id bigint, p_tenant_id bigint, p_nas_type text, p_policy text, p_company text,
  p_username_hex text, p_station_hex text, p_service_type text, p_port_type text, p_signature text, p_proxy_state text
) RETURNS TABLE (id integer, username text, attribute text, value text, op text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_at timestamptz := lango_now();
  v_username text;
  v_station text;
  v_subscription_id bigint;
  v_state text;
  v_valid_until timestamptz;
  v_left_bytes bigint;
  v_on_quota text;
  v_mac_lock text;
  v_password text;
  v_simultaneous_use integer;
  v_open_sessions bigint;
  v_interim_s integer;
  v_throttle_rate text;
  v_has_rules boolean;
  v_told_rate text := '';
  v_told text;
  v_names text[];
  v_values text[];
  v_ops text[];
  v_reason text;
  v_mode text;
  v_login text;
BEGIN
  IF p_signature = '' AND p_policy <> 'off' THEN
    IF p_policy = 'require' OR EXISTS (SELECT FROM nas_status st WHERE st.nas_id = p_nas_id AND st.message_authenticator_seen_at IS NOT NULL) THEN
      v_reason := 'unsigned_request';
    ELSIF p_proxy_state <> '' THEN
      v_reason := 'unsigned_proxy';
    END IF;
    IF v_reason IS NOT NULL THEN
      RETURN QUERY VALUES (0, '', 'Lango-Login', p_tenant_id || ' ' || p_nas_id || ' -', ':='),
                          (0, '', 'Lango-Decision', 'none', ':='), (0, '', 'Lango-Reason', v_reason, ':=');
      RETURN;
    END IF;
  END IF;

  BEGIN
    v_username := convert_from(decode(p_username_hex, 'hex'), 'UTF8');
    v_station := convert_from(decode(p_station_hex, 'hex'), 'UTF8');
  EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    -- Bytes that are no text are nobody's name; they must not look like a broken database.
    v_username := access_text(p_username_hex);
    v_station := access_text(p_station_hex);
  END;
  SELECT k.subscription_id, k.mac_lock, k.simultaneous_use, k.interim_s, k.throttle_rate, k.has_rules, k.told, k.item_names, k.item_values, k.item_ops, k.on_quota,
         k.expires_at + make_interval(secs => k.grace_s), k.allowance_bytes - coalesce(u.input_bytes + u.output_bytes, 0), access_literal(c.value),
         subscription_state_at(k.status, k.expires_at, k.grace_s, k.allowance_bytes, coalesce(u.input_bytes + u.output_bytes, 0), k.on_quota, v_at),
         (SELECT count(*) FROM session_live l WHERE l.subscription_id = k.subscription_id AND l.stopped_at IS NULL)
  INTO v_subscription_id, v_mac_lock, v_simultaneous_use, v_interim_s, v_throttle_rate, v_has_rules, v_told, v_names, v_values, v_ops, v_on_quota,
       v_valid_until, v_left_bytes, v_password,
       v_state,
       v_open_sessions
  FROM access_card k
  LEFT JOIN radcheck c ON c.tenant_id = p_tenant_id AND c.username = v_username AND c.attribute = 'Cleartext-Password'
  LEFT JOIN usage_cycle u ON u.subscription_id = k.subscription_id AND u.cycle_no = k.cycle_no
  WHERE k.tenant_id = p_tenant_id AND k.username = v_username;
  IF v_open_sessions >= v_simultaneous_use THEN
    -- Devices are counted. Not in the way are sessions of the device that asks (it has lost its old one and the Stop never came), nor those silent for three
    -- interims (the router lost them).
    v_open_sessions := (
      SELECT count(DISTINCT (l.nas_id, coalesce(l.mac, l.calling_station_id, l.acct_session_id)))
      FROM session_live l
      WHERE l.subscription_id = v_subscription_id AND l.stopped_at IS NULL
        AND l.received_at > v_at - make_interval(secs => 3 * coalesce(l.interim_s, v_interim_s) + 10)
        AND CASE WHEN access_mac(v_station) IS NULL THEN (l.nas_id = p_nas_id AND l.calling_station_id = v_station) IS NOT TRUE
                 ELSE l.mac IS DISTINCT FROM access_mac(v_station) END);
  END IF;

  IF v_has_rules THEN
    SELECT r.state, r.valid_until, r.left_bytes, r.rate, ':' || split_part(r.rate, ' ', 1)
    INTO v_state, v_valid_until, v_left_bytes, v_throttle_rate, v_told_rate FROM access_rules_of(v_subscription_id) r;
    IF 'Mikrotik-Rate-Limit' = ANY (v_names) THEN
      v_values[array_position(v_names, 'Mikrotik-Rate-Limit')] := v_throttle_rate;
    END IF;
  END IF;
  IF v_subscription_id IS NULL OR p_company = 'watched' THEN
    IF p_company = 'watched' THEN
      -- Somebody tries in vain at this router. Who must wait is not told whether this try was right.
      IF access_must_wait(p_nas_id, v_username, v_station, v_subscription_id, v_at) THEN
        RETURN QUERY VALUES (0, '', 'Lango-Login', p_tenant_id || ' ' || p_nas_id || ' -', ':='), (0, '', 'Lango-Decision', 'reject', ':='),
                            (0, '', 'Lango-Reason', 'too_many_tries', ':='), (0, '', 'Reply-Message', access_sentence('too_many_tries'), ':=');
        RETURN;
      END IF;
      p_company := 'approved';
    END IF;
    IF v_subscription_id IS NULL THEN
      RETURN QUERY SELECT * FROM access_other_login(v_username, p_nas_id, p_tenant_id, p_nas_type, p_company, p_station_hex, p_service_type, p_port_type);
      IF FOUND THEN
        RETURN;
      END IF;
    END IF;
  END IF;

  -- What no payment cures goes first.
  v_reason := CASE
    WHEN v_subscription_id IS NULL THEN 'unknown_user'
    WHEN v_state = 'ended' THEN 'ended'
    WHEN p_company <> 'approved' THEN 'company_closed'
    WHEN v_state IN ('suspended', 'paused') THEN v_state
    WHEN v_mac_lock <> coalesce(access_mac(v_station), '') THEN 'wrong_mac'
    WHEN v_open_sessions >= v_simultaneous_use THEN 'too_many_sessions'
    WHEN v_state = 'pending' THEN 'unpaid'
    ELSE v_state
  END;
  v_login := lpad(to_hex((random() * 9007199254740992)::bigint), 16, to_hex((random() * 4095)::integer));

  IF v_reason IN ('active', 'grace') THEN
    id := 0;
    username := '';
    FOR n IN 1 .. coalesce(array_length(v_names, 1), 0) LOOP
      attribute := v_names[n];
      value := v_values[n];
      op := v_ops[n];
      RETURN NEXT;
    END LOOP;
    IF v_on_quota = 'cut' AND v_left_bytes IS NOT NULL THEN
      -- RouterOS holds the limit against this session alone, hence what is left. A low word of 0 reads as no limit, hence one byte less there.
      v_left_bytes := v_left_bytes - (v_left_bytes % 4294967296 = 0)::integer;
      attribute := 'Mikrotik-Total-Limit';
      value := v_left_bytes % 4294967296;
      op := ':=';
      RETURN NEXT;
      IF v_left_bytes >= 4294967296 THEN
        attribute := 'Mikrotik-Total-Limit-Gigawords';
        value := v_left_bytes / 4294967296;
        RETURN NEXT;
      END IF;
    END IF;
    RETURN QUERY VALUES
      (0, '', 'Lango-Login', p_tenant_id || ' ' || p_nas_id || ' ' || v_login, ':='),
      (0, '', 'Lango-Decision', 'accept', ':='),
      (0, '', 'Lango-Reason', v_reason, ':='),
      (0, '', 'Class', 'L1:' || v_subscription_id || ':' || v_login || ':f' || coalesce(nullif(v_told_rate, ''), ':') || '@' || v_told, ':='),
      (0, '', 'Acct-Interim-Interval', v_interim_s::text, ':='),
      -- A session must never outlive the entitlement; 0 would mean no limit, and RouterOS takes no more than 21474720.
      (0, '', 'Session-Timeout', least(21474720, greatest(1, floor(extract(epoch FROM v_valid_until - v_at))))::text, ':=');
    IF v_password IS NOT NULL THEN
      attribute := 'Cleartext-Password';
      value := v_password;
      op := ':=';
      RETURN NEXT;
      IF v_password = v_username AND access_has_no_secret(p_tenant_id, v_subscription_id, v_username, v_password) THEN
        attribute := 'Lango-No-Secret';
        value := 'yes';
        RETURN NEXT;
      END IF;
    END IF;
    IF p_nas_type <> 'mikrotik' THEN
      RETURN QUERY SELECT 0, '', w.attribute, w.value, ':=' FROM access_other_rates(v_values[array_position(v_names, 'Mikrotik-Rate-Limit')]) w;
    END IF;
    IF v_reason = 'grace' THEN
      attribute := 'Reply-Message';
      value := access_sentence(v_reason);
      RETURN NEXT;
    END IF;
    RETURN;
  END IF;

  -- The mode that the session will run in; NULL: it will not. Only PPP on a MikroTik can be let into the walled garden: only there do an address
  -- list and a redirect wait for it. RouterOS says Framed (2) for PPP, and for 802.1X on wireless ports (19).
  v_mode := CASE
    WHEN v_reason IN ('throttled', 'fair_use') THEN 'throttled'
    WHEN v_reason IN ('unpaid', 'expired', 'capped', 'time_used_up') AND p_nas_type = 'mikrotik' AND p_service_type = '2' AND p_port_type <> '19' THEN 'garden'
  END;
  RETURN QUERY
  SELECT 0, '', i.attribute, i.value, i.op
  FROM (VALUES
    ('Lango-Login', p_tenant_id || ' ' || p_nas_id || ' ' || v_login, ':='),
    ('Lango-Decision', CASE v_mode WHEN 'garden' THEN 'garden' WHEN 'throttled' THEN 'accept' ELSE 'reject' END, ':='),
    ('Lango-Reason', v_reason, ':='),
    ('Cleartext-Password', v_password, ':='),
    ('Lango-No-Secret', CASE WHEN access_has_no_secret(p_tenant_id, v_subscription_id, v_username, v_password) THEN 'yes' END, ':='),
    ('Reply-Message', access_sentence(v_reason), ':='),
    ('Class', 'L1:' || v_subscription_id || ':' || v_login || ':' || left(v_mode, 1) || CASE v_mode WHEN 'throttled' THEN coalesce(nullif(v_told_rate, ''), ':') || '@' || v_told ELSE '' END, ':='),
    ('Acct-Interim-Interval', CASE WHEN v_mode IS NOT NULL THEN v_interim_s::text END, ':='),
    ('Session-Timeout', CASE v_mode WHEN 'garden' THEN '300'
      WHEN 'throttled' THEN least(21474720, greatest(1, floor(extract(epoch FROM v_valid_until - v_at))))::text END, ':='),
    ('Mikrotik-Rate-Limit', CASE v_mode WHEN 'garden' THEN '256k/256k' WHEN 'throttled' THEN v_throttle_rate END, ':='),
    ('Mikrotik-Address-List', CASE v_mode WHEN 'garden' THEN 'expired' END, '+=')
  ) AS i (attribute, value, op)
  WHERE i.value IS NOT NULL
  UNION ALL
  SELECT 0, '', w.attribute, w.value, ':=' FROM access_other_rates(v_throttle_rate) w WHERE v_mode = 'throttled' AND p_nas_type <> 'mikrotik'
  UNION ALL
  -- In the garden only addressing is kept of what the plan gives.
  SELECT 0, '', g.attribute, g.value, g.op
  FROM unnest(v_names, v_values, v_ops) AS g (attribute, value, op)
  WHERE v_mode IS NOT NULL AND g.attribute <> 'Mikrotik-Rate-Limit'
    AND (v_mode = 'throttled' OR g.attribute LIKE 'Framed-%' OR g.attribute LIKE '%Delegated-IPv6-%');
END $$;
GRANT EXECUTE ON FUNCTION aaa_authorize(bigint, bigint, text, text, text, text, text, text, text, text, text) TO lango_radius;

-- What a FreeRADIUS host must know of each router: who it is, its secret, and what aaa_authorize will ask of it.
-- Several behind one address are one client: the one without a realm, or else the first, and in `behind` the others by the realm that tells them apart.
DROP FUNCTION IF EXISTS aaa_routers();
CREATE FUNCTION aaa_routers() RETURNS TABLE (
  address text, secret text, name text, id text, tenant_id text, type text, message_authenticator text, company text, behind jsonb
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.nasname, n.secret, n.name, n.id, n.tenant_id, n.type, n.message_authenticator, max(access_company(t.status, o.id)), jsonb_object_agg(o.realm, o.id::text) FILTER (WHERE o.id <> n.id)
  FROM (SELECT DISTINCT ON (nasname) * FROM nas ORDER BY nasname, realm NULLS FIRST, id) n
  JOIN tenant t ON t.id = n.tenant_id
  JOIN nas o ON o.nasname = n.nasname
  WHERE NOT n.nasname::inet <<= '127.128.0.0/10'
  GROUP BY n.nasname, n.secret, n.name, n.id, n.tenant_id, n.type, n.message_authenticator
  UNION ALL
  -- The same routers as they come through the RadSec front; its TLS signs for them.
  SELECT host(r.address), r.secret, n.name, n.id, n.tenant_id, n.type, 'off', access_company(t.status, n.id), NULL
  FROM radsec_router r JOIN nas n ON n.id = r.nas_id JOIN tenant t ON t.id = n.tenant_id
  UNION ALL
  -- And as they come through the door while their secret is being replaced (docs/decisions/0039).
  SELECT host(w.door_address), w.door_secret, n.name, n.id, n.tenant_id, n.type, n.message_authenticator, access_company(t.status, n.id), NULL
  FROM rotation_secret w JOIN nas n ON n.id = w.nas_id JOIN tenant t ON t.id = n.tenant_id
$$;
GRANT EXECUTE ON FUNCTION aaa_routers() TO lango_radius;

-- Whether questions can be answered: for Status-Server.
CREATE OR REPLACE FUNCTION aaa_ready() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT 'yes' FROM platform_clock $$;
GRANT EXECUTE ON FUNCTION aaa_ready() TO lango_radius;
