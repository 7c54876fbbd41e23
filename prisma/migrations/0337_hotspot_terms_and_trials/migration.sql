ALTER TABLE hotspot_pass ADD FOREIGN KEY (site_id) REFERENCES site ON DELETE SET NULL;
ALTER TABLE hotspot_code ADD FOREIGN KEY (site_id) REFERENCES site ON DELETE CASCADE;
CREATE INDEX hotspot_pass_site ON hotspot_pass (site_id);
CREATE INDEX hotspot_code_site ON hotspot_code (site_id);

-- What somebody accepted, word for word: a site's terms as they were then.
CREATE TABLE hotspot_terms (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  hash bytea NOT NULL,
  words text NOT NULL,
  first_at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (tenant_id, hash)
);
CREATE TABLE hotspot_consent (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  terms_id bigint NOT NULL REFERENCES hotspot_terms,
  pass_id bigint NOT NULL REFERENCES hotspot_pass ON DELETE CASCADE,
  mac text,
  ip inet,
  at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (pass_id, terms_id)
);
CREATE INDEX hotspot_consent_terms ON hotspot_consent (terms_id);
-- Who has tried a site for nothing: a device, or whoever an identity provider named.
CREATE TABLE hotspot_trial (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  site_id bigint REFERENCES site ON DELETE SET NULL,
  mac text NOT NULL,
  person text,
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE INDEX hotspot_trial_mac ON hotspot_trial (tenant_id, mac, at);
CREATE INDEX hotspot_trial_person ON hotspot_trial (tenant_id, person, at) WHERE person IS NOT NULL;
CREATE INDEX hotspot_trial_site ON hotspot_trial (site_id);
CREATE INDEX hotspot_trial_subscription ON hotspot_trial (subscription_id);
SELECT platform_protect_table('hotspot_terms'), platform_protect_table('hotspot_consent'), platform_protect_table('hotspot_trial');
SELECT platform_keep_reference('hotspot_pass', 'site_id', 'site'),
       platform_keep_reference('hotspot_code', 'site_id', 'site'),
       platform_keep_reference('hotspot_consent', 'terms_id', 'hotspot_terms'),
       platform_keep_reference('hotspot_consent', 'pass_id', 'hotspot_pass'),
       platform_keep_reference('hotspot_trial', 'site_id', 'site'),
       platform_keep_reference('hotspot_trial', 'subscription_id', 'subscription');
GRANT SELECT, INSERT ON hotspot_terms, hotspot_consent, hotspot_trial TO lango_web;
