-- Codes that are sold before anybody is known: each becomes a subscription when it is first used, with the code as its username. Until then it is
-- this row alone, so that a company can have millions of them.
CREATE TABLE voucher_batch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  plan_version_id bigint NOT NULL REFERENCES plan_version,
  count integer NOT NULL CHECK (count BETWEEN 1 AND 100000),
  code_length integer NOT NULL CHECK (code_length BETWEEN 4 AND 24),
  prefix text NOT NULL DEFAULT '' CHECK (prefix ~ '^[A-Z0-9]{0,12}$'),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  -- From then on no code of it that was not yet used lets anybody in.
  voided_at timestamptz
);
CREATE INDEX ON voucher_batch (tenant_id, id DESC);

CREATE TABLE voucher (
  tenant_id bigint NOT NULL REFERENCES tenant,
  code text NOT NULL CHECK (code ~ '^[A-Z0-9]{4,36}$'),
  batch_id bigint NOT NULL REFERENCES voucher_batch,
  subscription_id bigint REFERENCES subscription ON DELETE SET NULL,
  used_at timestamptz,
  PRIMARY KEY (tenant_id, code)
);
CREATE INDEX ON voucher (batch_id, code);
CREATE INDEX voucher_used ON voucher (batch_id) WHERE used_at IS NOT NULL;
CREATE INDEX ON voucher (subscription_id) WHERE subscription_id IS NOT NULL;

SELECT platform_protect_table('voucher_batch'), platform_protect_table('voucher');
SELECT platform_keep_reference('voucher_batch', 'plan_version_id', 'plan_version'), platform_keep_reference('voucher', 'batch_id', 'voucher_batch');
GRANT SELECT, INSERT ON voucher_batch TO lango_web;
GRANT UPDATE (voided_at) ON voucher_batch TO lango_web;
GRANT SELECT ON voucher TO lango_web;
GRANT INSERT (tenant_id, code, batch_id) ON voucher TO lango_web;

-- Whoever buys a voucher over the counter is nobody we know: their subscriptions belong to one house account of the company. E.164 gives no
-- country the code 999, so its number reaches nobody.
ALTER TABLE subscriber ADD COLUMN is_guests boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX subscriber_guests ON subscriber (tenant_id) WHERE is_guests AND deleted_at IS NULL;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('vouchers.read', 'isp_admin support sales finance'), ('vouchers.write', 'isp_admin sales')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
