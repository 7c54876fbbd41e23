-- What has the free minutes of a site once: each device; or each phone number that a code by SMS shows to be theirs, or each person whom the site's identity
-- provider names, and then each device too.
ALTER TABLE site ADD COLUMN trial_once_per text NOT NULL DEFAULT 'device' CHECK (trial_once_per IN ('device', 'phone', 'identity'));
-- Of a phone number or a person: a keyed hash, to be compared and never to be read.
ALTER TABLE hotspot_trial ADD COLUMN claim bytea CHECK (octet_length(claim) = 32);
CREATE INDEX hotspot_trial_claim ON hotspot_trial (tenant_id, claim, at) WHERE claim IS NOT NULL;
-- What the code is for: a service that the phone has, or a site's free minutes.
ALTER TABLE hotspot_code ADD COLUMN purpose text NOT NULL DEFAULT 'service' CHECK (purpose IN ('service', 'trial'));

-- Where guests of a site may sign in (OpenID Connect), and the hosts that their browsers must reach for it before they are online.
CREATE TABLE site_identity_provider (
  site_id bigint PRIMARY KEY REFERENCES site ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
  issuer text NOT NULL CHECK (length(issuer) <= 300),
  client_id text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 300),
  client_secret_enc bytea NOT NULL,
  hosts text[] NOT NULL CHECK (cardinality(hosts) BETWEEN 1 AND 20),
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);
-- Somebody is away at the provider. What they left with is kept here, by site and device; the browser holds one word of it, and the address that it comes back to another.
CREATE TABLE hotspot_sign_in (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  site_id bigint NOT NULL REFERENCES site ON DELETE CASCADE,
  mac text NOT NULL CHECK (mac ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$'),
  -- What the router's page told, to let the device in where it stands.
  said jsonb NOT NULL,
  state_hash bytea NOT NULL UNIQUE,
  browser_hash bytea NOT NULL,
  verifier_enc bytea NOT NULL,
  nonce text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  expires_at timestamptz NOT NULL,
  -- Back; each state comes back once.
  came_at timestamptz,
  -- Of a browser that lost its word: who signed in, until they say by this word that the device is theirs.
  confirm_hash bytea UNIQUE,
  claim bytea,
  email text
);
CREATE INDEX hotspot_sign_in_site ON hotspot_sign_in (site_id);
CREATE INDEX hotspot_sign_in_device ON hotspot_sign_in (tenant_id, site_id, mac);
SELECT platform_protect_table('site_identity_provider'), platform_protect_table('hotspot_sign_in');
SELECT platform_keep_reference('site_identity_provider', 'site_id', 'site'), platform_keep_reference('hotspot_sign_in', 'site_id', 'site');
GRANT SELECT, INSERT, UPDATE, DELETE ON site_identity_provider TO lango_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON hotspot_sign_in TO lango_web;
GRANT SELECT (id, created_at), DELETE ON hotspot_sign_in TO lango_jobs;
