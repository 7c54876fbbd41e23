-- Outbound webhooks (Standard Webhooks): what happens here is told to programs elsewhere, signed, and tried again until they take it.

-- Where a company wants to be told. The signing secret is sealed (AES-256-GCM under the master key); while a new one is being brought in, the
-- one before it signs too.
CREATE TABLE webhook_endpoint (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  url text NOT NULL CHECK (length(url) BETWEEN 10 AND 2000),
  description text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
  -- Names of events, or '*' for all that there are and will be.
  events text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 100),
  secret_enc bytea NOT NULL,
  former_secret_enc bytea,
  former_until timestamptz,
  -- paused: by a person, what happens meanwhile is not told. disabled: by us, after days without a delivery.
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
  -- Since when nothing has been taken; NULL while deliveries succeed.
  failing_since timestamptz,
  failures integer NOT NULL DEFAULT 0,
  -- A receiver that fails again and again is left alone until then, however much waits for it.
  resting_until timestamptz,
  last_success_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX webhook_endpoint_of_company ON webhook_endpoint (tenant_id, id DESC);

-- What happened, as it stood when it happened: written by triggers in the transaction that did it.
CREATE TABLE webhook_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- The header webhook-id: the same for every try and replay, so that the receiver can tell what it has seen.
  message_id text NOT NULL UNIQUE DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
  type text NOT NULL,
  at timestamptz NOT NULL DEFAULT lango_now(),
  payload jsonb NOT NULL
);
CREATE INDEX webhook_event_of_company ON webhook_event (tenant_id, at DESC, id DESC);
CREATE INDEX webhook_event_old ON webhook_event (at);

CREATE TABLE webhook_delivery (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  endpoint_id bigint NOT NULL REFERENCES webhook_endpoint ON DELETE CASCADE,
  event_id bigint NOT NULL REFERENCES webhook_event ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
  -- Tries of this round; a replay begins a new one.
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamptz DEFAULT lango_now(),
  claimed_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  ended_at timestamptz,
  UNIQUE (endpoint_id, event_id),
  CHECK ((state = 'waiting') = (next_try_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_try_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_of_endpoint ON webhook_delivery (endpoint_id, id DESC);
CREATE INDEX webhook_delivery_of_event ON webhook_delivery (event_id);

-- Each try: what was sent and what came back. Signatures are not kept.
CREATE TABLE webhook_attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  delivery_id bigint NOT NULL REFERENCES webhook_delivery ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT lango_now(),
  ms integer NOT NULL,
  status integer,
  -- One word of ours where no answer came, e.g. timeout, refused_address.
  fault text CHECK (length(fault) <= 40),
  request_head jsonb NOT NULL DEFAULT '{}',
  response_head jsonb NOT NULL DEFAULT '{}',
  response_body text CHECK (length(response_body) <= 2000)
);
CREATE INDEX webhook_attempt_of_delivery ON webhook_attempt (delivery_id, id);

SELECT platform_protect_table('webhook_endpoint'), platform_protect_table('webhook_event'), platform_protect_table('webhook_delivery'), platform_protect_table('webhook_attempt');

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoint TO lango_web;
GRANT SELECT ON webhook_event, webhook_delivery, webhook_attempt TO lango_web;
GRANT UPDATE (state, tries, next_try_at, claimed_until, ended_at) ON webhook_delivery TO lango_web;
GRANT SELECT ON webhook_endpoint, webhook_event, webhook_delivery, webhook_attempt TO lango_jobs;
GRANT UPDATE (state, failing_since, failures, resting_until, last_success_at) ON webhook_endpoint TO lango_jobs;
GRANT INSERT ON webhook_attempt, audit_event TO lango_jobs;
GRANT UPDATE ON webhook_delivery TO lango_jobs;
GRANT DELETE ON webhook_event TO lango_jobs;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p FROM staff_role r, unnest(ARRAY['webhooks.read', 'webhooks.write']) p WHERE r.tenant_id IS NULL AND r.key IN ('super_admin', 'isp_admin');
