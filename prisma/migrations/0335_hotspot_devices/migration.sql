-- Devices that a service bought at a hotspot may be used from. The router may try them by their address; which of several services of one device is
-- meant is settled at the moment of the login.
CREATE TABLE hotspot_device (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  mac text NOT NULL CHECK (mac ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$'),
  bound_at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (subscription_id, mac)
);
CREATE INDEX hotspot_device_mac ON hotspot_device (tenant_id, mac);
SELECT platform_protect_table('hotspot_device');
SELECT platform_keep_reference('hotspot_device', 'subscription_id', 'subscription');
GRANT SELECT ON hotspot_device TO lango_web, lango_jobs;

-- Two devices of one service may wait to be let in at once.
DROP INDEX enforcement_login_open;
CREATE UNIQUE INDEX enforcement_login_open ON enforcement (subscription_id, (params->>'mac')) WHERE state = 'open' AND kind = 'login';
