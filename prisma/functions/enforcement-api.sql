-- The third rung of enforcement (the RouterOS API) and what it needs of the database.

-- How a router's API is reached; NULL when nobody told us a user name and password. The password is sealed (platform/crypto.ts).
CREATE OR REPLACE FUNCTION enforcement_api_way(p_nas nas) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_nas.type = 'mikrotik' AND p_nas.api_username IS NOT NULL AND p_nas.api_password_enc IS NOT NULL
    -- Where a router that is known by its certificate alone stands, nobody knows unless it is said.
    AND (p_nas.coa_address IS NOT NULL OR NOT p_nas.nasname::inet <<= '127.128.0.0/10') THEN jsonb_build_object(
    'address', host(coalesce(p_nas.coa_address, p_nas.nasname::inet)), 'port', coalesce(p_nas.api_port, CASE WHEN p_nas.api_tls THEN 8729 ELSE 8728 END),
    'username', p_nas.api_username, 'password_sealed', encode(p_nas.api_password_enc, 'base64'),
    -- Which of the two the router takes while it is being told another, only the router knows.
    'next_password_sealed', (SELECT encode(w.api_password_enc, 'base64') FROM rotation_run w WHERE w.nas_id = p_nas.id AND w.state = 'running' AND w.step = 'password'), 'tls', p_nas.api_tls, 'fingerprint', p_nas.api_fingerprint) END
$$;

-- What a device is logged in with, and whether it is in by now. `crowded`: others of the same service, who have just been told to go, are still in; for so long
-- as that may take, a try would be refused.
CREATE OR REPLACE FUNCTION enforcement_login_of(p_subscription_id bigint, p_params jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('username', s.username, 'password', c.value, 'mac', p_params->>'mac',
            'online', EXISTS (SELECT 1 FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL AND coalesce(l.mac, p_params->>'mac') = p_params->>'mac'),
            'crowded', (p_params->>'at')::timestamptz > lango_now() - interval '20 seconds'
              AND (SELECT count(DISTINCT (l.nas_id, l.mac)) FROM session_live l WHERE l.subscription_id = s.id AND l.stopped_at IS NULL AND l.mac <> p_params->>'mac')
                  >= (SELECT v.simultaneous_use FROM plan_version v WHERE v.id = s.plan_version_id))
          FROM subscription s JOIN radcheck c ON c.tenant_id = s.tenant_id AND c.username = s.username AND c.attribute = 'Cleartext-Password'
          WHERE s.id = p_subscription_id LIMIT 1);
END $$;

-- Asks for a device to be let in that waits on a router's hotspot, once its subscription is entitled: after a payment nobody should have to type.
-- Returns the enforcement, or NULL when the router's API is not known.
CREATE OR REPLACE FUNCTION enforce_login(p_subscription_id bigint, p_nas_id bigint, p_mac text, p_reason text DEFAULT 'payment') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant_id bigint := (SELECT tenant_id FROM subscription WHERE id = p_subscription_id);
  v_id bigint;
BEGIN
  IF v_tenant_id IS NULL THEN RETURN NULL; END IF;
  PERFORM enforcement_check_tenant(v_tenant_id);
  INSERT INTO enforcement (tenant_id, nas_id, subscription_id, kind, reason, params, created_at, next_attempt_at)
  SELECT n.tenant_id, n.id, p_subscription_id, 'login', p_reason, jsonb_build_object('mac', upper(p_mac), 'at', lango_now()), lango_now(), lango_now()
  FROM nas n WHERE n.id = p_nas_id AND n.tenant_id = v_tenant_id AND enforcement_api_way(n) IS NOT NULL AND p_mac ~* '^([0-9a-f]{2}:){5}[0-9a-f]{2}$'
  ON CONFLICT (subscription_id, (params->>'mac')) WHERE state = 'open' AND kind = 'login' DO UPDATE
    SET nas_id = excluded.nas_id, reason = excluded.reason, params = excluded.params, attempts = 0, acked_at = NULL, next_attempt_at = excluded.next_attempt_at
  RETURNING id INTO v_id;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION enforce_login TO lango_web, lango_jobs;
COMMENT ON FUNCTION enforce_login IS 'Lets a device in that waits on a hotspot. Call it in the transaction that made its subscription entitled.';

-- The same for devices that were on a hotspot before their subscription ended and are likely still there. Part of enforce_subscriptions.
CREATE OR REPLACE FUNCTION enforcement_log_back_in(p_ids bigint[], p_reason text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE v_rows integer := 0;
BEGIN
  IF p_reason NOT IN ('renewed', 'extended', 'topped_up', 'payment', 'resumed', 'activated') THEN RETURN 0; END IF;
  SELECT count(enforce_login(sub.id, last.nas_id, last.mac, p_reason)) INTO v_rows
  FROM subscription_now sub CROSS JOIN LATERAL (
    SELECT l.nas_id, l.mac, l.service, l.stopped_at FROM session_live l
    WHERE l.tenant_id = sub.tenant_id AND l.username = sub.username AND l.subscription_id = sub.id ORDER BY l.radacctid DESC LIMIT 1
  ) last
  WHERE sub.id = ANY (p_ids) AND subscription_is_entitled(sub.state) AND last.service = 'hotspot' AND last.mac IS NOT NULL
    AND last.stopped_at > lango_now() - interval '12 hours';
  RETURN v_rows;
END $$;

-- A router's own list does not hold this session any more: its rows are proven by that, and the books close it. False when it is being written at this
-- moment (likely its Stop). A later record opens it again.
CREATE OR REPLACE FUNCTION enforcement_read_gone(p_session_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM session_live WHERE radacctid = p_session_id AND stopped_at IS NULL FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE enforcement SET state = 'proven', proven_by = 'read_back', proven_at = lango_now(), closed_at = lango_now(), claimed_by = NULL, claimed_until = NULL
  WHERE state = 'open' AND session_id = p_session_id;
  RETURN accounting_close(ARRAY[p_session_id], 'stale', lango_now()) = 1;
END $$;
GRANT EXECUTE ON FUNCTION enforcement_read_gone TO lango_enforcer;

-- Whether a router's API could be used, written when that changes or once a minute. p_fault NULL: it could.
CREATE OR REPLACE FUNCTION enforcement_note_api(p_nas_id bigint, p_fault text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO nas_status AS t (nas_id, tenant_id, api_ok_at, api_fault, api_fault_at)
  SELECT id, tenant_id, CASE WHEN p_fault IS NULL THEN lango_now() END, p_fault, CASE WHEN p_fault IS NOT NULL THEN lango_now() END FROM nas WHERE id = p_nas_id
  ON CONFLICT (nas_id) DO UPDATE SET api_ok_at = coalesce(excluded.api_ok_at, t.api_ok_at), api_fault = excluded.api_fault, api_fault_at = excluded.api_fault_at
  WHERE t.api_fault IS DISTINCT FROM excluded.api_fault OR t.api_ok_at IS NULL OR t.api_ok_at < lango_now() - interval '1 minute';
END $$;
GRANT EXECUTE ON FUNCTION enforcement_note_api TO lango_enforcer;
