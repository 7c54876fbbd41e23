-- Subscriptions of all companies that renew themselves now: a little before their end, so that nobody is cut, and for a day after it. Only those whose
-- wallet holds the price of what their next purchase buys; the purchase itself looks again, under locks.
-- Early by a tenth of the validity, 30 s to 10 min: days and data that were left are kept by an early purchase.
CREATE OR REPLACE FUNCTION subscription_auto_renew_due() RETURNS TABLE (tenant_id bigint, id bigint, cycle_no integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.tenant_id, s.id, s.cycle_no
  FROM subscription s
  JOIN plan_version v ON v.id = coalesce(s.next_plan_version_id, s.plan_version_id)
  LEFT JOIN ledger_account a ON a.tenant_id = s.tenant_id AND a.code = 'wallet:' || s.subscriber_id AND a.currency = v.currency
  WHERE s.auto_renew AND s.status = 'active' AND s.unused_validities = 0
    AND s.expires_at > lango_now() - interval '1 day' AND s.expires_at <= lango_now() + interval '10 minutes'
    AND s.expires_at <= lango_now() + make_interval(secs => greatest(30, 0.1 * v.validity_count * CASE v.validity_unit
      WHEN 'second' THEN 1 WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600 WHEN 'day' THEN 86400 WHEN 'week' THEN 604800 ELSE 2592000 END))
    AND coalesce(a.balance_cents, 0) >= v.price_cents - coalesce((SELECT d.off_cents FROM discount_due(s.id, v.id) d), 0)
$$;
COMMENT ON FUNCTION subscription_auto_renew_due IS 'Which subscriptions buy their next validity from the wallet now; asked by the jobs role, which sees no ledger.';
GRANT EXECUTE ON FUNCTION subscription_auto_renew_due TO lango_jobs;
