-- Less than the price of a plan: for everybody in its window (a promotion, without a code), or for those who bring its code (a coupon).
CREATE TABLE discount (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  code text CHECK (code ~ '^[A-Z0-9]{3,24}$'),
  percent integer CHECK (percent BETWEEN 1 AND 100),
  amount_cents bigint CHECK (amount_cents > 0),
  currency char(3),
  starts_at timestamptz,
  ends_at timestamptz,
  uses_max integer CHECK (uses_max > 0),
  uses_per_subscriber_max integer CHECK (uses_per_subscriber_max > 0),
  first_purchase_only boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  -- Counts the changes, so that two who edit at once notice.
  version integer NOT NULL DEFAULT 1,
  archived_at timestamptz,
  CHECK ((percent IS NULL) <> (amount_cents IS NULL)),
  CHECK ((amount_cents IS NULL) = (currency IS NULL)),
  CHECK (ends_at > starts_at)
);
CREATE UNIQUE INDEX discount_code ON discount (tenant_id, code) WHERE archived_at IS NULL;
CREATE INDEX ON discount (tenant_id, id DESC);

-- The plans that it holds for; none means all.
CREATE TABLE discount_plan (
  discount_id bigint NOT NULL REFERENCES discount,
  plan_id bigint NOT NULL REFERENCES plan,
  tenant_id bigint NOT NULL,
  PRIMARY KEY (discount_id, plan_id)
);

-- Coupons that a subscription was given: they count for its next purchases while their limits allow it.
CREATE TABLE discount_claim (
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  discount_id bigint NOT NULL REFERENCES discount,
  tenant_id bigint NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT lango_now(),
  PRIMARY KEY (subscription_id, discount_id)
);

-- One row for each purchase that was cheaper: what it would have cost, and what was left off. The ledger holds what was paid.
CREATE TABLE discount_use (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  discount_id bigint NOT NULL REFERENCES discount,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  -- The cycle that the purchase began: one discount a purchase.
  cycle_no integer NOT NULL,
  list_cents bigint NOT NULL,
  off_cents bigint NOT NULL CHECK (off_cents BETWEEN 1 AND list_cents),
  currency char(3) NOT NULL,
  used_at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (subscription_id, cycle_no)
);
CREATE INDEX ON discount_use (discount_id, subscriber_id);
CREATE INDEX ON discount_use (tenant_id, used_at DESC);

SELECT platform_protect_table('discount'), platform_protect_table('discount_plan'), platform_protect_table('discount_claim'), platform_protect_table('discount_use');
SELECT platform_keep_reference('discount_plan', 'discount_id', 'discount'), platform_keep_reference('discount_plan', 'plan_id', 'plan'),
       platform_keep_reference('discount_claim', 'discount_id', 'discount'), platform_keep_reference('discount_claim', 'subscription_id', 'subscription'),
       platform_keep_reference('discount_use', 'discount_id', 'discount'), platform_keep_reference('discount_use', 'subscriber_id', 'subscriber'),
       platform_keep_reference('discount_use', 'subscription_id', 'subscription');
GRANT SELECT, INSERT, UPDATE ON discount TO lango_web;
GRANT SELECT, INSERT, DELETE ON discount_plan, discount_claim TO lango_web;
GRANT SELECT, INSERT ON discount_use TO lango_web;

-- Written out in prisma/functions/discounts.sql; here so that functions before it in the alphabet can name it.
CREATE FUNCTION discount_due(p_subscription_id bigint, p_plan_version_id bigint)
RETURNS TABLE (discount_id bigint, name text, list_cents bigint, off_cents bigint, is_limited boolean) LANGUAGE sql STABLE AS
$$ SELECT NULL::bigint, NULL::text, NULL::bigint, NULL::bigint, NULL::boolean WHERE false $$;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('discounts.read', 'isp_admin support sales finance'), ('discounts.write', 'isp_admin'), ('discounts.claim', 'isp_admin support sales')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
