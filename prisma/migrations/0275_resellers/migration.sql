-- Resellers: people of the company who sell for it. Their float is the wallet of a customer record of their own, so that money reaches it in every way
-- that it reaches any customer; what they earn lies in an account of its own until it is paid out.

-- A transaction of a reseller's staff works as lango_reseller: all that the web role may do, on the rows that platform_open_to_reseller names. It is reached
-- through a door that inherits nothing, so that what binds a reseller does not bind everybody who may become one.
DO $$
BEGIN
  CREATE ROLE lango_reseller NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
  CREATE ROLE lango_reseller_door NOLOGIN NOINHERIT;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
  GRANT lango_web TO lango_reseller;
  GRANT lango_reseller TO lango_reseller_door;
EXCEPTION WHEN unique_violation THEN NULL;
END $$;

-- The reseller whose staff this transaction works for: NULL, the company's own; 0, somebody with a reseller's role and no reseller, who sees nobody.
CREATE FUNCTION lango_reseller() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('lango.reseller', true), '')::bigint $$;
-- Who of the reseller's staff it is.
CREATE FUNCTION lango_staff() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('lango.staff', true), '')::bigint $$;
GRANT EXECUTE ON FUNCTION lango_reseller(), lango_staff() TO lango_web, lango_jobs, lango_accounting, lango_enforcer, lango_radius;

-- Which rows of a table a reseller's staff see and write, beside what binds the company. A table that is not named here shows them nothing.
CREATE FUNCTION platform_open_to_reseller(tbl regclass, condition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DROP POLICY IF EXISTS of_reseller ON %s', tbl);
  EXECUTE format('CREATE POLICY of_reseller ON %s AS RESTRICTIVE TO lango_reseller USING (%s) WITH CHECK (%s)', tbl, condition, condition);
END $$;
COMMENT ON FUNCTION platform_open_to_reseller IS 'Rows of a protected table that a reseller sees. Without a call for it the table is closed to resellers.';

CREATE OR REPLACE FUNCTION platform_protect_table(tbl regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tbl);
  EXECUTE format('DROP POLICY IF EXISTS of_tenant ON %s', tbl);
  EXECUTE format('CREATE POLICY of_tenant ON %s TO lango_web USING (tenant_id = lango_tenant()) WITH CHECK (tenant_id = lango_tenant())', tbl);
  EXECUTE format('DROP POLICY IF EXISTS of_part ON %s', tbl);
  EXECUTE format('CREATE POLICY of_part ON %s TO lango_jobs, lango_accounting, lango_enforcer USING (true) WITH CHECK (true)', tbl);
  PERFORM platform_open_to_reseller(tbl, 'false');
END $$;

SELECT platform_open_to_reseller(c.oid, 'false')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'staff_role';

CREATE TABLE reseller (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- Their own customer record: its wallet is the float.
  subscriber_id bigint NOT NULL UNIQUE REFERENCES subscriber,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  -- Where top-ups are prompted and commission is paid out.
  phone text NOT NULL,
  currency char(3) NOT NULL,
  -- How far the float may go below nothing.
  credit_limit_cents bigint NOT NULL DEFAULT 0 CHECK (credit_limit_cents BETWEEN 0 AND 1000000000000),
  suspended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX reseller_of_company ON reseller (tenant_id, id DESC);

ALTER TABLE staff ADD COLUMN reseller_id bigint REFERENCES reseller;
CREATE INDEX staff_of_reseller ON staff (reseller_id) WHERE reseller_id IS NOT NULL;
-- Whom a reseller takes in is theirs.
ALTER TABLE subscriber ADD COLUMN reseller_id bigint REFERENCES reseller;
ALTER TABLE subscriber ALTER COLUMN reseller_id SET DEFAULT lango_reseller();
CREATE INDEX subscriber_of_reseller ON subscriber (reseller_id, id DESC) WHERE reseller_id IS NOT NULL;
ALTER TABLE ledger_account ADD COLUMN reseller_id bigint REFERENCES reseller;
CREATE INDEX ledger_account_of_reseller ON ledger_account (reseller_id) WHERE reseller_id IS NOT NULL;

-- Voucher stock: charged for when it is handed out, or code by code as it is sold; then a code is seen by nobody until it is sold.
ALTER TABLE voucher_batch
  ADD COLUMN reseller_id bigint REFERENCES reseller,
  ADD COLUMN wholesale_cents bigint CHECK (wholesale_cents >= 0),
  ADD COLUMN charged text CHECK (charged IN ('assignment', 'sale')),
  ADD COLUMN assigned_at timestamptz,
  ADD CHECK ((reseller_id IS NULL) = (wholesale_cents IS NULL) AND (reseller_id IS NULL) = (charged IS NULL) AND (reseller_id IS NULL) = (assigned_at IS NULL));
CREATE INDEX voucher_batch_of_reseller ON voucher_batch (reseller_id, id DESC) WHERE reseller_id IS NOT NULL;
ALTER TABLE voucher ADD COLUMN sold_at timestamptz;
CREATE INDEX voucher_sold ON voucher (batch_id, sold_at) WHERE sold_at IS NOT NULL;

-- What a sale earns. Of the rules that fit, the one for this reseller goes before one for all, then the one for this plan, then the highest tier that the
-- month's sales have reached, then the newest. A rule never changes: it ends, and another begins.
CREATE TABLE reseller_rule (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  reseller_id bigint REFERENCES reseller,
  plan_id bigint REFERENCES plan,
  -- Hundredths of a percent of what was paid, or an amount a sale.
  percent_bp integer CHECK (percent_bp BETWEEN 0 AND 10000),
  amount_cents bigint CHECK (amount_cents BETWEEN 0 AND 1000000000000),
  from_month_cents bigint NOT NULL DEFAULT 0 CHECK (from_month_cents >= 0),
  valid_from timestamptz NOT NULL,
  valid_to timestamptz CHECK (valid_to >= valid_from),
  created_by bigint REFERENCES staff,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  CHECK ((percent_bp IS NULL) <> (amount_cents IS NULL))
);
CREATE INDEX reseller_rule_of_company ON reseller_rule (tenant_id, valid_from DESC);

-- One row for each sale to a reseller's customer, also where it earned nothing. What is given back is counted in the row of the sale.
CREATE TABLE reseller_commission (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  reseller_id bigint NOT NULL REFERENCES reseller,
  transfer_id bigint NOT NULL UNIQUE REFERENCES ledger_transfer,
  payment_id bigint,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  subscription_id bigint REFERENCES subscription,
  plan_id bigint REFERENCES plan,
  rule_id bigint REFERENCES reseller_rule,
  sale_cents bigint NOT NULL CHECK (sale_cents > 0),
  commission_cents bigint NOT NULL CHECK (commission_cents BETWEEN 0 AND sale_cents),
  refunded_cents bigint NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND sale_cents),
  reversed_cents bigint NOT NULL DEFAULT 0 CHECK (reversed_cents BETWEEN 0 AND commission_cents),
  at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE INDEX reseller_commission_of ON reseller_commission (reseller_id, at DESC);
CREATE INDEX reseller_commission_of_subscriber ON reseller_commission (subscriber_id, id DESC);

SELECT platform_protect_table(t) FROM unnest(ARRAY['reseller', 'reseller_rule', 'reseller_commission']::regclass[]) t;
SELECT platform_keep_reference('reseller', 'subscriber_id', 'subscriber'), platform_keep_reference('staff', 'reseller_id', 'reseller'),
       platform_keep_reference('subscriber', 'reseller_id', 'reseller'), platform_keep_reference('voucher_batch', 'reseller_id', 'reseller'),
       platform_keep_reference('reseller_rule', 'reseller_id', 'reseller'), platform_keep_reference('reseller_rule', 'plan_id', 'plan'),
       platform_keep_reference('reseller_rule', 'created_by', 'staff');
GRANT SELECT, INSERT ON reseller, reseller_rule TO lango_web;
GRANT UPDATE (name, phone, credit_limit_cents, suspended_at, version) ON reseller TO lango_web;
GRANT UPDATE (valid_to) ON reseller_rule TO lango_web;
GRANT SELECT ON reseller_commission TO lango_web;
GRANT UPDATE (reseller_id, wholesale_cents, charged, assigned_at) ON voucher_batch TO lango_web;

-- What a reseller sees: themselves, their customers, and all that hangs on these; the company's plans and prices; what they did themselves.
SELECT platform_open_to_reseller(t, 'true') FROM unnest(ARRAY['plan', 'plan_version', 'plan_profile', 'discount', 'discount_plan', 'platform_idempotency']::regclass[]) t;
SELECT platform_open_to_reseller('reseller', 'id = lango_reseller()'),
       platform_open_to_reseller('reseller_commission', 'reseller_id = lango_reseller()'),
       platform_open_to_reseller('reseller_rule', 'reseller_id = lango_reseller() OR reseller_id IS NULL AND lango_reseller() > 0'),
       platform_open_to_reseller('staff', 'id = lango_staff() OR reseller_id = lango_reseller()'),
       platform_open_to_reseller('subscriber', 'reseller_id = lango_reseller()'),
       platform_open_to_reseller('voucher_batch', 'reseller_id = lango_reseller()'),
       platform_open_to_reseller('voucher', 'EXISTS (SELECT FROM voucher_batch b WHERE b.id = batch_id AND (b.charged = ''assignment'' OR sold_at IS NOT NULL))'),
       platform_open_to_reseller('ledger_account', 'reseller_id = lango_reseller() OR EXISTS (SELECT FROM subscriber c WHERE c.id = subscriber_id)'),
       platform_open_to_reseller('ledger_entry', 'EXISTS (SELECT FROM ledger_account a WHERE a.id = account_id)'),
       platform_open_to_reseller('ledger_transfer', 'EXISTS (SELECT FROM ledger_account a WHERE a.id IN (debit_account_id, credit_account_id))'),
       platform_open_to_reseller('payment_step', 'EXISTS (SELECT FROM payment p WHERE p.id = payment_id)'),
       platform_open_to_reseller('invoice_line', 'EXISTS (SELECT FROM invoice i WHERE i.id = invoice_id)'),
       platform_open_to_reseller('audit_event', 'actor_kind = ''staff'' AND EXISTS (SELECT FROM staff s WHERE s.id = actor_id)');
SELECT platform_open_to_reseller(t, 'EXISTS (SELECT FROM subscriber c WHERE c.id = subscriber_id)')
FROM unnest(ARRAY['subscription', 'payment', 'invoice', 'invoice_buyer', 'subscriber_note', 'message']::regclass[]) t;
SELECT platform_open_to_reseller(t, 'EXISTS (SELECT FROM subscription x WHERE x.id = subscription_id)')
FROM unnest(ARRAY['usage_cycle', 'usage_hour', 'session_live', 'session_closed', 'enforcement', 'discount_use', 'discount_claim']::regclass[]) t;
SELECT platform_open_to_reseller(t, 'staff_id = lango_staff()')
FROM unnest(ARRAY['table_choice', 'table_view', 'staff_session', 'staff_token', 'staff_security', 'staff_recovery_code', 'staff_passkey', 'staff_identity', 'staff_step']::regclass[]) t;

ALTER TABLE payment DROP CONSTRAINT payment_method_check;
ALTER TABLE payment ADD CONSTRAINT payment_method_check CHECK (method IN ('cash', 'bank', 'cheque', 'mpesa', 'familybank', 'stripe', 'wallet', 'float'));

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('resellers.read', 'isp_admin sales finance'), ('resellers.write', 'isp_admin'), ('resellers.float', 'isp_admin finance'),
  ('resellers.sell', 'isp_admin reseller'),
  ('subscribers.read', 'reseller'), ('subscriptions.read', 'reseller'), ('payments.read', 'reseller'), ('vouchers.read', 'reseller')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin' AND p.permission LIKE 'resellers.%'
WHERE r.tenant_id IS NULL ON CONFLICT DO NOTHING;
