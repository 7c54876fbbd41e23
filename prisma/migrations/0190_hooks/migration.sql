-- Calls from outside (POST /hooks/:kind/:token): what providers tell us, kept as it came before it is answered.

-- The secret part of the address that a company gives to a provider. Found by its hash; sealed beside it, because each new order names it again.
CREATE TABLE hook_token (
  tenant_id bigint NOT NULL REFERENCES tenant,
  account text NOT NULL CHECK (account ~ '^[a-z]{2,30}$'),
  token_hash bytea NOT NULL UNIQUE,
  token_enc bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  PRIMARY KEY (tenant_id, account)
);

CREATE TABLE hook_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  kind text NOT NULL,
  -- The wall clock: how long each step took is measured from here.
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ip inet,
  -- It came to an address with a token; false: to one that anybody may know.
  by_token boolean NOT NULL,
  headers jsonb NOT NULL DEFAULT '{}',
  body bytea NOT NULL CHECK (length(body) <= 262144),
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'ignored', 'stuck')),
  note text CHECK (length(note) <= 300),
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamptz DEFAULT clock_timestamp(),
  claimed_until timestamptz,
  CHECK ((state = 'waiting') = (next_try_at IS NOT NULL))
);
CREATE INDEX hook_event_due ON hook_event (next_try_at) WHERE state = 'waiting';
CREATE INDEX hook_event_stuck ON hook_event (tenant_id, id DESC) WHERE state = 'stuck';
CREATE INDEX hook_event_old ON hook_event (received_at);

SELECT platform_protect_table(t) FROM unnest(ARRAY['hook_token', 'hook_event']::regclass[]) t;
GRANT SELECT, INSERT, UPDATE ON hook_token TO lango_web;
GRANT SELECT ON hook_event TO lango_web;
GRANT UPDATE (state, note, tries, next_try_at, claimed_until) ON hook_event TO lango_web;
GRANT SELECT, DELETE ON hook_event TO lango_jobs;
