-- 802.1X: the installation's own authority, and what it has signed. One noun for both; the table of the first draft never held anything.
DROP TABLE subscription_certificate;

-- The authority that devices trust, and the certificate that FreeRADIUS shows them: the same on every host. Keys are sealed under the master key.
CREATE TABLE certificate_authority (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('authority', 'server')),
  certificate_pem text NOT NULL,
  key_enc bytea NOT NULL,
  not_after timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz
);
CREATE UNIQUE INDEX certificate_authority_in_use ON certificate_authority (kind) WHERE retired_at IS NULL;

-- Certificates by which a subscription's devices sign in with EAP-TLS. Only what names one is kept: its key is handed over once and forgotten.
CREATE TABLE certificate (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  -- Lower-case hex without leading zeros.
  serial text NOT NULL UNIQUE CHECK (serial ~ '^[1-9a-f][0-9a-f]{7,39}$'),
  -- What the staff call the device.
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  issued_at timestamptz NOT NULL DEFAULT lango_now(),
  not_after timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX ON certificate (tenant_id, id DESC);
CREATE INDEX ON certificate (subscription_id, id DESC);
SELECT platform_protect_table('certificate'), platform_keep_reference('certificate', 'subscription_id', 'subscription');
GRANT SELECT, INSERT, UPDATE (revoked_at) ON certificate TO lango_web;
