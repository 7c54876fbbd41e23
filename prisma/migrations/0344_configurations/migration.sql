-- What is configured on routers, as their /export says it, kept whenever it has changed.
CREATE TABLE configuration (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  taken_at timestamptz NOT NULL DEFAULT lango_now(),
  -- The last time that it was found unchanged.
  seen_at timestamptz NOT NULL DEFAULT lango_now(),
  version text NOT NULL,
  -- Without secrets, and without the lines that change by themselves (date, serial number).
  words text NOT NULL CHECK (octet_length(words) <= 4000000),
  lines integer NOT NULL,
  added integer NOT NULL,
  removed integer NOT NULL,
  -- Menus that an old router could not hand over.
  missing text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX ON configuration (nas_id, id);
CREATE INDEX ON configuration (tenant_id);
-- How the last try went, for routers that cannot be read.
CREATE TABLE configuration_try (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  at timestamptz NOT NULL DEFAULT lango_now(),
  fault text
);
SELECT platform_protect_table('configuration'), platform_protect_table('configuration_try');
SELECT platform_keep_reference('configuration', 'nas_id', 'nas'), platform_keep_reference('configuration_try', 'nas_id', 'nas');
GRANT SELECT, INSERT, UPDATE ON configuration, configuration_try TO lango_web;
GRANT SELECT ON configuration, configuration_try TO lango_jobs;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('configurations.read', 'isp_admin technician'), ('configurations.write', 'isp_admin technician')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
