-- Two authorities for a while: a new one signs, and the one before it is trusted until no router shows a certificate of it any more.
ALTER TABLE radsec_authority ADD COLUMN superseded_at timestamptz;
DROP INDEX radsec_authority_in_use;
CREATE UNIQUE INDEX radsec_authority_in_use ON radsec_authority (kind) WHERE retired_at IS NULL AND superseded_at IS NULL;
CREATE UNIQUE INDEX radsec_authority_outgoing ON radsec_authority (kind) WHERE retired_at IS NULL AND superseded_at IS NOT NULL;
GRANT UPDATE (superseded_at) ON radsec_authority TO lango_web, lango_jobs;

-- Which authority signed it.
ALTER TABLE radsec_certificate ADD COLUMN authority_id bigint REFERENCES radsec_authority;
UPDATE radsec_certificate SET authority_id = (SELECT max(id) FROM radsec_authority WHERE kind = 'ca');
CREATE INDEX radsec_certificate_of_authority ON radsec_certificate (authority_id);
SELECT platform_keep_reference('radsec_certificate', 'authority_id', 'radsec_authority');
