-- The hour that runs stands in the row of its cycle, which every report of a session changes anyway; usage_hour has the hours that are over
-- (docs/decisions/0043). left_* hold, within one statement, what that statement has to put into usage_hour: RETURNING cannot see the old row.
ALTER TABLE usage_cycle
  ADD COLUMN hour timestamptz,
  ADD COLUMN hour_input_bytes bigint NOT NULL DEFAULT 0,
  ADD COLUMN hour_output_bytes bigint NOT NULL DEFAULT 0,
  ADD COLUMN hour_seconds bigint NOT NULL DEFAULT 0,
  ADD COLUMN left_hour timestamptz,
  ADD COLUMN left_input_bytes bigint,
  ADD COLUMN left_output_bytes bigint,
  ADD COLUMN left_seconds bigint;

-- Usage by hour, over and running. An hour has up to one row more for each cycle that it saw: readers add them up.
CREATE VIEW usage_hour_all WITH (security_invoker = true) AS
  SELECT subscription_id, hour, tenant_id, input_bytes, output_bytes, seconds FROM usage_hour
  UNION ALL
  SELECT subscription_id, hour, tenant_id, hour_input_bytes, hour_output_bytes, hour_seconds FROM usage_cycle WHERE hour IS NOT NULL;
GRANT SELECT ON usage_hour_all TO lango_web, lango_jobs;
