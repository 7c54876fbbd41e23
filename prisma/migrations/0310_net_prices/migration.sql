-- A price may be stated without taxes. price_cents stays what the customer pays; where net_cents is set it is net_cents and the taxes of the day on which the
-- version was made. When taxes change, a version with the new price takes its place (prisma/functions/plan-taxes.sql).
ALTER TABLE plan_version
  ADD COLUMN net_cents bigint CHECK (net_cents BETWEEN 0 AND price_cents),
  -- The version whose terms this one has, at other taxes.
  ADD COLUMN follows_id bigint REFERENCES plan_version;
CREATE INDEX plan_version_net ON plan_version (tenant_id, plan_id) WHERE net_cents IS NOT NULL;
CREATE INDEX plan_version_follows ON plan_version (follows_id) WHERE follows_id IS NOT NULL;
-- The web role never writes it: a policy that looked into its own table would go in circles.
CREATE POLICY own_follows_id ON plan_version AS RESTRICTIVE TO lango_web USING (true) WITH CHECK (follows_id IS NULL);
