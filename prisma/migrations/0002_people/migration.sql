CREATE TABLE tenant (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'suspended')),
  timezone text NOT NULL DEFAULT 'Africa/Nairobi',
  currency char(3) NOT NULL DEFAULT 'KES',
  is_demo boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  approved_at timestamptz
);

-- tenant_id NULL: a role that every company has.
CREATE TABLE staff_role (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint REFERENCES tenant,
  key text NOT NULL,
  name text NOT NULL,
  UNIQUE NULLS NOT DISTINCT (tenant_id, key)
);
CREATE TABLE staff_role_permission (
  role_id bigint NOT NULL REFERENCES staff_role ON DELETE CASCADE,
  permission text NOT NULL,
  PRIMARY KEY (role_id, permission)
);

CREATE TABLE staff (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  role_id bigint NOT NULL REFERENCES staff_role,
  email text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
  name text NOT NULL,
  password_hash text NOT NULL,
  is_super_admin boolean NOT NULL DEFAULT false,
  locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'sw')),
  theme text NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  disabled_at timestamptz,
  UNIQUE (email)
);
CREATE INDEX ON staff (tenant_id);

-- A browser session. Only the hash of the cookie's token is kept.
CREATE TABLE staff_session (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  token_hash bytea NOT NULL UNIQUE,
  csrf_token text NOT NULL,
  ip inet,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);

-- Access and refresh tokens of programs. A refresh token used twice revokes its family.
CREATE TABLE staff_token (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  family uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('access', 'refresh')),
  token_hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX ON staff_token (family);

-- Wrong passwords per (account, source): damping that a stranger cannot turn into a lock-out of a colleague elsewhere.
CREATE TABLE staff_login_failure (
  email text NOT NULL,
  ip inet NOT NULL,
  failures int NOT NULL DEFAULT 1,
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (email, ip)
);

-- Every action. Written in the action's own transaction; chained afterwards by one sealer (audit_seal), so that the chain is not a hot row.
CREATE TABLE audit_event (
  id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT lango_now(),
  actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'system', 'subscriber', 'provider')),
  actor_id bigint,
  actor_name text NOT NULL,
  action text NOT NULL,
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  ip inet,
  request_id text,
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE TABLE audit_event_default PARTITION OF audit_event DEFAULT;
CREATE INDEX ON audit_event (tenant_id, subject_type, subject_id, at DESC);
CREATE INDEX ON audit_event (id);

CREATE TABLE audit_seal (
  seq bigint PRIMARY KEY,
  event_id bigint NOT NULL UNIQUE,
  event_at timestamptz NOT NULL,
  tenant_id bigint NOT NULL,
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL
);

-- The answer already given under an Idempotency-Key.
CREATE TABLE platform_idempotency (
  tenant_id bigint NOT NULL,
  key text NOT NULL CHECK (length(key) <= 200),
  route text NOT NULL,
  request_hash bytea NOT NULL,
  status int,
  body jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key)
);

INSERT INTO staff_role (tenant_id, key, name) VALUES
  (NULL, 'super_admin', 'Super admin'), (NULL, 'isp_admin', 'ISP admin'), (NULL, 'technician', 'Technician'), (NULL, 'support', 'Support'),
  (NULL, 'sales', 'Sales'), (NULL, 'finance', 'Finance'), (NULL, 'reseller', 'Reseller');

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES
  ('dashboard.read', 'isp_admin technician support sales finance'),
  ('subscribers.read', 'isp_admin technician support sales finance'), ('subscribers.write', 'isp_admin support sales'),
  ('plans.read', 'isp_admin technician support sales finance'), ('plans.write', 'isp_admin'),
  ('subscriptions.read', 'isp_admin technician support sales finance'), ('subscriptions.write', 'isp_admin support sales'),
  ('subscriptions.suspend', 'isp_admin support finance'),
  ('routers.read', 'isp_admin technician support'), ('routers.write', 'isp_admin technician'),
  ('sessions.read', 'isp_admin technician support sales'), ('sessions.disconnect', 'isp_admin technician support'),
  ('access.explain', 'isp_admin technician support'),
  ('payments.read', 'isp_admin finance support sales'), ('payments.write', 'isp_admin finance'),
  ('ledger.read', 'isp_admin finance'),
  ('audit.read', 'isp_admin'), ('staff.read', 'isp_admin'), ('staff.write', 'isp_admin')
) AS p (permission, roles) ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
