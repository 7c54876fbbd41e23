-- Who tries in vain, as the logs of answers tell: per router and name, and per router and device. A row is forgotten after a quarter of an hour
-- without a wrong try. Nothing of what was typed as a password is ever here.
CREATE TABLE access_guess (
  tenant_id bigint NOT NULL,
  nas_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('name', 'device')),
  key text NOT NULL,
  -- Of a name: wrong tries; of a device: different names that it tried.
  tries integer NOT NULL,
  last_name text,
  last_at timestamptz NOT NULL,
  -- Until then nothing is tried for this name or device from this router; NULL while there were few tries.
  wait_until timestamptz,
  PRIMARY KEY (nas_id, kind, key)
) WITH (fillfactor = 80);
CREATE INDEX ON access_guess (last_at);
CREATE INDEX ON access_guess (tenant_id, kind, key);
CREATE INDEX access_guess_waiting ON access_guess (nas_id, last_at) WHERE wait_until IS NOT NULL;
SELECT platform_protect_table('access_guess');
GRANT SELECT ON access_guess TO lango_web, lango_jobs;
