-- The third rung of enforcement: the RouterOS API, which can also be asked what is really so.
ALTER TABLE nas
  -- NULL: 8728, or 8729 with TLS.
  ADD COLUMN api_port integer CHECK (api_port BETWEEN 1 AND 65535),
  ADD COLUMN api_tls boolean NOT NULL DEFAULT false,
  -- SHA-256 of the certificate that the router must show; NULL lets any pass.
  ADD COLUMN api_fingerprint text CHECK (api_fingerprint ~ '^([0-9A-F]{2}:){31}[0-9A-F]{2}$');
GRANT SELECT (api_port, api_tls, api_fingerprint) ON nas TO lango_web;

ALTER TABLE nas_status
  ADD COLUMN api_ok_at timestamptz,
  -- Why the API could not be used the last time, while that is so.
  ADD COLUMN api_fault text CHECK (api_fault IN ('login_refused', 'refused', 'unreachable', 'silent')),
  ADD COLUMN api_fault_at timestamptz;

-- What the router said or showed, in a few words, for whoever looks into it.
ALTER TABLE enforcement_attempt ADD COLUMN detail text CHECK (length(detail) <= 200);

-- A login concerns a device that has no session yet.
ALTER TABLE enforcement ALTER COLUMN session_id DROP NOT NULL, ADD CHECK (session_id IS NOT NULL OR kind = 'login');
CREATE UNIQUE INDEX enforcement_login_open ON enforcement (subscription_id) WHERE state = 'open' AND kind = 'login';

-- What the network was told and has not been seen to do: few rows, and the only ones that the count of free riders reads.
CREATE INDEX enforcement_undone ON enforcement (tenant_id, session_id) WHERE state <> 'proven' AND kind IN ('cut', 'restore');

-- How far the sweep has come on its round through the open sessions.
CREATE TABLE enforcement_round (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  next_id bigint NOT NULL DEFAULT 0,
  newest_id bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When the last whole round ended, and how long it took.
  ended_at timestamptz,
  took_s double precision,
  sessions bigint NOT NULL DEFAULT 0
);
INSERT INTO enforcement_round DEFAULT VALUES;
