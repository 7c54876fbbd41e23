-- Events of providers that name each of them: worked on once, however often they are told.
CREATE TABLE payment_event (
  tenant_id bigint NOT NULL REFERENCES tenant,
  provider text NOT NULL CHECK (provider IN ('mpesa', 'familybank', 'stripe')),
  event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  PRIMARY KEY (tenant_id, provider, event_id)
);
CREATE INDEX payment_event_old ON payment_event (created_at);
SELECT platform_protect_table('payment_event');
GRANT SELECT, INSERT, DELETE ON payment_event TO lango_web;
GRANT SELECT, DELETE ON payment_event TO lango_jobs;

-- No amount of a doubted call is kept: what is booked is what was asked for.
ALTER TABLE payment DROP COLUMN told_cents;
