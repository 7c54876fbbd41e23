-- Finding by any part of what is written, and lists by state, at a hundred thousand subscribers. prisma/functions/search.sql asks.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- One index for the three texts of a person: the database joins what it finds in each.
CREATE INDEX subscriber_text ON subscriber USING gin (lower(name) gin_trgm_ops, lower(email) gin_trgm_ops, phone gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX subscription_text ON subscription USING gin (lower(username) gin_trgm_ops, mac_lock gin_trgm_ops);
CREATE INDEX subscription_by_status ON subscription (tenant_id, status, expires_at);
CREATE INDEX subscriber_by_day ON subscriber (tenant_id, created_at) WHERE deleted_at IS NULL;
-- A receipt from its beginning, whatever way it was paid.
CREATE INDEX payment_receipt ON payment (tenant_id, upper(reference) text_pattern_ops);
CREATE INDEX payment_of_subscriber ON payment (subscriber_id, id DESC);
CREATE INDEX payment_by_moment ON payment (tenant_id, received_at);
-- Set once, when a session begins: an interim changes neither, so its update stays within its page.
CREATE INDEX session_live_device ON session_live (tenant_id, mac text_pattern_ops) WHERE stopped_at IS NULL AND mac IS NOT NULL;
