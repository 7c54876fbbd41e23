-- Who called what (API log), and what broke (error log). Written in batches a second late, kept for days, and thrown away a day at a time.

-- tenant_id NULL: nobody was recognised. The path has no query: what people look for is nobody's business, and tokens come that way too.
CREATE TABLE request_log (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  tenant_id bigint,
  staff_id bigint,
  token_id bigint,
  who text,
  method text NOT NULL,
  route text,
  path text NOT NULL,
  status integer NOT NULL,
  ms integer NOT NULL,
  code text,
  request_id text NOT NULL,
  ip inet,
  user_agent text,
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE TABLE request_log_default PARTITION OF request_log DEFAULT;
CREATE INDEX ON request_log (tenant_id, id DESC);
CREATE INDEX ON request_log (tenant_id, id DESC) WHERE status >= 400;
CREATE INDEX ON request_log (request_id);

CREATE TABLE request_error (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  tenant_id bigint,
  -- The same fault from the same place in the code.
  fingerprint text NOT NULL,
  name text NOT NULL,
  message text NOT NULL,
  stack text NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  request_id text NOT NULL,
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE TABLE request_error_default PARTITION OF request_error DEFAULT;
CREATE INDEX ON request_error (fingerprint, id DESC);
CREATE INDEX ON request_error (id DESC);

SELECT platform_protect_table('request_log'), platform_protect_table('request_log_default'), platform_protect_table('request_error'), platform_protect_table('request_error_default');
-- A fault's words and place in the code may name what is not one company's: super admins read them, through request_errors().
GRANT SELECT ON request_log TO lango_web;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission FROM staff_role r JOIN (VALUES ('requests.read', 'super_admin isp_admin'), ('requests.errors', 'super_admin')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) WHERE r.tenant_id IS NULL;
