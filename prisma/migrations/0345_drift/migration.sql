-- What on routers goes past billing: found by asking them, kept until it is gone.
CREATE TABLE drift_finding (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  kind text NOT NULL,
  -- What it is of: a local login, a MAC, the name of a rule.
  subject text NOT NULL DEFAULT '',
  detail text NOT NULL DEFAULT '',
  -- The commands that would mend it, one a line, as they are shown before they are sent.
  plan jsonb NOT NULL DEFAULT '[]',
  found_at timestamptz NOT NULL DEFAULT lango_now(),
  seen_at timestamptz NOT NULL DEFAULT lango_now(),
  gone_at timestamptz,
  repair_asked_at timestamptz,
  repair_fault text
);
CREATE UNIQUE INDEX ON drift_finding (nas_id, kind, subject) WHERE gone_at IS NULL;
CREATE INDEX ON drift_finding (tenant_id, id);
CREATE TABLE drift_check (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  at timestamptz NOT NULL DEFAULT lango_now(),
  fault text
);
SELECT platform_protect_table('drift_finding'), platform_protect_table('drift_check');
SELECT platform_keep_reference('drift_finding', 'nas_id', 'nas'), platform_keep_reference('drift_check', 'nas_id', 'nas');
GRANT SELECT, INSERT, UPDATE ON drift_finding, drift_check TO lango_web;
GRANT SELECT ON drift_finding, drift_check TO lango_jobs;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('drift.read', 'isp_admin technician'), ('drift.write', 'isp_admin technician')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
