-- What routers say of themselves when they are asked every half minute: how each is now, what was, and what somebody was told of.

-- How a router is now; one row each, changed in place.
CREATE TABLE monitoring_state (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- up: it answered. down: it did not. refused: it answered that it will not talk to us. heard, silent: it has no API and is judged by RADIUS.
  state text NOT NULL CHECK (state IN ('up', 'down', 'refused', 'heard', 'silent')),
  fault text,
  since timestamptz NOT NULL,
  asked_at timestamptz NOT NULL,
  answered_at timestamptz,
  facts jsonb NOT NULL DEFAULT '{}',
  -- Interfaces with their counters, by which the next round knows the rates.
  ports jsonb NOT NULL DEFAULT '[]',
  -- How many rounds in a row each condition has held.
  watch jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 60);
CREATE INDEX ON monitoring_state (tenant_id);

-- Measured figures in steps of 30 s (kept a day), 5 minutes (a month) and an hour (two years): means, and the most where a peak says more.
CREATE TABLE monitoring_sample (
  step smallint NOT NULL,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  at timestamptz NOT NULL,
  tenant_id bigint NOT NULL,
  n integer NOT NULL DEFAULT 1,
  answered integer NOT NULL DEFAULT 0,
  cpu real,
  cpu_max real,
  memory real,
  disk real,
  temperature real,
  sessions real,
  rx_bps real,
  tx_bps real,
  rx_max real,
  tx_max real,
  -- {"ether1": [rx, tx]} in bits a second; not in steps of 30 s.
  ports jsonb,
  PRIMARY KEY (nas_id, step, at)
) PARTITION BY LIST (step);
CREATE TABLE monitoring_sample_30 PARTITION OF monitoring_sample FOR VALUES IN (30);
CREATE TABLE monitoring_sample_300 PARTITION OF monitoring_sample FOR VALUES IN (300) WITH (fillfactor = 80);
CREATE TABLE monitoring_sample_3600 PARTITION OF monitoring_sample FOR VALUES IN (3600) WITH (fillfactor = 80);
-- For forgetting alone: the rows come in the order of time.
CREATE INDEX ON monitoring_sample USING brin (at);

CREATE TABLE monitoring_alert (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('down', 'refused', 'cpu', 'memory', 'temperature', 'disk', 'interface', 'clock', 'sessions')),
  -- Which interface; empty for all else.
  subject text NOT NULL DEFAULT '',
  -- What was measured when it opened, and what it is held to.
  value text NOT NULL DEFAULT '',
  opened_at timestamptz NOT NULL DEFAULT lango_now(),
  closed_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text
);
-- One of a kind at a time.
CREATE UNIQUE INDEX ON monitoring_alert (nas_id, kind, subject) WHERE closed_at IS NULL;
CREATE INDEX ON monitoring_alert (tenant_id, id);

-- From when on a company wants to hear of it, and who.
CREATE TABLE monitoring_setting (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  cpu_percent integer NOT NULL DEFAULT 90 CHECK (cpu_percent BETWEEN 10 AND 100),
  memory_percent integer NOT NULL DEFAULT 92 CHECK (memory_percent BETWEEN 10 AND 100),
  disk_percent integer NOT NULL DEFAULT 95 CHECK (disk_percent BETWEEN 10 AND 100),
  temperature_c integer NOT NULL DEFAULT 75 CHECK (temperature_c BETWEEN 20 AND 120),
  phone text NOT NULL DEFAULT '',
  email text NOT NULL DEFAULT '',
  locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'sw')),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1
);

SELECT platform_protect_table('monitoring_state'), platform_protect_table('monitoring_sample'), platform_protect_table('monitoring_alert'),
       platform_protect_table('monitoring_setting');
ALTER TABLE monitoring_sample_30 ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_sample_300 ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_sample_3600 ENABLE ROW LEVEL SECURITY;
SELECT platform_keep_reference('monitoring_alert', 'nas_id', 'nas');
GRANT SELECT ON monitoring_state, monitoring_sample TO lango_web;
GRANT SELECT, INSERT, UPDATE ON monitoring_alert, monitoring_setting TO lango_web;
GRANT SELECT ON monitoring_state, monitoring_alert, monitoring_setting TO lango_jobs;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('monitoring.read', 'isp_admin technician support'), ('monitoring.write', 'isp_admin technician')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
