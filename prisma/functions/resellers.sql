-- Resellers: the accounts that their money lies in, what a sale earns them, and voucher stock.

-- The ledger account of a reseller: `float`, the wallet of their own customer record; `commission`, what they have earned and not been paid; or, of the company,
-- `commissions`, what sales have cost it, and `payouts`, what is on its way to resellers. Made at first use.
CREATE OR REPLACE FUNCTION reseller_account(p_reseller_id bigint, p_what text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reseller;
  v_code text;
  v_id bigint;
BEGIN
  SELECT * INTO r FROM reseller x WHERE x.id = p_reseller_id AND x.tenant_id = lango_tenant() AND coalesce(x.id = lango_reseller(), true);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'reseller % is not to be seen', p_reseller_id;
  END IF;
  IF p_what = 'float' THEN RETURN ledger_account_for('wallet', r.currency, r.subscriber_id); END IF;
  IF p_what NOT IN ('commission', 'commissions', 'payouts') THEN
    RAISE EXCEPTION 'a reseller has no account called %', p_what;
  END IF;
  v_code := CASE WHEN p_what = 'commission' THEN 'commission:' || r.id ELSE p_what END;
  SELECT a.id INTO v_id FROM ledger_account a WHERE a.tenant_id = r.tenant_id AND a.code = v_code AND a.currency = r.currency;
  IF v_id IS NULL THEN
    -- No floor: a refund after a payout leaves a debt that the next sales pay off.
    INSERT INTO ledger_account (tenant_id, code, name, kind, currency, reseller_id)
    VALUES (r.tenant_id, v_code, CASE p_what WHEN 'commission' THEN 'Commission' WHEN 'commissions' THEN 'Commissions' ELSE 'Payouts on their way' END,
            CASE p_what WHEN 'commissions' THEN 'expense' ELSE 'liability' END, r.currency, CASE WHEN p_what = 'commission' THEN r.id END)
    ON CONFLICT (tenant_id, code, currency) DO NOTHING RETURNING id INTO v_id;
    IF v_id IS NULL THEN
      SELECT a.id INTO STRICT v_id FROM ledger_account a WHERE a.tenant_id = r.tenant_id AND a.code = v_code AND a.currency = r.currency;
    END IF;
  END IF;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION reseller_account TO lango_web;

-- Sets how far the float may fall. False where it is lower than that already.
DROP FUNCTION IF EXISTS reseller_keep_limit(bigint);
CREATE OR REPLACE FUNCTION reseller_keep_limit(p_reseller_id bigint, p_limit_cents bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account bigint := reseller_account(p_reseller_id, 'float');
BEGIN
  IF lango_reseller() IS NOT NULL THEN
    RAISE EXCEPTION 'a limit is set by the company itself';
  END IF;
  PERFORM 1 FROM ledger_account a WHERE a.id = v_account FOR NO KEY UPDATE;
  UPDATE ledger_account a SET floor_cents = -p_limit_cents WHERE a.id = v_account AND a.balance_cents >= -p_limit_cents;
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION reseller_keep_limit TO lango_web;

-- The rule that a sale of a plan falls under, when the reseller has sold for p_month_cents before it in its month.
CREATE OR REPLACE FUNCTION reseller_rule_due(p_tenant bigint, p_reseller bigint, p_plan bigint, p_at timestamptz, p_month_cents bigint) RETURNS SETOF reseller_rule
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.* FROM reseller_rule r
  WHERE r.tenant_id = p_tenant AND p_tenant = lango_tenant() AND (r.reseller_id IS NULL OR r.reseller_id = p_reseller) AND (r.plan_id IS NULL OR r.plan_id = p_plan)
    AND r.valid_from <= p_at AND (r.valid_to IS NULL OR r.valid_to > p_at) AND r.from_month_cents <= p_month_cents
  ORDER BY r.reseller_id NULLS LAST, r.plan_id NULLS LAST, r.from_month_cents DESC, r.valid_from DESC, r.id DESC LIMIT 1
$$;

-- What a rule gives for a sale: percent are rounded to the nearest minor unit, half of one up; never more than the sale.
CREATE OR REPLACE FUNCTION reseller_commission_cents(p_percent_bp integer, p_amount_cents bigint, p_sale_cents bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT least(p_sale_cents, coalesce(p_amount_cents, (p_sale_cents * p_percent_bp + 5000) / 10000)) $$;

-- What the reseller has sold in the company's running month, less what was given back.
CREATE OR REPLACE FUNCTION reseller_month_cents(p_reseller_id bigint) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(sum(c.sale_cents - c.refunded_cents), 0)::bigint FROM tenant t JOIN reseller_commission c ON c.tenant_id = t.id
  WHERE t.id = lango_tenant() AND c.reseller_id = p_reseller_id AND coalesce(c.reseller_id = lango_reseller(), true)
    AND c.at >= date_trunc('month', lango_now() AT TIME ZONE t.timezone) AT TIME ZONE t.timezone
$$;

-- What a sale of a plan at that price would earn the reseller now.
CREATE OR REPLACE FUNCTION reseller_would_earn(p_reseller_id bigint, p_plan_id bigint, p_cents bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce((SELECT reseller_commission_cents(r.percent_bp, r.amount_cents, p_cents)
    FROM reseller x, reseller_rule_due(x.tenant_id, x.id, p_plan_id, lango_now(), reseller_month_cents(x.id)) r
    WHERE x.id = p_reseller_id AND x.tenant_id = lango_tenant() AND coalesce(x.id = lango_reseller(), true)), 0)
$$;
GRANT EXECUTE ON FUNCTION reseller_would_earn, reseller_month_cents TO lango_web;

-- Commission follows the books: whatever a customer of a reseller pays into sales earns, and whatever goes back out of sales takes back, in the same
-- transaction and whichever way it was booked. It runs at the end of it, so that its accounts are locked after all others, and nobody waits in a circle.
CREATE OR REPLACE FUNCTION reseller_of_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_debit ledger_account;
  v_credit ledger_account;
  v_subscriber bigint;
  v_subscription bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM ledger_account a WHERE a.id IN (NEW.debit_account_id, NEW.credit_account_id) AND a.code = 'sales') THEN RETURN NULL; END IF;
  SELECT * INTO STRICT v_debit FROM ledger_account a WHERE a.id = NEW.debit_account_id;
  SELECT * INTO STRICT v_credit FROM ledger_account a WHERE a.id = NEW.credit_account_id;
  v_subscriber := coalesce(v_debit.subscriber_id, v_credit.subscriber_id, (SELECT p.subscriber_id FROM payment p WHERE p.id = NEW.payment_id AND p.tenant_id = NEW.tenant_id));
  v_subscription := coalesce((SELECT p.subscription_id FROM payment p WHERE p.id = NEW.payment_id AND p.tenant_id = NEW.tenant_id),
                             substring(NEW.key FROM '^subscription:([0-9]{1,18}):')::bigint);
  IF v_credit.code = 'sales' THEN
    PERFORM reseller_earn(NEW, v_subscriber, v_subscription);
  ELSE
    PERFORM reseller_give_back(NEW, v_subscriber, v_subscription);
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS reseller_of_transfer ON ledger_transfer;
CREATE CONSTRAINT TRIGGER reseller_of_transfer AFTER INSERT ON ledger_transfer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reseller_of_transfer();

-- Granted to nobody, like reseller_give_back and reseller_post: the trigger's own.
CREATE OR REPLACE FUNCTION reseller_earn(t ledger_transfer, p_subscriber bigint, p_subscription bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  r reseller;
  v_plan bigint;
  v_tiers boolean;
  v_rule reseller_rule;
  v_cents bigint := 0;
BEGIN
  SELECT x.* INTO r FROM subscriber c JOIN reseller x ON x.id = c.reseller_id WHERE c.id = p_subscriber AND c.tenant_id = t.tenant_id;
  -- What resellers buy themselves is their stock, at its price.
  IF NOT FOUND OR r.subscriber_id = p_subscriber OR r.currency <> t.currency THEN RETURN; END IF;
  SELECT v.plan_id INTO v_plan FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id WHERE s.id = p_subscription AND s.tenant_id = t.tenant_id;
  v_tiers := EXISTS (SELECT FROM reseller_rule x WHERE x.tenant_id = t.tenant_id AND x.from_month_cents > 0);
  -- Two sales at once may not both be the one that reaches a tier.
  IF v_tiers THEN PERFORM 1 FROM reseller x WHERE x.id = r.id FOR NO KEY UPDATE; END IF;
  SELECT * INTO v_rule FROM reseller_rule_due(t.tenant_id, r.id, v_plan, lango_now(), CASE WHEN v_tiers THEN reseller_month_cents(r.id) ELSE 0 END);
  IF FOUND THEN v_cents := reseller_commission_cents(v_rule.percent_bp, v_rule.amount_cents, t.amount_cents); END IF;
  INSERT INTO reseller_commission (tenant_id, reseller_id, transfer_id, payment_id, subscriber_id, subscription_id, plan_id, rule_id, sale_cents, commission_cents)
  VALUES (t.tenant_id, r.id, t.id, t.payment_id, p_subscriber, CASE WHEN v_plan IS NOT NULL THEN p_subscription END, v_plan, v_rule.id, t.amount_cents, v_cents);
  PERFORM reseller_post(t, r, 'commission:' || t.id, v_cents);
END $$;

-- The newest sales that are not given back whole go first, that of the same payment before them. A sale that is given back in pieces ends with nothing left.
CREATE OR REPLACE FUNCTION reseller_give_back(t ledger_transfer, p_subscriber bigint, p_subscription bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  c reseller_commission;
  r reseller;
  v_left bigint := t.amount_cents;
  v_take bigint;
  v_reversed bigint;
BEGIN
  FOR c IN SELECT x.* FROM reseller_commission x
    WHERE x.tenant_id = t.tenant_id AND x.subscriber_id = p_subscriber AND (p_subscription IS NULL OR x.subscription_id = p_subscription) AND x.refunded_cents < x.sale_cents
    ORDER BY coalesce(x.payment_id = t.payment_id, false) DESC, x.id DESC FOR NO KEY UPDATE
  LOOP
    EXIT WHEN v_left = 0;
    v_take := least(v_left, c.sale_cents - c.refunded_cents);
    v_reversed := (2 * c.commission_cents * (c.refunded_cents + v_take) + c.sale_cents) / (2 * c.sale_cents);
    UPDATE reseller_commission x SET refunded_cents = x.refunded_cents + v_take, reversed_cents = v_reversed WHERE x.id = c.id;
    SELECT * INTO STRICT r FROM reseller x WHERE x.id = c.reseller_id;
    PERFORM reseller_post(t, r, format('commission:%s:back:%s', c.id, t.id), c.reversed_cents - v_reversed);
    v_left := v_left - v_take;
  END LOOP;
END $$;

-- Above zero earned, below zero taken back.
CREATE OR REPLACE FUNCTION reseller_post(t ledger_transfer, r reseller, p_key text, p_cents bigint) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  v_cost bigint;
  v_earned bigint;
BEGIN
  IF p_cents = 0 THEN RETURN; END IF;
  v_cost := reseller_account(r.id, 'commissions');
  v_earned := reseller_account(r.id, 'commission');
  PERFORM 1 FROM ledger_account a WHERE a.id IN (v_cost, v_earned) ORDER BY a.id FOR NO KEY UPDATE;
  PERFORM 1 FROM ledger_write(t.tenant_id, jsonb_build_array(jsonb_build_object(
    'key', p_key, 'debit', CASE WHEN p_cents > 0 THEN v_cost ELSE v_earned END, 'credit', CASE WHEN p_cents > 0 THEN v_earned ELSE v_cost END, 'amount_cents', abs(p_cents),
    'kind', CASE WHEN p_cents > 0 THEN 'commission' ELSE 'commission_back' END, 'payment_id', t.payment_id, 'event_at', t.event_at)));
END $$;

-- The next code of a stock that is not sold yet, and which of its sales this is: the caller charges it in the same transaction where it is paid for as it is sold.
CREATE OR REPLACE FUNCTION reseller_take_voucher(p_batch_id bigint) RETURNS TABLE (code text, sale_no bigint, wholesale_cents bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  b voucher_batch;
  v_code text;
BEGIN
  SELECT x.* INTO b FROM voucher_batch x WHERE x.id = p_batch_id AND x.tenant_id = lango_tenant() AND x.reseller_id IS NOT NULL AND coalesce(x.reseller_id = lango_reseller(), true)
  FOR NO KEY UPDATE;
  IF NOT FOUND OR NOT voucher_is_open(b.voided_at, b.valid_until) THEN RETURN; END IF;
  SELECT v.code INTO v_code FROM voucher v WHERE v.batch_id = b.id AND v.tenant_id = b.tenant_id AND v.sold_at IS NULL AND v.used_at IS NULL ORDER BY v.code LIMIT 1 FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE voucher v SET sold_at = lango_now() WHERE v.tenant_id = b.tenant_id AND v.code = v_code;
  RETURN QUERY SELECT v_code, (SELECT count(*) FROM voucher v WHERE v.batch_id = b.id AND v.sold_at IS NOT NULL), b.wholesale_cents;
END $$;
GRANT EXECUTE ON FUNCTION reseller_take_voucher TO lango_web;

-- Marks a printed code of the reseller's own stock as sold, once: it is then its buyer's, also when the rest is taken back. Only of stock that was paid for ahead; other codes
-- nobody has seen. Gives `done`, `sold`, `used`, `over` (void or past its last day) or `unknown`, which is also every code that is not theirs.
CREATE OR REPLACE FUNCTION reseller_mark_sold(p_typed text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v record;
BEGIN
  SELECT u.code, u.sold_at, u.used_at, voucher_is_open(b.voided_at, b.valid_until) AS open INTO v
  FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id AND b.tenant_id = u.tenant_id
  WHERE u.tenant_id = lango_tenant() AND u.code = voucher_code(p_typed) AND b.reseller_id = lango_reseller() AND b.charged = 'assignment'
  FOR NO KEY UPDATE OF b, u;
  IF v.code IS NULL THEN RETURN 'unknown'; END IF;
  IF v.used_at IS NOT NULL THEN RETURN 'used'; END IF;
  IF v.sold_at IS NOT NULL THEN RETURN 'sold'; END IF;
  IF NOT v.open THEN RETURN 'over'; END IF;
  UPDATE voucher u SET sold_at = lango_now() WHERE u.tenant_id = lango_tenant() AND u.code = v.code;
  RETURN 'done';
END $$;
GRANT EXECUTE ON FUNCTION reseller_mark_sold TO lango_web;

-- How the stock of a reseller stands, batch by batch. A code that is not sold yet is counted and not seen.
CREATE OR REPLACE FUNCTION reseller_stock(p_reseller_id bigint)
RETURNS TABLE (batch_id bigint, plan_id bigint, plan_name text, price_cents bigint, currency text, wholesale_cents bigint, charged text, assigned_at timestamptz, state text,
  count integer, sold bigint, used bigint, remaining bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT b.id, v.plan_id, p.name, v.price_cents, v.currency::text, b.wholesale_cents, b.charged, b.assigned_at,
         CASE WHEN b.voided_at IS NOT NULL THEN 'void' WHEN b.valid_until <= lango_now() THEN 'expired' WHEN u.remaining > 0 THEN 'open' ELSE 'sold' END,
         b.count, u.sold, u.used, u.remaining
  FROM voucher_batch b JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id,
       LATERAL (SELECT count(*) FILTER (WHERE x.sold_at IS NOT NULL) AS sold, count(*) FILTER (WHERE x.used_at IS NOT NULL) AS used,
                       count(*) FILTER (WHERE x.sold_at IS NULL AND x.used_at IS NULL) AS remaining FROM voucher x WHERE x.batch_id = b.id) u
  WHERE b.tenant_id = lango_tenant() AND b.reseller_id = p_reseller_id AND coalesce(b.reseller_id = lango_reseller(), true)
  ORDER BY b.id DESC LIMIT 500
$$;
GRANT EXECUTE ON FUNCTION reseller_stock TO lango_web;

-- Whether the company takes money by a provider; its settings and secrets are not for resellers.
CREATE OR REPLACE FUNCTION payment_is_set_up(p_provider text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM payment_provider k WHERE k.tenant_id = lango_tenant() AND k.provider = p_provider)
$$;
GRANT EXECUTE ON FUNCTION payment_is_set_up TO lango_web;

-- Whether a login of the company's is another subscription's, also one that a reseller does not see.
CREATE OR REPLACE FUNCTION subscription_name_taken(p_username text, p_except bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM subscription s WHERE s.tenant_id = lango_tenant() AND s.username = p_username AND s.id IS DISTINCT FROM p_except)
$$;
GRANT EXECUTE ON FUNCTION subscription_name_taken TO lango_web;
