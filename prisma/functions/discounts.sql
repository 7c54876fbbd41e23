-- Which discount a purchase gets. One a purchase, never several together: the one that leaves off most, and of equals the oldest.

-- What a discount leaves off a price, to the nearest cent and never more than all of it.
CREATE OR REPLACE FUNCTION discount_off(p_percent integer, p_amount_cents bigint, p_price_cents bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT least(p_price_cents, coalesce(p_amount_cents, (p_price_cents * p_percent + 50) / 100)) $$;
GRANT EXECUTE ON FUNCTION discount_off TO lango_web, lango_jobs;

-- The discount that a subscription gets if it buys this version now; no row where there is none. A promotion holds by itself, a coupon where it was
-- claimed. is_limited: uses or purchases are counted, so whoever takes it must ask again under the lock that control-plane/discounts/price.ts takes.
CREATE OR REPLACE FUNCTION discount_due(p_subscription_id bigint, p_plan_version_id bigint)
RETURNS TABLE (discount_id bigint, name text, list_cents bigint, off_cents bigint, is_limited boolean) LANGUAGE sql STABLE AS $$
  SELECT d.id, d.name, v.price_cents, discount_off(d.percent, d.amount_cents, v.price_cents), d.uses_max IS NOT NULL OR d.uses_per_subscriber_max IS NOT NULL OR d.first_purchase_only
  FROM subscription s
  JOIN plan_version v ON v.id = p_plan_version_id AND v.tenant_id = s.tenant_id
  JOIN discount d ON d.tenant_id = s.tenant_id
  WHERE s.id = p_subscription_id AND d.archived_at IS NULL
    AND coalesce(d.starts_at <= lango_now(), true) AND coalesce(d.ends_at > lango_now(), true)
    AND coalesce(d.currency = v.currency, true)
    AND discount_off(d.percent, d.amount_cents, v.price_cents) > 0
    AND (NOT EXISTS (SELECT FROM discount_plan p WHERE p.discount_id = d.id) OR EXISTS (SELECT FROM discount_plan p WHERE p.discount_id = d.id AND p.plan_id = v.plan_id))
    AND (d.code IS NULL OR EXISTS (SELECT FROM discount_claim c WHERE c.subscription_id = s.id AND c.discount_id = d.id))
    AND (d.uses_max IS NULL OR (SELECT count(*) FROM discount_use u WHERE u.discount_id = d.id) < d.uses_max)
    AND (d.uses_per_subscriber_max IS NULL
         OR (SELECT count(*) FROM discount_use u WHERE u.discount_id = d.id AND u.subscriber_id = s.subscriber_id) < d.uses_per_subscriber_max)
    AND (NOT d.first_purchase_only OR NOT EXISTS (SELECT FROM subscription o WHERE o.subscriber_id = s.subscriber_id AND o.cycle_no > 0))
  ORDER BY 4 DESC, d.id LIMIT 1
$$;
GRANT EXECUTE ON FUNCTION discount_due TO lango_web, lango_jobs;

-- Writes down that purchases got their discounts.
CREATE OR REPLACE FUNCTION discount_record_uses(p_uses jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF jsonb_array_length(p_uses) = 0 THEN RETURN; END IF;
  INSERT INTO discount_use (tenant_id, discount_id, subscriber_id, subscription_id, cycle_no, list_cents, off_cents, currency)
  SELECT lango_tenant(), x.* FROM jsonb_to_recordset(p_uses)
    AS x (discount_id bigint, subscriber_id bigint, subscription_id bigint, cycle_no integer, list_cents bigint, off_cents bigint, currency text);
END $$;
GRANT EXECUTE ON FUNCTION discount_record_uses TO lango_web;
