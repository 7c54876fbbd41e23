-- Secrets of routers that are replaced while people log in through them: docs/decisions/0039.

-- Processes that hold the routers in memory, and as of which moment of the database's clock: a router is told its new secret when all of them know it.
CREATE TABLE nas_reader (
  part text NOT NULL CHECK (part IN ('accounting', 'freeradius')),
  instance text NOT NULL,
  host text NOT NULL,
  read_at timestamptz NOT NULL,
  PRIMARY KEY (part, instance)
);

-- Of a company: after how many days a router's secrets are replaced by themselves. No row, or NULL: never.
CREATE TABLE rotation_setting (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  every_days integer CHECK (every_days BETWEEN 7 AND 3650),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1
);

-- One replacement of a router's RADIUS secret and API password, step by step. From `tell` on the router may hold either secret: it is not ended by us.
CREATE TABLE rotation_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'superseded')),
  step text NOT NULL DEFAULT 'accept'
    CHECK (step IN ('accept', 'look', 'tell', 'prove', 'settle', 'known', 'return', 'drain', 'withdrawn', 'password')),
  -- When each step began, by its name.
  times jsonb NOT NULL DEFAULT '{}',
  -- The same of this step by the machine's clock, taken after what it waits for was committed.
  begun_clock timestamptz,
  -- When somebody last worked at it, and when the next is to: far behind both, its worker is dead.
  looked_clock timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_clock timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries integer NOT NULL DEFAULT 0,
  -- Why it does not go on, or ended: a word of the slice, and what the router said.
  fault text,
  fault_words text NOT NULL DEFAULT '',
  -- The router's rows of /radius that are ours, as they were before: [{id, address, authPort, acctPort, wait_ms}].
  rows jsonb NOT NULL DEFAULT '[]',
  -- The API password that the router is to have, sealed.
  api_password_enc bytea,
  asked_at timestamptz NOT NULL DEFAULT lango_now(),
  asked_by text NOT NULL DEFAULT '',
  finished_at timestamptz
);
-- One at a time of a router.
CREATE UNIQUE INDEX rotation_run_under_way ON rotation_run (nas_id) WHERE state = 'running';
CREATE INDEX rotation_run_of_router ON rotation_run (nas_id, id DESC);

-- Both secrets of a router while either is right, and by which address FreeRADIUS knows it where logins come with the new one. Read by the parts alone.
CREATE TABLE rotation_secret (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  run_id bigint NOT NULL REFERENCES rotation_run ON DELETE CASCADE,
  old_secret text NOT NULL,
  new_secret text NOT NULL CHECK (length(new_secret) BETWEEN 16 AND 60),
  door_address inet NOT NULL UNIQUE CHECK (door_address <<= '127.128.0.0/10'),
  door_secret text NOT NULL CHECK (length(door_secret) >= 16),
  -- A packet signed with the new one was heard.
  used_at timestamptz
);

SELECT platform_protect_table('rotation_setting'), platform_protect_table('rotation_run'), platform_protect_table('rotation_secret');
SELECT platform_keep_reference('rotation_run', 'nas_id', 'nas');
GRANT SELECT, INSERT, UPDATE ON rotation_setting, rotation_run TO lango_web;
GRANT SELECT ON rotation_setting, rotation_run TO lango_jobs;

-- FreeRADIUS and the listener learn of it as of any router.
CREATE FUNCTION rotation_secret_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lango_nas', host(coalesce(NEW.door_address, OLD.door_address)));
  RETURN NULL;
END $$;
CREATE TRIGGER rotation_secret_changed AFTER INSERT OR DELETE ON rotation_secret FOR EACH ROW EXECUTE FUNCTION rotation_secret_changed();

-- A run that is over holds no second secret open, however it ended; what was sealed for it is not kept.
CREATE FUNCTION rotation_run_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM rotation_secret WHERE run_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER rotation_run_over AFTER UPDATE OF state ON rotation_run FOR EACH ROW WHEN (NEW.state <> 'running') EXECUTE FUNCTION rotation_run_over();

-- Somebody gave the router another secret, address or API user meanwhile: what was under way is of no use any more.
CREATE FUNCTION rotation_supersede() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE rotation_run r SET state = 'superseded', finished_at = lango_now(), api_password_enc = NULL
  WHERE r.nas_id = NEW.id AND r.state = 'running'
    AND (NEW.nasname <> OLD.nasname OR NEW.api_username IS DISTINCT FROM OLD.api_username
      OR (NEW.secret <> OLD.secret AND NOT EXISTS (SELECT FROM rotation_secret s WHERE s.run_id = r.id AND s.new_secret = NEW.secret))
      OR (NEW.api_password_enc IS DISTINCT FROM OLD.api_password_enc AND NEW.api_password_enc IS DISTINCT FROM r.api_password_enc));
  RETURN NULL;
END $$;
CREATE TRIGGER rotation_supersede AFTER UPDATE ON nas FOR EACH ROW
  WHEN ((OLD.secret, OLD.nasname, OLD.api_username, OLD.api_password_enc) IS DISTINCT FROM (NEW.secret, NEW.nasname, NEW.api_username, NEW.api_password_enc))
  EXECUTE FUNCTION rotation_supersede();

-- Open pages follow it.
CREATE FUNCTION rotation_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lango_live', json_build_object('tenant', NEW.tenant_id::text, 'topic', 'router', 'id', NEW.nas_id::text)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER rotation_tell AFTER INSERT OR UPDATE OF state, step, fault ON rotation_run FOR EACH ROW EXECUTE FUNCTION rotation_tell();

ALTER TABLE monitoring_alert DROP CONSTRAINT monitoring_alert_kind_check;
ALTER TABLE monitoring_alert ADD CONSTRAINT monitoring_alert_kind_check
  CHECK (kind IN ('down', 'refused', 'cpu', 'memory', 'temperature', 'disk', 'interface', 'clock', 'sessions', 'rotation'));

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('rotation.read', 'isp_admin technician support'), ('rotation.write', 'isp_admin technician'), ('rotation.settings', 'isp_admin')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
