-- Vouchers: codes that become subscriptions when they are first used.

-- A code as it is kept, of what somebody typed: blanks and dashes are for the eye, and phones begin with a capital or not.
CREATE OR REPLACE FUNCTION voucher_code(p_typed text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT upper(regexp_replace(p_typed, '[-[:space:]]', '', 'g')) $$;
GRANT EXECUTE ON FUNCTION voucher_code TO lango_web;

-- The company's house account for voucher guests.
CREATE OR REPLACE FUNCTION voucher_guests(p_tenant_id bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO subscriber (tenant_id, name, phone, is_guests) VALUES (p_tenant_id, 'Voucher guests', '+9990000000', true)
  ON CONFLICT (tenant_id) WHERE is_guests AND deleted_at IS NULL DO NOTHING;
  RETURN (SELECT id FROM subscriber WHERE tenant_id = p_tenant_id AND is_guests AND deleted_at IS NULL);
END $$;

-- Begins a voucher: its validity runs from p_at on. Gives its subscription, also when it began before; NULL when there is no such voucher, it
-- was voided, or its code is a customer's username by now. Whoever asks at the same time waits and gets the same one.
CREATE OR REPLACE FUNCTION voucher_begin(p_tenant_id bigint, p_typed text, p_at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v record;
  v_id bigint;
BEGIN
  SELECT u.code, u.subscription_id, u.used_at, voucher_is_open(b.voided_at, b.valid_until) AS open, p.id AS plan_version_id, p.quota_bytes,
         subscription_add_validity(p_at, p.validity_count, p.validity_unit, p.validity_ends, t.timezone) AS expires_at INTO v
  FROM voucher u
  JOIN voucher_batch b ON b.id = u.batch_id
  JOIN plan_version p ON p.id = b.plan_version_id
  JOIN tenant t ON t.id = u.tenant_id
  WHERE u.tenant_id = p_tenant_id AND u.code = voucher_code(p_typed)
  FOR NO KEY UPDATE OF u;
  IF v.used_at IS NOT NULL OR NOT v.open OR v.code IS NULL THEN
    RETURN v.subscription_id;
  END IF;
  INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, cycle_no, starts_at, expires_at, quota_bytes)
  VALUES (p_tenant_id, voucher_guests(p_tenant_id), v.plan_version_id, v.code, 'active', 1, p_at, v.expires_at, v.quota_bytes)
  ON CONFLICT (tenant_id, username) DO NOTHING
  RETURNING id INTO v_id;
  IF v_id IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM radius_write_password(p_tenant_id, v.code, v.code);
  INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at) VALUES (v_id, 1, p_tenant_id, p_at);
  UPDATE voucher SET subscription_id = v_id, used_at = p_at WHERE tenant_id = p_tenant_id AND code = v.code;
  INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
  VALUES (p_tenant_id, 'system', 'network', 'vouchers.begin', 'subscription', v_id::text, jsonb_build_object('code', v.code, 'expires_at', v.expires_at));
  RETURN v_id;
END $$;

-- The same by hand or by a program of the company, without a login; `fresh` for the one of many askers at once for whom it began.
DROP FUNCTION IF EXISTS voucher_redeem(text);
CREATE OR REPLACE FUNCTION voucher_redeem(p_typed text) RETURNS TABLE (subscription_id bigint, fresh boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_used timestamptz;
  v_id bigint;
BEGIN
  SELECT u.used_at INTO v_used FROM voucher u WHERE u.tenant_id = lango_tenant() AND u.code = voucher_code(p_typed) FOR NO KEY UPDATE;
  v_id := voucher_begin(lango_tenant(), p_typed, lango_now());
  RETURN QUERY SELECT v_id, v_id IS NOT NULL AND v_used IS NULL;
END $$;
GRANT EXECUTE ON FUNCTION voucher_redeem TO lango_web;
