-- Renewed from the wallet shortly before its end, while the wallet holds the price.
ALTER TABLE subscription ADD COLUMN auto_renew boolean NOT NULL DEFAULT false;
-- Money that bought the running validity: a change of plan gives back no more than this, so that time given away is never paid out.
ALTER TABLE subscription ADD COLUMN paid_cents bigint NOT NULL DEFAULT 0 CHECK (paid_cents >= 0);
CREATE INDEX subscription_auto_renew ON subscription (expires_at) WHERE auto_renew AND status = 'active';
