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
  ('throttled', 'accept', 'Your data bundle is used up. You are online at reduced speed.',
    'The data cap is used up and the plan slows instead of cutting.', 'Sell a top-up or a renewal to restore full speed.'),
  ('unpaid', 'garden or reject', 'Your package is not active yet. Please pay to get online.',
    'The subscription has never been paid or activated.', 'Record the payment or activate the subscription.'),
  ('expired', 'garden or reject', 'Your package has expired. Please renew to get back online.',
    'The validity and any grace period have ended.', 'Record the payment or extend the subscription.'),
  ('capped', 'garden or reject', 'Your data bundle is used up. Please top up or renew to get back online.',
    'The data cap is used up and the plan cuts.', 'Sell a top-up or a renewal.'),
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
  ('unknown_user', 'reject', 'Wrong username or password.',
    'No subscription of this company has this username.', 'Look for a typing error, or for the customer in another company.'),
  ('ended', 'reject', 'Wrong username or password.',
    'The subscription with this username has ended for good.', 'Sell a new subscription.'),
  ('unsupported_method', 'reject', 'This sign-in method is not supported.',
    'The request carries none of PAP, CHAP, MS-CHAPv1 and MS-CHAPv2.', 'Allow pap, chap, mschap1 or mschap2 in the router''s PPP or hotspot profile.'),
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

CREATE OR REPLACE FUNCTION access_sentence(p_code text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT sentence FROM access_reasons() WHERE code = p_code $$;

-- 'AA:BB:CC:DD:EE:FF' of any of the forms that NASes write, NULL for what is no MAC (L2TP sends an IP address).
CREATE OR REPLACE FUNCTION access_mac(p_value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_value ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$' THEN p_value
    WHEN p_value ~* '^[0-9a-f]{2}([-: ]?[0-9a-f]{2}){5}$' OR p_value ~* '^([0-9a-f]{4}[-:.]){2}[0-9a-f]{4}$' OR p_value ~* '^[0-9a-f]{6}[-:][0-9a-f]{6}$'
      THEN upper(regexp_replace(regexp_replace(p_value, '[-:. ]', '', 'g'), '(..)(?=.)', '\1:', 'g'))
    -- DHCP client identifiers: hardware type first, no leading zeros.
    WHEN p_value ~* '^1(:[0-9a-f]{1,2}){6}$'
      THEN (SELECT upper(string_agg(lpad(part, 2, '0'), ':' ORDER BY n)) FROM unnest(string_to_array(substr(p_value, 3), ':')) WITH ORDINALITY AS p (part, n))
  END
$$;
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
-- Octal escapes leave every byte as it is, so a password like "%{x}" is a password.
CREATE OR REPLACE FUNCTION access_literal(p_value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_value !~ '[\x01-\x1f"''`\\]' THEN p_value ELSE (
    SELECT string_agg(
      CASE WHEN c ~ '[\x01-\x1f"''`\\]' THEN '\' || ascii(c) / 64 || ascii(c) / 8 % 8 || ascii(c) % 8 ELSE c END, '' ORDER BY n)
    FROM regexp_split_to_table(p_value, '') WITH ORDINALITY AS t (c, n)) END
$$;

-- Seconds between interims. The cap is held against what interims report, so over one interval at full speed a customer must not run
-- further past it than 1 % of the allowance; but a minute is short enough for anybody (RFC 2869 5.16 asks for no less).
CREATE OR REPLACE FUNCTION access_interim_s(p_plan_s integer, p_allowance_bytes bigint, p_kbps bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_allowance_bytes IS NULL THEN p_plan_s
    ELSE least(p_plan_s, greatest(60, p_allowance_bytes / 100 / (p_kbps * 125)))::integer END
$$;
GRANT EXECUTE ON FUNCTION access_interim_s TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- Sessions that stand in the way of one more. Not those of the device that asks (it has lost its old one, the Stop never came), and not
-- those silent for three interims (the router lost them).
CREATE OR REPLACE FUNCTION access_open_sessions(
  p_subscription_id bigint, p_nas_id bigint, p_mac text, p_station text, p_interim_s integer, p_at timestamptz
) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT count(*)
  FROM session_live l
  WHERE l.subscription_id = p_subscription_id AND l.stopped_at IS NULL
    AND l.received_at > p_at - make_interval(secs => 3 * coalesce(l.interim_s, p_interim_s) + 10)
    AND (l.mac = p_mac) IS NOT TRUE
    AND (p_mac IS NULL AND l.nas_id = p_nas_id AND l.calling_station_id = p_station) IS NOT TRUE
$$;

-- The decision, but for the password, which FreeRADIUS compares first. p_service is ppp, hotspot or other; only PPP on a MikroTik can be let
-- into the walled garden, because only there do an address list and a redirect wait for it. p_check_mac: false when a person asks without a device.
DROP FUNCTION IF EXISTS access_decide(bigint, bigint, text, boolean, text, text, boolean, timestamptz);
CREATE FUNCTION access_decide(
  p_tenant_id bigint, p_nas_id bigint, p_service text, p_is_mikrotik boolean, p_username text, p_station text, p_check_mac boolean, p_at timestamptz,
  OUT decision text, OUT reason text, OUT mode text, OUT subscription_id bigint, OUT password text, OUT company_open boolean, OUT status text, OUT state text,
  OUT mac_lock text, OUT mac text, OUT expires_at timestamptz, OUT valid_until timestamptz, OUT allowance_bytes bigint, OUT used_bytes bigint, OUT on_quota text,
  OUT rate_limit text, OUT interim_s integer, OUT simultaneous_use integer, OUT open_sessions bigint, OUT plan_kind text
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  throttle text;
BEGIN
  SELECT s.id, s.status, s.mac_lock, s.expires_at, s.quota_bytes + s.topup_bytes, coalesce(u.input_bytes + u.output_bytes, 0),
         s.expires_at + make_interval(secs => v.grace_s), v.on_quota, v.simultaneous_use, pl.kind, c.value, t.status = 'approved',
         subscription_state(s.status, s.expires_at, v.grace_s, s.quota_bytes + s.topup_bytes, coalesce(u.input_bytes + u.output_bytes, 0), v.on_quota, p_at),
         access_interim_s(v.interim_s, s.quota_bytes + s.topup_bytes, greatest(v.down_kbps, v.burst_down_kbps) + greatest(v.up_kbps, v.burst_up_kbps)),
         CASE WHEN v.on_quota = 'throttle' THEN radius_rate_limit(v.throttle_up_kbps, v.throttle_down_kbps) END
  INTO subscription_id, status, mac_lock, expires_at, allowance_bytes, used_bytes,
       valid_until, on_quota, simultaneous_use, plan_kind, password, company_open,
       state, interim_s, throttle
  FROM subscription s
  JOIN plan_version v ON v.id = s.plan_version_id
  JOIN plan pl ON pl.id = v.plan_id
  JOIN tenant t ON t.id = s.tenant_id
  LEFT JOIN usage_cycle u ON u.subscription_id = s.id AND u.cycle_no = s.cycle_no
  LEFT JOIN radcheck c ON c.tenant_id = s.tenant_id AND c.username = s.username AND c.attribute = 'Cleartext-Password'
  WHERE s.tenant_id = p_tenant_id AND s.username = p_username;

  decision := 'reject';
  IF subscription_id IS NULL THEN
    reason := 'unknown_user';
    RETURN;
  END IF;
  mac := access_mac(p_station);
  open_sessions := access_open_sessions(subscription_id, p_nas_id, mac, p_station, interim_s, p_at);
  reason := CASE
    WHEN state = 'ended' THEN 'ended'
    WHEN NOT company_open THEN 'company_closed'
    WHEN state IN ('suspended', 'paused') THEN state
    WHEN p_check_mac AND mac_lock IS DISTINCT FROM coalesce(mac, '') AND mac_lock IS NOT NULL THEN 'wrong_mac'
    WHEN open_sessions >= simultaneous_use THEN 'too_many_sessions'
    WHEN state = 'pending' THEN 'unpaid'
    ELSE state
  END;
  IF reason IN ('active', 'grace', 'throttled') THEN
    decision := 'accept';
    mode := CASE WHEN reason = 'throttled' THEN 'throttled' ELSE 'full' END;
    IF mode = 'throttled' THEN
      rate_limit := throttle;
    END IF;
  ELSIF reason IN ('unpaid', 'expired', 'capped') AND p_is_mikrotik AND p_service = 'ppp' THEN
    decision := 'garden';
    mode := 'garden';
    rate_limit := '256k/256k';
  END IF;
END $$;

-- What the router is told besides the answer: the plan's items (radgroupreply), the customer's own (radreply), and what holds only at this moment.
-- A customer's own item replaces the plan's; one of the moment replaces both. In the garden only addressing is kept of the former.
CREATE OR REPLACE FUNCTION access_items(
  p_tenant_id bigint, p_username text, p_decision text, p_mode text, p_rate_limit text, p_interim_s integer, p_valid_until timestamptz,
  p_remaining_bytes bigint, p_class text, p_sentence text, p_at timestamptz
) RETURNS TABLE (attribute text, op text, value text) LANGUAGE sql STABLE AS $$
  SELECT g.attribute, g.op::text, access_literal(g.value)
  FROM radusergroup m JOIN radgroupreply g ON g.tenant_id = m.tenant_id AND g.groupname = m.groupname
  WHERE m.tenant_id = p_tenant_id AND m.username = p_username AND p_decision <> 'reject'
    AND g.attribute NOT IN ('Session-Timeout', 'Acct-Interim-Interval', 'Class', 'Reply-Message', 'Mikrotik-Total-Limit', 'Mikrotik-Total-Limit-Gigawords')
    AND (p_mode = 'full' OR g.attribute <> 'Mikrotik-Rate-Limit')
    AND (p_mode <> 'garden' OR g.attribute LIKE 'Framed-%' OR g.attribute LIKE '%Delegated-IPv6-%')
    AND (g.op = '+=' OR NOT EXISTS (
      SELECT FROM radreply r WHERE r.tenant_id = p_tenant_id AND r.username = p_username
        AND (r.attribute = g.attribute OR (r.attribute = 'Framed-IP-Address' AND g.attribute = 'Framed-Pool'))))
  UNION ALL
  SELECT r.attribute, r.op::text, access_literal(r.value)
  FROM radreply r
  WHERE r.tenant_id = p_tenant_id AND r.username = p_username AND p_decision <> 'reject'
    AND r.attribute NOT IN ('Session-Timeout', 'Acct-Interim-Interval', 'Class', 'Reply-Message', 'Mikrotik-Total-Limit', 'Mikrotik-Total-Limit-Gigawords')
    AND (p_mode = 'full' OR r.attribute <> 'Mikrotik-Rate-Limit')
    AND (p_mode <> 'garden' OR r.attribute LIKE 'Framed-%' OR r.attribute LIKE '%Delegated-IPv6-%')
  UNION ALL
  SELECT i.attribute, i.op, i.value
  FROM (VALUES
    ('Mikrotik-Rate-Limit', ':=', p_rate_limit),
    ('Mikrotik-Address-List', '+=', CASE WHEN p_mode = 'garden' THEN 'expired' END),
    -- A session must never outlive the entitlement; 0 would mean no limit. RouterOS takes no more than 21474720.
    ('Session-Timeout', ':=', CASE WHEN p_mode = 'garden' THEN 300
                                   ELSE least(21474720, greatest(1, floor(extract(epoch FROM p_valid_until - p_at)))) END::text),
    ('Acct-Interim-Interval', ':=', p_interim_s::text),
    -- RouterOS counts the limit for this session alone and reads a low word of 0 as no limit, hence one byte less there.
    ('Mikrotik-Total-Limit', ':=', ((p_remaining_bytes - (p_remaining_bytes % 4294967296 = 0)::integer) % 4294967296)::text),
    ('Mikrotik-Total-Limit-Gigawords', ':=', nullif((p_remaining_bytes - (p_remaining_bytes % 4294967296 = 0)::integer) / 4294967296, 0)::text),
    ('Class', ':=', '0x' || encode(convert_to(p_class, 'UTF8'), 'hex'))
  ) AS i (attribute, op, value)
  WHERE i.value IS NOT NULL AND p_decision <> 'reject'
  UNION ALL
  SELECT 'Reply-Message', ':=', access_literal(p_sentence) WHERE p_sentence IS NOT NULL
$$;

-- One Access-Request. FreeRADIUS gives what a stranger wrote as hex and its own facts as they are; it gets one row per pair, of which the
-- Lango-* ones (freeradius-config/dictionary) stay inside. Read-only. It always answers with rows: no rows and an error are FreeRADIUS' business.
CREATE OR REPLACE FUNCTION aaa_authorize(
  p_address text, p_username_hex text, p_station_hex text, p_service_type text, p_port_type text, p_signature text, p_proxy_state text
) RETURNS TABLE (id integer, username text, attribute text, value text, op text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  n record;
  d record;
  v_username text;
  v_drop text;
  v_class text;
  v_login text := left(replace(gen_random_uuid()::text, '-', ''), 16);
  v_at timestamptz := lango_now();
BEGIN
  SELECT nas.id, nas.tenant_id, nas.type = 'mikrotik' AS is_mikrotik, nas.message_authenticator AS policy, st.message_authenticator_seen_at IS NOT NULL AS has_signed
  INTO n
  FROM nas LEFT JOIN nas_status st ON st.nas_id = nas.id
  WHERE nas.nasname = p_address;
  v_drop := CASE
    WHEN n.id IS NULL THEN 'unknown_router'
    WHEN p_signature <> '' OR n.policy = 'off' THEN NULL
    WHEN n.policy = 'require' OR n.has_signed THEN 'unsigned_request'
    WHEN p_proxy_state <> '' THEN 'unsigned_proxy'
  END;
  IF v_drop IS NOT NULL THEN
    RETURN QUERY VALUES (0, '', 'Lango-Decision', 'none', ':='),
                        (0, '', 'Lango-Login', concat_ws(' ', coalesce(n.tenant_id, 0), coalesce(n.id, 0), '-'), ':='),
                        (0, '', 'Lango-Reason', v_drop, ':=');
    RETURN;
  END IF;

  v_username := access_text(p_username_hex);
  d := access_decide(
    n.tenant_id, n.id,
    CASE WHEN p_service_type = '1' THEN 'hotspot' WHEN p_service_type = '2' AND p_port_type <> '19' THEN 'ppp' ELSE 'other' END,
    n.is_mikrotik, v_username, access_text(p_station_hex), true, v_at);
  IF d.mode IS NOT NULL THEN
    v_class := 'L1:' || d.subscription_id || ':' || v_login || ':' || left(d.mode, 1);
  END IF;
  RETURN QUERY
  SELECT 0, '', i.attribute, i.value, i.op
  FROM (VALUES
    ('Cleartext-Password', ':=', access_literal(d.password)),
    ('Lango-Decision', ':=', d.decision),
    ('Lango-Reason', ':=', d.reason),
    ('Lango-Login', ':=', concat_ws(' ', n.tenant_id, n.id, v_login))
  ) AS i (attribute, op, value)
  WHERE i.value IS NOT NULL
  UNION ALL
  SELECT 0, '', i.attribute, i.value, i.op
  FROM access_items(n.tenant_id, v_username, d.decision, d.mode, d.rate_limit, d.interim_s, d.valid_until,
    CASE WHEN d.on_quota = 'cut' AND d.mode = 'full' THEN greatest(1, d.allowance_bytes - d.used_bytes) END,
    v_class, CASE WHEN d.reason <> 'active' THEN access_sentence(d.reason) END, v_at) AS i;
END $$;
GRANT EXECUTE ON FUNCTION aaa_authorize(text, text, text, text, text, text, text) TO lango_radius;

-- Whether questions can be answered: for Status-Server.
CREATE OR REPLACE FUNCTION aaa_ready() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT 'yes' FROM platform_clock $$;
GRANT EXECUTE ON FUNCTION aaa_ready() TO lango_radius;
