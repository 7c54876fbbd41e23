-- A place with a hotspot: how it looks, what is sold there, and which routers serve it.
CREATE TABLE site (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- The word in /hotspot/:site. It stands in the routers' pages and on printed codes, so it never changes and is nobody else's.
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){1,39}$'),
  name text NOT NULL CHECK (name <> ''),
  -- One sentence below the name; empty: the usual one.
  words text NOT NULL DEFAULT '',
  -- To call for help; empty: the company's.
  phone text NOT NULL DEFAULT '',
  colour text NOT NULL DEFAULT '#0d2b32' CHECK (colour ~ '^#[0-9a-f]{6}$'),
  accent text NOT NULL DEFAULT '#0e5560' CHECK (accent ~ '^#[0-9a-f]{6}$'),
  logo bytea CHECK (octet_length(logo) <= 8192),
  logo_type text CHECK (logo_type IN ('image/png', 'image/jpeg')),
  -- The first is the one that a stranger sees.
  languages text[] NOT NULL DEFAULT '{en,sw}' CHECK (languages <@ '{en,sw}' AND cardinality(languages) BETWEEN 1 AND 2),
  terms text NOT NULL DEFAULT '',
  terms_required boolean NOT NULL DEFAULT false,
  -- Minutes that a device may try for nothing, and after how many hours again. 0: no trial.
  trial_minutes integer NOT NULL DEFAULT 0 CHECK (trial_minutes BETWEEN 0 AND 1440),
  trial_hours integer NOT NULL DEFAULT 24 CHECK (trial_hours BETWEEN 1 AND 8760),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1,
  CHECK ((logo IS NULL) = (logo_type IS NULL))
);
CREATE UNIQUE INDEX ON site (tenant_id, lower(name));
-- A router serves one site at most.
CREATE TABLE site_router (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  site_id bigint NOT NULL REFERENCES site ON DELETE CASCADE,
  tenant_id bigint NOT NULL
);
CREATE INDEX ON site_router (site_id);
-- What is sold there, in this order; none: every hotspot plan on sale.
CREATE TABLE site_plan (
  site_id bigint NOT NULL REFERENCES site ON DELETE CASCADE,
  plan_id bigint NOT NULL REFERENCES plan,
  position integer NOT NULL,
  tenant_id bigint NOT NULL,
  PRIMARY KEY (site_id, plan_id)
);
SELECT platform_protect_table('site'), platform_protect_table('site_router'), platform_protect_table('site_plan');
SELECT platform_keep_reference('site_router', 'nas_id', 'nas'), platform_keep_reference('site_router', 'site_id', 'site'),
       platform_keep_reference('site_plan', 'site_id', 'site'), platform_keep_reference('site_plan', 'plan_id', 'plan');
GRANT SELECT, INSERT, UPDATE, DELETE ON site TO lango_web;
GRANT SELECT, INSERT, DELETE ON site_router, site_plan TO lango_web;
GRANT SELECT ON site, site_router, site_plan TO lango_jobs;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('sites.read', 'isp_admin technician support sales'), ('sites.write', 'isp_admin technician')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
