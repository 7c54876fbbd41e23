-- Speeds that several plans share. A version of a plan keeps the speeds themselves: what is sold does not change under a customer when a profile does.
CREATE TABLE plan_profile (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  down_kbps bigint NOT NULL CHECK (down_kbps BETWEEN 1 AND 100000000),
  up_kbps bigint NOT NULL CHECK (up_kbps BETWEEN 1 AND 100000000),
  burst_down_kbps bigint CHECK (burst_down_kbps >= down_kbps),
  burst_up_kbps bigint CHECK (burst_up_kbps >= up_kbps),
  burst_threshold_down_kbps bigint CHECK (burst_threshold_down_kbps > 0),
  burst_threshold_up_kbps bigint CHECK (burst_threshold_up_kbps > 0),
  burst_time_s integer CHECK (burst_time_s BETWEEN 1 AND 3600),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  -- Counts the changes, so that two who edit at once notice.
  version integer NOT NULL DEFAULT 1,
  archived_at timestamptz,
  CHECK ((burst_down_kbps IS NULL) = (burst_up_kbps IS NULL))
);
CREATE UNIQUE INDEX plan_profile_name ON plan_profile (tenant_id, lower(name)) WHERE archived_at IS NULL;
SELECT platform_protect_table('plan_profile');
GRANT SELECT, INSERT, UPDATE ON plan_profile TO lango_web;

ALTER TABLE plan_version
  -- The profile that the speeds were taken from when the version was made.
  ADD COLUMN profile_id bigint REFERENCES plan_profile,
  -- Who begins such a plan stays for so many months, or pays the fee when they end it before.
  ADD COLUMN contract_months integer CHECK (contract_months BETWEEN 1 AND 120),
  ADD COLUMN contract_fee_cents bigint CHECK (contract_fee_cents >= 0),
  ADD CHECK (contract_fee_cents IS NULL OR contract_months IS NOT NULL);
CREATE INDEX ON plan_version (profile_id) WHERE profile_id IS NOT NULL;
SELECT platform_keep_reference('plan_version', 'profile_id', 'plan_profile');
