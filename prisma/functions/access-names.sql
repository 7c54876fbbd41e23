-- Logins whose name is no username as it stands: a device that the hotspot tries by its address, in whichever form its router is set to write it,
-- and a voucher. aaa_authorize comes here when it finds no card; nobody else pays for it.

-- Every way in which RouterOS (radius-mac-format) and other NASes write a hardware address.
CREATE OR REPLACE FUNCTION access_mac_spellings(p_mac text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  h text := replace(p_mac, ':', '');
  v_upper text[] := ARRAY[p_mac, replace(p_mac, ':', '-'), replace(p_mac, ':', ' '), h, left(h, 6) || ':' || right(h, 6), left(h, 6) || '-' || right(h, 6)]
    || ARRAY(SELECT left(h, 4) || s || substr(h, 5, 4) || s || right(h, 4) FROM unnest(ARRAY[':', '-', '.']) AS s);
BEGIN
  RETURN v_upper || ARRAY(SELECT lower(w) FROM unnest(v_upper) AS w);
END $$;

-- The username that is meant by a name that is none: the same device written otherwise, a device that a service was bought for at a hotspot, or a voucher in
-- use whose code was typed in another way.
CREATE OR REPLACE FUNCTION access_meant_username(p_tenant_id bigint, p_typed text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE v_mac text := access_mac(p_typed);
BEGIN
  IF v_mac IS NOT NULL THEN
    RETURN coalesce((SELECT k.username FROM access_card k WHERE k.tenant_id = p_tenant_id AND k.username = ANY (access_mac_spellings(v_mac)) LIMIT 1),
                    hotspot_username_of(p_tenant_id, v_mac));
  END IF;
  RETURN (SELECT k.username FROM voucher u JOIN access_card k ON k.tenant_id = u.tenant_id AND k.username = u.code AND k.subscription_id = u.subscription_id
          WHERE u.tenant_id = p_tenant_id AND u.code = voucher_code(p_typed));
END $$;

-- The answer to such a login, from aaa_authorize itself; no row when nobody is meant.
-- A voucher that was never used is begun, asked about and taken back: so the first login is decided by the very rules of all others, and still
-- changes nothing. Its validity begins for good when accounting does (access_subscription_of).
CREATE OR REPLACE FUNCTION access_other_login(
  p_typed text, p_nas_id bigint, p_tenant_id bigint, p_nas_type text, p_company text, p_station_hex text, p_service_type text, p_port_type text
) RETURNS TABLE (id integer, username text, attribute text, value text, op text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_name text := access_meant_username(p_tenant_id, p_typed);
  v_rows jsonb;
  v_fresh boolean := false;
  -- A device that a service with a name of its own was bought for: the router tries it by its address, and it has no password.
  v_device boolean := access_mac(p_typed) IS NOT NULL AND access_mac(v_name) IS NULL;
BEGIN
  IF v_device AND v_name IS NOT NULL AND (p_service_type <> '1' OR access_mac(access_text(p_station_hex)) IS DISTINCT FROM access_mac(p_typed)) THEN
    -- That name is for a hotspot to say, of the very device that is there.
    RETURN;
  END IF;
  IF v_name IS NULL THEN
    v_name := (SELECT u.code FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id
               WHERE u.tenant_id = p_tenant_id AND u.code = voucher_code(p_typed) AND u.used_at IS NULL AND voucher_is_open(b.voided_at, b.valid_until));
    v_fresh := true;
  END IF;
  IF v_name IS NULL OR v_name = p_typed AND NOT v_fresh THEN
    RETURN;
  END IF;
  BEGIN
    IF NOT v_fresh OR voucher_begin(p_tenant_id, v_name, lango_now()) IS NOT NULL THEN
      v_rows := (SELECT jsonb_agg(a)
                 FROM aaa_authorize(p_nas_id, p_tenant_id, p_nas_type, 'off', p_company, encode(convert_to(v_name, 'UTF8'), 'hex'), p_station_hex,
                                    p_service_type, p_port_type, '', '') AS a);
    END IF;
    IF v_fresh THEN
      RAISE EXCEPTION 'nothing of this stays' USING ERRCODE = 'LV000';
    END IF;
  EXCEPTION WHEN SQLSTATE 'LV000' THEN
    NULL;
  END;
  RETURN QUERY
  SELECT 0, '', a.attribute,
    CASE -- Where the name is also the password, it is so in the spelling of this login.
         WHEN a.attribute = 'Cleartext-Password' AND (v_device OR a.value = access_literal(v_name)) THEN access_literal(p_typed)
         -- What it is told is only known when its first session has begun.
         WHEN a.attribute = 'Class' AND v_fresh THEN regexp_replace(regexp_replace(a.value, '^L1:[0-9]+:', 'L1:0:'), ':?@[0-9a-f]+$', '')
         ELSE a.value END, a.op
  FROM jsonb_to_recordset(v_rows) AS a (attribute text, value text, op text)
  UNION ALL
  SELECT 0, '', 'Lango-No-Secret', 'yes', ':=' WHERE v_device AND v_name IS NOT NULL AND v_rows IS NOT NULL;
END $$;

-- Whose session it is that began under this name, for accounting, when neither its Class nor a username says so. A voucher begins here.
CREATE OR REPLACE FUNCTION access_subscription_of(p_tenant_id bigint, p_typed text, p_at timestamptz) RETURNS bigint LANGUAGE plpgsql STRICT AS $$
BEGIN
  RETURN coalesce(
    (SELECT k.subscription_id FROM access_card k WHERE k.tenant_id = p_tenant_id AND k.username = access_meant_username(p_tenant_id, p_typed)),
    voucher_begin(p_tenant_id, p_typed, p_at));
END $$;
