-- Addresses that routers give out, as far as they are known here: to see how full a pool is, and to keep fixed addresses out of it.
CREATE TABLE pool (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- As the router calls it: what Framed-Pool and its like say.
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{1,64}$'),
  -- static: addresses that are kept for customers with a fixed one; no router gives them out by itself.
  kind text NOT NULL CHECK (kind IN ('ipv4', 'ipv6', 'delegated', 'static')),
  alert_percent integer NOT NULL DEFAULT 90 CHECK (alert_percent BETWEEN 1 AND 100),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  -- Counts the changes, so that two who edit at once notice.
  version integer NOT NULL DEFAULT 1,
  UNIQUE (tenant_id, name)
);
CREATE TABLE pool_range (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pool ON DELETE CASCADE,
  tenant_id bigint NOT NULL,
  first_ip inet NOT NULL,
  last_ip inet NOT NULL,
  -- How many customers it has room for: addresses, or prefixes of the length that each gets.
  size bigint NOT NULL CHECK (size > 0),
  written text NOT NULL,
  CHECK (family(first_ip) = family(last_ip) AND first_ip <= last_ip)
);
CREATE INDEX ON pool_range (pool_id);
-- The routers that have the pool; none means all of the company's.
CREATE TABLE pool_router (
  pool_id bigint NOT NULL REFERENCES pool ON DELETE CASCADE,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL,
  PRIMARY KEY (pool_id, nas_id)
);
-- The fullest moment of each hour that was looked at, and what was seen last.
CREATE TABLE pool_usage (
  pool_id bigint NOT NULL REFERENCES pool ON DELETE CASCADE,
  hour timestamptz NOT NULL,
  tenant_id bigint NOT NULL,
  used bigint NOT NULL,
  used_max bigint NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (pool_id, hour)
);
SELECT platform_protect_table('pool'), platform_protect_table('pool_range'), platform_protect_table('pool_router'), platform_protect_table('pool_usage');
SELECT platform_keep_reference('pool_range', 'pool_id', 'pool'), platform_keep_reference('pool_router', 'pool_id', 'pool'),
       platform_keep_reference('pool_router', 'nas_id', 'nas');
GRANT SELECT, INSERT, UPDATE, DELETE ON pool TO lango_web;
GRANT SELECT, INSERT, DELETE ON pool_range, pool_router TO lango_web;
GRANT SELECT ON pool_usage TO lango_web;
GRANT SELECT ON pool, pool_range, pool_router TO lango_jobs;
GRANT SELECT, INSERT, UPDATE, DELETE ON pool_usage TO lango_jobs;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('pools.read', 'isp_admin technician support'), ('pools.write', 'isp_admin technician')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
