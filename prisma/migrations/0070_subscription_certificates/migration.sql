-- Certificates by which a subscription's devices sign in with EAP-TLS. Only what names one is kept: its key is made, handed over once and forgotten.
CREATE TABLE subscription_certificate (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  -- Lower-case hex without leading zeros, unique over the whole installation.
  serial text NOT NULL UNIQUE CHECK (serial ~ '^[1-9a-f][0-9a-f]{7,39}$'),
  -- What the staff call the device.
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  issued_at timestamptz NOT NULL DEFAULT lango_now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX ON subscription_certificate (tenant_id, subscription_id, id);
SELECT platform_protect_table('subscription_certificate'), platform_keep_reference('subscription_certificate', 'subscription_id', 'subscription');
GRANT SELECT, INSERT, UPDATE (revoked_at) ON subscription_certificate TO lango_web;
