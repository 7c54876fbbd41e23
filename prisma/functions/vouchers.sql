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

-- Takes so many codes that nobody has used or bought out of a batch: a batch of their own from then on, on the same terms and in the same hands. A code that is
-- just being used stays where it is. NULL where so many are not there; two who ask at once get different codes.
CREATE OR REPLACE FUNCTION voucher_split(p_batch_id bigint, p_count integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  b voucher_batch;
  v_codes text[];
  v_id bigint;
BEGIN
  IF lango_reseller() IS NOT NULL THEN
    RAISE EXCEPTION 'stock is moved by the company itself';
  END IF;
  SELECT * INTO b FROM voucher_batch x WHERE x.id = p_batch_id AND x.tenant_id = lango_tenant() FOR NO KEY UPDATE;
  IF NOT FOUND OR p_count < 1 OR p_count >= b.count THEN RETURN NULL; END IF;
  SELECT array_agg(u.code) INTO v_codes
  FROM (SELECT v.code FROM voucher v WHERE v.batch_id = b.id AND v.tenant_id = b.tenant_id AND v.used_at IS NULL AND v.sold_at IS NULL ORDER BY v.code LIMIT p_count FOR UPDATE SKIP LOCKED) u;
  IF coalesce(cardinality(v_codes), 0) < p_count THEN RETURN NULL; END IF;
  INSERT INTO voucher_batch (tenant_id, plan_version_id, count, code_length, prefix, created_at, voided_at, valid_until, with_check, split_from, reseller_id, wholesale_cents, charged, assigned_at)
  VALUES (b.tenant_id, b.plan_version_id, p_count, b.code_length, b.prefix, b.created_at, b.voided_at, b.valid_until, b.with_check, coalesce(b.split_from, b.id),
          b.reseller_id, b.wholesale_cents, b.charged, b.assigned_at)
  RETURNING id INTO v_id;
  UPDATE voucher v SET batch_id = v_id WHERE v.tenant_id = b.tenant_id AND v.code = ANY (v_codes);
  UPDATE voucher_batch x SET count = x.count - p_count WHERE x.id = b.id;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION voucher_split TO lango_web;
