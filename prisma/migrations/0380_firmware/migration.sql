-- RouterOS and the board's own firmware on routers: what there is, what could be, and upgrades that were asked for.

-- What a router said the last time that it was asked about newer versions.
CREATE TABLE firmware_known (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  installed text NOT NULL DEFAULT '',
  latest text NOT NULL DEFAULT '',
  channel text NOT NULL DEFAULT '',
  -- The boot firmware of the board, and the one that its RouterOS brings; empty where there is no board (CHR).
  board_installed text NOT NULL DEFAULT '',
  board_latest text NOT NULL DEFAULT '',
  checked_at timestamptz NOT NULL DEFAULT lango_now(),
  -- Why the last question had no answer: a word of the slice, and what the router said.
  fault text,
  fault_words text NOT NULL DEFAULT ''
);

-- An upgrade of one router. Those that were asked for together have one batch, and are done one after another; the first that fails stops the rest.
CREATE TABLE firmware_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  batch uuid NOT NULL,
  -- The board's firmware too, which takes a second restart.
  board boolean NOT NULL DEFAULT false,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped')),
  step text NOT NULL DEFAULT 'backup'
    CHECK (step IN ('backup', 'check', 'download', 'downloading', 'restart', 'back', 'board', 'board_restart', 'board_back')),
  step_at timestamptz NOT NULL DEFAULT lango_now(),
  -- When the router was last told to restart: it has, when it is up for a shorter time than this is ago.
  restarted_at timestamptz,
  version_before text NOT NULL DEFAULT '',
  version_wanted text NOT NULL DEFAULT '',
  version_after text NOT NULL DEFAULT '',
  board_before text NOT NULL DEFAULT '',
  board_after text NOT NULL DEFAULT '',
  fault text,
  fault_words text NOT NULL DEFAULT '',
  asked_at timestamptz NOT NULL DEFAULT lango_now(),
  asked_by text NOT NULL DEFAULT '',
  finished_at timestamptz
);
-- One at a time of a router.
CREATE UNIQUE INDEX firmware_run_under_way ON firmware_run (nas_id) WHERE state IN ('waiting', 'running');
CREATE INDEX ON firmware_run (nas_id, id);
CREATE INDEX ON firmware_run (tenant_id, batch);
SELECT platform_protect_table('firmware_known'), platform_protect_table('firmware_run');
SELECT platform_keep_reference('firmware_known', 'nas_id', 'nas'), platform_keep_reference('firmware_run', 'nas_id', 'nas');
GRANT SELECT, INSERT, UPDATE ON firmware_known, firmware_run TO lango_web;
GRANT SELECT ON firmware_known, firmware_run TO lango_jobs;

-- Open pages follow it.
CREATE FUNCTION firmware_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lango_live', json_build_object('tenant', NEW.tenant_id::text, 'topic', 'router', 'id', NEW.nas_id::text)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER firmware_tell AFTER INSERT OR UPDATE ON firmware_known FOR EACH ROW EXECUTE FUNCTION firmware_tell();
CREATE TRIGGER firmware_tell AFTER INSERT OR UPDATE ON firmware_run FOR EACH ROW EXECUTE FUNCTION firmware_tell();

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('firmware.read', 'isp_admin technician support'), ('firmware.write', 'isp_admin technician')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
