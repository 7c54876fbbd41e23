-- People who sign up by themselves: what a company offers them, and what they asked for.
CREATE TABLE join_setting (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  is_open boolean NOT NULL DEFAULT false,
  needs_approval boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE TABLE join_plan (
  tenant_id bigint NOT NULL REFERENCES tenant,
  plan_id bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
  PRIMARY KEY (tenant_id, plan_id)
);
CREATE TABLE join_request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- What the browser holds, hashed: the request is theirs alone.
  ticket_hash bytea NOT NULL UNIQUE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  phone text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  email text CHECK (length(email) <= 254),
  channel text NOT NULL CHECK (channel IN ('sms', 'email')),
  -- Where the code went.
  recipient text NOT NULL,
  plan_id bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
  locale text NOT NULL CHECK (locale IN ('en', 'sw')),
  ip inet,
  -- HMAC of the code; gone as soon as it was used.
  code_hash bytea,
  code_expires_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
  sends integer NOT NULL DEFAULT 1,
  sent_at timestamptz NOT NULL DEFAULT lango_now(),
  state text NOT NULL DEFAULT 'unconfirmed' CHECK (state IN ('unconfirmed', 'waiting', 'known', 'joined', 'refused')),
  -- Why it waits for staff.
  reason text CHECK (reason IN ('approval', 'phone_unproven', 'limit', 'known')),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  confirmed_at timestamptz,
  decided_at timestamptz,
  decided_by bigint REFERENCES staff,
  subscriber_id bigint REFERENCES subscriber ON DELETE SET NULL,
  subscription_id bigint REFERENCES subscription ON DELETE SET NULL
);
CREATE INDEX join_request_shown ON join_request (tenant_id, id DESC) WHERE state <> 'unconfirmed';
CREATE INDEX join_request_recipient ON join_request (tenant_id, recipient, sent_at);
CREATE INDEX join_request_sent ON join_request (tenant_id, sent_at);
CREATE INDEX join_request_subscriber ON join_request (subscriber_id);
CREATE INDEX join_request_subscription ON join_request (subscription_id);
SELECT platform_protect_table('join_setting'), platform_protect_table('join_plan'), platform_protect_table('join_request');
SELECT platform_keep_reference('join_plan', 'plan_id', 'plan'),
       platform_keep_reference('join_request', 'plan_id', 'plan'),
       platform_keep_reference('join_request', 'decided_by', 'staff'),
       platform_keep_reference('join_request', 'subscriber_id', 'subscriber'),
       platform_keep_reference('join_request', 'subscription_id', 'subscription');
GRANT SELECT, INSERT, UPDATE ON join_setting, join_request TO lango_web;
GRANT SELECT, INSERT, DELETE ON join_plan TO lango_web;
GRANT SELECT (id, state, created_at), DELETE ON join_request TO lango_jobs;
