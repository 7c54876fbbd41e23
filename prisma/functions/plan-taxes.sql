-- Prices that are stated without taxes: what the customer is asked, and new versions when taxes change.

-- What a customer pays for a price without taxes: excise on it, VAT on both, each to the nearest cent, half a cent up. invoice_split gives the same parts
-- back, to the cent, at any rates (plans/net-price.test.ts holds them to each other).
CREATE OR REPLACE FUNCTION plan_gross(p_net_cents bigint, p_excise_bp integer, p_vat_bp integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT (e.cents + round(e.cents * p_vat_bp / 10000.0))::bigint
  FROM (SELECT p_net_cents + round(p_net_cents::numeric * p_excise_bp / 10000) AS cents) e
$$;

-- The same with the taxes that the caller's company charges today by its clock.
CREATE OR REPLACE FUNCTION plan_gross_today(p_net_cents bigint) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT plan_gross(p_net_cents, invoice_rate(t.id, 'excise', d.day), invoice_rate(t.id, 'vat', d.day))
  FROM tenant t, LATERAL (SELECT (lango_now() AT TIME ZONE t.timezone)::date AS day) d WHERE t.id = lango_tenant()
$$;
GRANT EXECUTE ON FUNCTION plan_gross(bigint, integer, integer), plan_gross_today(bigint) TO lango_web;

-- Versions that are on sale, or that somebody's next purchase buys, at taxes which are not today's any more. New purchases then need the price of today.
CREATE OR REPLACE FUNCTION plan_taxes_due() RETURNS TABLE (id bigint, tenant_id bigint, plan_id bigint, price_cents bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH company AS MATERIALIZED (
    SELECT t.id, invoice_rate(t.id, 'excise', d.day) AS excise_bp, invoice_rate(t.id, 'vat', d.day) AS vat_bp
    FROM tenant t, LATERAL (SELECT (lango_now() AT TIME ZONE t.timezone)::date AS day) d
    WHERE EXISTS (SELECT FROM plan_version v WHERE v.tenant_id = t.id AND v.net_cents IS NOT NULL))
  SELECT v.id, v.tenant_id, v.plan_id, plan_gross(v.net_cents, c.excise_bp, c.vat_bp)
  FROM company c JOIN plan_version v ON v.tenant_id = c.id AND v.net_cents IS NOT NULL
  WHERE v.price_cents <> plan_gross(v.net_cents, c.excise_bp, c.vat_bp)
    AND (EXISTS (SELECT FROM plan p WHERE p.current_version_id = v.id)
         OR EXISTS (SELECT FROM subscription s WHERE s.tenant_id = v.tenant_id AND coalesce(s.next_plan_version_id, s.plan_version_id) = v.id AND s.status <> 'ended'))
  ORDER BY v.tenant_id, v.plan_id, v.id
$$;

-- Makes the versions that are missing, puts them on sale in the place of those that they follow, and lets at most p_limit subscriptions buy them next. What
-- somebody has bought stays as it was sold. Gives how many subscriptions it moved: fewer than p_limit, and all are done.
CREATE OR REPLACE FUNCTION plan_follow_taxes(p_limit integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  d record;
  v plan_version;
  v_new bigint;
  v_moved integer;
  v_all integer := 0;
BEGIN
  FOR d IN SELECT * FROM plan_taxes_due() LOOP
    EXIT WHEN v_all >= p_limit;
    PERFORM FROM plan p WHERE p.id = d.plan_id FOR NO KEY UPDATE;
    SELECT n.id INTO v_new FROM plan_version n WHERE n.follows_id = d.id AND n.price_cents = d.price_cents ORDER BY n.id DESC LIMIT 1;
    IF v_new IS NULL THEN
      SELECT * INTO STRICT v FROM plan_version x WHERE x.id = d.id;
      v_new := nextval(pg_get_serial_sequence('plan_version', 'id'));
      v := jsonb_populate_record(v, jsonb_build_object('id', v_new, 'version', (SELECT max(x.version) + 1 FROM plan_version x WHERE x.plan_id = d.plan_id),
        'price_cents', d.price_cents, 'follows_id', d.id, 'created_at', lango_now(), 'rules', NULL));
      INSERT INTO plan_version OVERRIDING SYSTEM VALUE VALUES (v.*);
      INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
      VALUES (d.tenant_id, 'system', 'plans', 'plans.follow_taxes', 'plan', d.plan_id::text,
              jsonb_build_object('version', v.version, 'price_cents', v.price_cents, 'net_cents', v.net_cents));
    END IF;
    UPDATE plan p SET current_version_id = v_new WHERE p.id = d.plan_id AND p.current_version_id = d.id;
    -- Who is being worked on is left for the next round.
    UPDATE subscription s SET next_plan_version_id = v_new
    WHERE s.id IN (SELECT x.id FROM subscription x WHERE x.tenant_id = d.tenant_id AND coalesce(x.next_plan_version_id, x.plan_version_id) = d.id AND x.status <> 'ended'
                   ORDER BY x.id LIMIT p_limit - v_all FOR NO KEY UPDATE SKIP LOCKED);
    GET DIAGNOSTICS v_moved = ROW_COUNT;
    v_all := v_all + v_moved;
  END LOOP;
  RETURN v_all;
END $$;
GRANT EXECUTE ON FUNCTION plan_follow_taxes(integer) TO lango_jobs;
