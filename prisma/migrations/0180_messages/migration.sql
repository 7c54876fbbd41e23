-- Messages: what is said to people by SMS and e-mail, who carries it, and what became of it.

-- The monthly partitions of every table that is partitioned by time: read from the catalogue, so that a new one needs no line here.
CREATE OR REPLACE FUNCTION platform_make_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parent text; key text; zero text; m date; part text; made integer := 0;
BEGIN
  FOR parent, key, zero IN
    SELECT c.relname, a.attname, CASE WHEN a.atttypid = 'date'::regtype THEN '' ELSE ' 00:00:00+00' END
    FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid AND c.relnamespace = 'public'::regnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE p.partstrat = 'r' AND p.partdefid <> 0 ORDER BY 1
  LOOP
    FOR m IN SELECT generate_series(date_trunc('month', lango_now() AT TIME ZONE 'UTC') - interval '1 month',
                                    date_trunc('month', lango_now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead), '1 month')::date LOOP
      part := format('%s_%s', parent, to_char(m, 'YYYYMM'));
      CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
      -- Rows that are rewritten often need room on their page.
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = %s)', part, parent,
                     CASE parent WHEN 'usage_hour' THEN 60 WHEN 'message' THEN 70 ELSE 100 END);
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                     parent || '_default', key, m::text || zero, key, (m + interval '1 month')::date::text || zero, part);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, m::text || zero, (m + interval '1 month')::date::text || zero);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

CREATE SEQUENCE message_id_seq;
CREATE TABLE message (
  id bigint NOT NULL DEFAULT nextval('message_id_seq'),
  tenant_id bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  -- What it says (messages/catalogue.ts).
  kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  -- now: also at night. day: waits for the end of the quiet hours.
  urgency text NOT NULL CHECK (urgency IN ('now', 'day')),
  channel text NOT NULL CHECK (channel IN ('sms', 'email')),
  recipient text NOT NULL CHECK (length(recipient) BETWEEN 1 AND 254),
  locale text NOT NULL CHECK (locale IN ('en', 'sw')),
  subscriber_id bigint,
  subscription_id bigint,
  staff_id bigint,
  -- What the template is filled with; sealed and without a readable copy where it holds a code or a key, and forgotten once it was sent.
  data jsonb NOT NULL DEFAULT '{}',
  data_enc bytea,
  -- The words themselves, where they are not those of the company's template.
  words text CHECK (length(words) <= 5000),
  -- As it was sent.
  subject text,
  body text,
  -- waiting -> sent (a carrier took it) -> delivered or failed. unknown: nobody can say whether it was taken. dropped: not worth sending any more.
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'delivered', 'failed', 'unknown', 'dropped')),
  error text CHECK (length(error) <= 40),
  error_detail text CHECK (length(error_detail) <= 300),
  due_at timestamptz DEFAULT lango_now(),
  -- Not sent after this: a code that no longer works, a reminder of what has passed.
  expires_at timestamptz,
  tries integer NOT NULL DEFAULT 0,
  claimed_until timestamptz,
  -- A carrier was being called: if nothing more is known when the claim runs out, it may have been sent.
  begun boolean NOT NULL DEFAULT false,
  provider text,
  provider_ref text,
  provider_status text,
  segments integer,
  -- Millionths of the currency: a segment costs fractions of a cent.
  cost_micros bigint,
  cost_currency char(3),
  sent_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (created_at, id),
  CHECK ((state = 'waiting') = (due_at IS NOT NULL))
) PARTITION BY RANGE (created_at);
CREATE TABLE message_default PARTITION OF message DEFAULT;
CREATE INDEX message_id ON message (id);
CREATE INDEX message_of_company ON message (tenant_id, id DESC);
CREATE INDEX message_of_subscriber ON message (subscriber_id, id DESC) WHERE subscriber_id IS NOT NULL;
CREATE INDEX message_due ON message (due_at) WHERE state = 'waiting';
CREATE INDEX message_reference ON message (tenant_id, provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX message_recipient ON message (tenant_id, recipient, id DESC);

-- One event is told once, however often it is asked for. Beside the message, because a unique key of that would have to hold its month.
CREATE TABLE message_key (
  tenant_id bigint NOT NULL,
  key text NOT NULL CHECK (length(key) <= 200),
  message_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT lango_now(),
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX message_key_old ON message_key (at);

-- Each call of a carrier.
CREATE TABLE message_attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  message_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT lango_now(),
  provider text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('accepted', 'refused', 'again', 'unknown')),
  error text CHECK (length(error) <= 40),
  detail text CHECK (length(detail) <= 300),
  ms integer NOT NULL
);
CREATE INDEX message_attempt_of_message ON message_attempt (message_id, id);
CREATE INDEX message_attempt_old ON message_attempt (at);

-- What carriers told afterwards: kept by itself, because a report may overtake the answer to the call that it is about.
CREATE TABLE message_report (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  provider text NOT NULL,
  provider_ref text NOT NULL CHECK (length(provider_ref) <= 200),
  status text NOT NULL CHECK (length(status) <= 60),
  state text NOT NULL CHECK (state IN ('sent', 'delivered', 'failed')),
  error text CHECK (length(error) <= 40),
  detail text CHECK (length(detail) <= 300),
  at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (tenant_id, provider, provider_ref, status)
);
CREATE INDEX message_report_old ON message_report (at);

-- Who carries a company's messages. Lowest position first; the next is asked when the one before could not.
CREATE TABLE message_provider (
  tenant_id bigint NOT NULL REFERENCES tenant,
  provider text NOT NULL CHECK (provider IN ('africastalking', 'twilio', 'smtp', 'sendgrid', 'resend')),
  channel text NOT NULL GENERATED ALWAYS AS (CASE WHEN provider IN ('africastalking', 'twilio') THEN 'sms' ELSE 'email' END) STORED,
  enabled boolean NOT NULL DEFAULT true,
  position integer NOT NULL DEFAULT 1 CHECK (position BETWEEN 1 AND 9),
  settings jsonb NOT NULL DEFAULT '{}',
  secrets_enc bytea,
  -- Why it refused us lately, for those who can repair it; NULL while it works.
  fault text,
  fault_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, provider)
);

-- A company's own words; where there are none, those that are shipped.
CREATE TABLE message_template (
  tenant_id bigint NOT NULL REFERENCES tenant,
  kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{0,39}$'),
  channel text NOT NULL CHECK (channel IN ('sms', 'email')),
  locale text NOT NULL CHECK (locale IN ('en', 'sw')),
  subject text CHECK (length(subject) <= 200),
  body text NOT NULL CHECK (length(body) BETWEEN 1 AND 5000),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, kind, channel, locale)
);

CREATE TABLE message_setting (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  -- Language of customers who have chosen none.
  locale text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'sw')),
  per_minute integer NOT NULL DEFAULT 120 CHECK (per_minute BETWEEN 1 AND 10000),
  per_day integer NOT NULL DEFAULT 10000 CHECK (per_day BETWEEN 1 AND 1000000),
  -- In the company's time zone; equal means no quiet hours.
  quiet_from time NOT NULL DEFAULT '21:00',
  quiet_until time NOT NULL DEFAULT '07:00',
  -- Automatic kinds that this company does not want.
  silent text[] NOT NULL DEFAULT '{}' CHECK (cardinality(silent) <= 50),
  -- What a segment costs, for the preview; carriers tell the true price of each.
  segment_micros bigint CHECK (segment_micros BETWEEN 0 AND 1000000000),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1
);

-- How many were sent in the running minute and day of a company.
CREATE TABLE message_meter (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  minute timestamptz NOT NULL,
  minute_count integer NOT NULL,
  day date NOT NULL,
  day_count integer NOT NULL
) WITH (fillfactor = 50);

-- What a person wants to hear of, how and in which language. No row: everything, as the company sends it.
CREATE TABLE message_preference (
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscriber_id bigint PRIMARY KEY REFERENCES subscriber ON DELETE CASCADE,
  locale text CHECK (locale IN ('en', 'sw')),
  channel text CHECK (channel IN ('sms', 'email', 'both')),
  muted text[] NOT NULL DEFAULT '{}' CHECK (cardinality(muted) <= 20),
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);

-- Whether this installation has a mail server of its own (LANGO_SMTP_URL), for companies that have none. Written by the jobs role at its start.
CREATE TABLE message_relay (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  at timestamptz NOT NULL DEFAULT now()
);

SELECT platform_protect_table(t) FROM unnest(ARRAY['message', 'message_default', 'message_key', 'message_attempt', 'message_report', 'message_provider', 'message_template',
  'message_setting', 'message_meter', 'message_preference']::regclass[]) t;
SELECT platform_keep_reference('message_preference', 'subscriber_id', 'subscriber');
SELECT platform_make_partitions(3);

GRANT SELECT ON message, message_attempt, message_report, message_meter TO lango_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON message_provider, message_template, message_setting, message_preference TO lango_web;
GRANT SELECT ON message, message_attempt, message_report, message_provider, message_setting, message_key TO lango_jobs;
GRANT DELETE ON message_key, message_attempt, message_report TO lango_jobs;
GRANT SELECT, INSERT, DELETE ON message_relay TO lango_jobs;
GRANT SELECT ON message_relay TO lango_web;

-- Subscriptions that end soon, for the reminders.
CREATE INDEX subscription_ends ON subscription (expires_at) WHERE status = 'active';

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('messages.read', 'isp_admin support sales finance'), ('messages.send', 'isp_admin support sales'), ('messages.settings', 'isp_admin'))
  AS p (permission, roles) ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
