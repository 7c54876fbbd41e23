-- How people prove who they are, beside the password. Secrets are sealed (AES-256-GCM) or hashed; a public key is public.
CREATE TABLE staff_security (
  staff_id bigint PRIMARY KEY REFERENCES staff ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  totp_secret_enc bytea,
  -- NULL until the first right code: a secret that was shown and never used locks nobody out.
  totp_confirmed_at timestamptz,
  -- The time step of the last code that was taken: each is good once.
  totp_last_step bigint,
  password_set_at timestamptz
);
CREATE TABLE staff_recovery_code (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  code_hash bytea NOT NULL,
  used_at timestamptz,
  UNIQUE (staff_id, code_hash)
);
CREATE TABLE staff_passkey (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  -- As WebAuthn writes it: base64url.
  credential_id text NOT NULL UNIQUE CHECK (length(credential_id) <= 1400),
  public_key bytea NOT NULL,
  -- The device's own count of signatures; one that goes backwards tells of a copy. Many devices say 0 for ever.
  counter bigint NOT NULL DEFAULT 0,
  transports text[] NOT NULL DEFAULT '{}',
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);
CREATE INDEX ON staff_passkey (staff_id);
-- Who somebody is at the company's own identity provider; made at their first sign-in from there.
CREATE TABLE staff_identity (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  issuer text NOT NULL,
  subject text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, issuer, subject)
);
CREATE INDEX ON staff_identity (staff_id);

-- Something that was begun and is finished with a secret that only the beginner holds: a second step, a passkey's challenge, the way to the
-- identity provider and back, an invitation. No role reads it; the functions in prisma/functions/staff.sql do.
CREATE TABLE staff_step (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint REFERENCES tenant,
  staff_id bigint REFERENCES staff ON DELETE CASCADE,
  purpose text NOT NULL CHECK (purpose IN ('second', 'passkey', 'oidc', 'invite')),
  token_hash bytea NOT NULL UNIQUE,
  data jsonb NOT NULL DEFAULT '{}',
  tries int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX ON staff_step (staff_id) WHERE staff_id IS NOT NULL;
CREATE INDEX ON staff_step (expires_at);

ALTER TABLE staff_session
  -- password, password+code, password+recovery, password+passkey, passkey, oidc: shown in the list of sign-ins.
  ADD COLUMN method text NOT NULL DEFAULT 'password',
  -- A super admin who works as this person, and why; shown on every page and written into the company's audit.
  ADD COLUMN impersonator_id bigint,
  ADD COLUMN impersonator_name text,
  ADD CONSTRAINT impersonated_whole CHECK ((impersonator_id IS NULL) = (impersonator_name IS NULL));
CREATE INDEX ON staff_session (staff_id) WHERE revoked_at IS NULL;
CREATE INDEX ON staff_token (staff_id) WHERE revoked_at IS NULL;
-- The web role opens sessions of its company's people and cannot pretend that somebody else worked in them.
REVOKE INSERT, UPDATE ON staff_session FROM lango_web;
GRANT INSERT (tenant_id, staff_id, token_hash, csrf_token, ip, user_agent, expires_at, method), UPDATE (revoked_at) ON staff_session TO lango_web;

ALTER TABLE tenant
  ADD COLUMN password_min_length int NOT NULL DEFAULT 8 CHECK (password_min_length BETWEEN 8 AND 64),
  ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false;
GRANT UPDATE (password_min_length, second_factor_required) ON tenant TO lango_web;

SELECT platform_protect_table('staff_security'), platform_protect_table('staff_recovery_code'), platform_protect_table('staff_passkey'),
       platform_protect_table('staff_identity'), platform_protect_table('staff_step');
SELECT platform_keep_reference('staff_security', 'staff_id', 'staff'), platform_keep_reference('staff_recovery_code', 'staff_id', 'staff'),
       platform_keep_reference('staff_passkey', 'staff_id', 'staff'), platform_keep_reference('staff_identity', 'staff_id', 'staff');
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_security, staff_recovery_code, staff_passkey TO lango_web;
GRANT SELECT, INSERT, DELETE ON staff_identity TO lango_web;
GRANT SELECT, DELETE ON staff_step TO lango_jobs;
GRANT SELECT ON staff_identity TO lango_jobs;
