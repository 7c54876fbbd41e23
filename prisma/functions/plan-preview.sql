-- What routers will be told of a plan that is not sold yet. aaa_authorize itself is asked, about a customer who is made for the question and taken
-- back with it, as the first login of a voucher is (access_other_login); so a preview cannot differ from the answer.

-- p_terms: the columns of plan_version. p_moments: [{"used_bytes", "ended"}], each answered as if so much were used, or the validity and any grace over.
-- Gives [{"decision", "reason", "reply": [{"attribute", "value"}]}] in the same order. At a router of p_nas_type; hours of the week are those of now.
CREATE OR REPLACE FUNCTION plan_preview(p_terms jsonb, p_kind text, p_nas_type text, p_moments jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  v_zone text := (SELECT timezone FROM tenant WHERE id = lango_tenant());
  v_name text := 'preview-' || gen_random_uuid();
  v_at timestamptz := lango_now();
  v_version plan_version;
  v_subscription bigint;
  v_moment jsonb;
  v_answers jsonb := '[]';
BEGIN
  IF v_tenant IS NULL THEN
    RAISE EXCEPTION 'plan_preview works for one company: set lango.tenant first';
  END IF;
  IF jsonb_array_length(p_moments) > 20 THEN
    RAISE EXCEPTION 'plan_preview answers 20 moments at most';
  END IF;
  BEGIN
    v_version := jsonb_populate_record(NULL::plan_version, p_terms || jsonb_build_object('id', nextval(pg_get_serial_sequence('plan_version', 'id')),
      'tenant_id', v_tenant, 'version', 1, 'created_at', v_at, 'rules', NULL));
    INSERT INTO plan (tenant_id, name, kind) VALUES (v_tenant, v_name, p_kind) RETURNING id INTO v_version.plan_id;
    INSERT INTO plan_version OVERRIDING SYSTEM VALUE VALUES (v_version.*);
    INSERT INTO subscriber (tenant_id, name, phone) VALUES (v_tenant, v_name, '+9990000001') RETURNING id INTO v_subscription;
    INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, cycle_no, starts_at, expires_at, quota_bytes)
    VALUES (v_tenant, v_subscription, v_version.id, v_name, 'active', 1, v_at,
            subscription_add_validity(v_at, v_version.validity_count, v_version.validity_unit, v_version.validity_ends, v_zone), v_version.quota_bytes)
    RETURNING id INTO v_subscription;
    PERFORM radius_write_password(v_tenant, v_name, v_name);
    INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at) VALUES (v_subscription, 1, v_tenant, v_at);
    FOR v_moment IN SELECT m FROM jsonb_array_elements(p_moments) m LOOP
      UPDATE usage_cycle SET output_bytes = coalesce((v_moment ->> 'used_bytes')::bigint, 0) WHERE subscription_id = v_subscription;
      IF (v_moment ->> 'ended')::boolean THEN
        UPDATE subscription SET expires_at = v_at - make_interval(secs => v_version.grace_s + 1) WHERE id = v_subscription;
      END IF;
      v_answers := v_answers || (
        SELECT jsonb_build_object(
          'decision', max(a.value) FILTER (WHERE a.attribute = 'Lango-Decision'),
          'reason', max(a.value) FILTER (WHERE a.attribute = 'Lango-Reason'),
          'reply', coalesce(jsonb_agg(jsonb_build_object('attribute', a.attribute, 'value', a.value))
            FILTER (WHERE a.attribute NOT LIKE 'Lango-%' AND a.attribute NOT IN ('Cleartext-Password', 'Class')), '[]'))
        FROM aaa_authorize(0, v_tenant, p_nas_type, 'off', 'approved', encode(convert_to(v_name, 'UTF8'), 'hex'), '',
                           CASE p_kind WHEN 'hotspot' THEN '1' ELSE '2' END, CASE p_kind WHEN 'hotspot' THEN '19' ELSE '15' END, '', '') AS a);
    END LOOP;
    RAISE EXCEPTION 'nothing of this stays' USING ERRCODE = 'LV000';
  EXCEPTION WHEN SQLSTATE 'LV000' THEN
    NULL;
  END;
  RETURN v_answers;
END $$;
GRANT EXECUTE ON FUNCTION plan_preview TO lango_web;
