-- What a purchase does to subscriptions, all of them at once and in one way to the database. With the caller's rights: a company sees its own.

-- Locks subscriptions until the transaction ends, in the order of their ids, and tells what the row holds. NO KEY UPDATE: accounting, which refers to them,
-- must not wait for a payment. What is left of a period that is over is counted before anything is added to it.
CREATE OR REPLACE FUNCTION subscription_hold(p_ids bigint[]) RETURNS TABLE (id bigint, postpaid_from timestamptz, timezone text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_held bigint[];
  v_over bigint[];
BEGIN
  SELECT array_agg(h.id), array_agg(h.id) FILTER (WHERE h.period_over) INTO v_held, v_over
  FROM (SELECT s.id, s.cycle_ends_at <= lango_now() AS period_over FROM subscription s WHERE s.id = ANY (p_ids) ORDER BY s.id FOR NO KEY UPDATE OF s) h;
  IF v_over IS NOT NULL THEN
    PERFORM subscription_turn_cycle(o) FROM unnest(v_over) AS o;
  END IF;
  RETURN QUERY SELECT s.id, s.postpaid_from, t.timezone FROM unnest(v_held) AS h (id) CROSS JOIN LATERAL (SELECT * FROM subscription x WHERE x.id = ANY (ARRAY[h.id]) OFFSET 0) s JOIN tenant t ON t.id = s.tenant_id;
END $$;
GRANT EXECUTE ON FUNCTION subscription_hold TO lango_web;

-- Closes the usage of the running cycles and opens that of the next ones.
CREATE OR REPLACE FUNCTION subscription_turn_usage(p_ids bigint[], p_cycle_nos integer[], p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH sub AS (SELECT * FROM unnest(p_ids, p_cycle_nos) AS x (id, cycle_no)),
  over AS (UPDATE usage_cycle u SET ended_at = p_now FROM sub WHERE u.subscription_id = ANY (ARRAY[sub.id]) AND u.cycle_no = sub.cycle_no AND u.ended_at IS NULL)
  INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at) SELECT sub.id, sub.cycle_no + 1, lango_tenant(), p_now FROM sub
  ON CONFLICT (subscription_id, cycle_no) DO NOTHING;
END $$;
GRANT EXECUTE ON FUNCTION subscription_turn_usage TO lango_web;

-- What purchases make of subscriptions.
CREATE OR REPLACE FUNCTION subscription_write_cycles(p_cycles jsonb, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE subscription s SET starts_at = x.starts_at, expires_at = x.expires_at, quota_bytes = x.quota_bytes, topup_bytes = x.topup_bytes,
    unused_validities = coalesce(x.unused_validities, s.unused_validities), cycle_no = x.cycle_no, status = 'active', plan_version_id = x.plan_version_id,
    next_plan_version_id = NULL, contract_ends_at = coalesce(x.contract_ends_at, s.contract_ends_at),
    contract_fee_cents = coalesce(x.contract_fee_cents, s.contract_fee_cents),
    paid_cents = x.paid_cents + CASE WHEN x.adds THEN s.paid_cents ELSE 0 END, updated_at = p_now, version = s.version + 1
  FROM jsonb_to_recordset(p_cycles) AS x (id bigint, starts_at timestamptz, expires_at timestamptz, quota_bytes bigint, topup_bytes bigint,
    unused_validities integer, cycle_no integer, plan_version_id bigint, contract_ends_at timestamptz, contract_fee_cents bigint, paid_cents bigint, adds boolean)
  WHERE s.id = ANY (ARRAY[x.id]);
END $$;

-- Everything that purchases do but the money, which is taken already: cycles turn, discounts are used, invoices are issued, the audit is written and the
-- network made to agree. The caller holds the subscriptions; p_cycles: as they become. Tells how many sessions the network hears of; who has none is left out.
CREATE OR REPLACE FUNCTION subscription_settle_purchases(p_cycles jsonb, p_uses jsonb, p_sales jsonb, p_audits jsonb, p_now timestamptz)
RETURNS TABLE (subscription_id bigint, sessions integer) LANGUAGE plpgsql AS $$
DECLARE v_ids bigint[]; v_before integer[];
BEGIN
  SELECT array_agg(x.id), array_agg(x.cycle_no - 1) INTO v_ids, v_before FROM jsonb_to_recordset(p_cycles) AS x (id bigint, cycle_no integer);
  PERFORM subscription_turn_usage(v_ids, v_before, p_now);
  PERFORM discount_record_uses(p_uses);
  PERFORM invoice_issue_many(p_sales);
  PERFORM subscription_write_cycles(p_cycles, p_now);
  PERFORM audit_record(lango_tenant(), p_audits);
  RETURN QUERY SELECT e.* FROM enforce_and_count(v_ids, 'payment') e;
END $$;
GRANT EXECUTE ON FUNCTION subscription_write_cycles, subscription_settle_purchases TO lango_web;
