-- What must become true for a session, and why. Written in the transaction of what made it necessary; closed only on proof.
CREATE TABLE enforcement (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  session_id bigint NOT NULL,
  nas_id bigint NOT NULL,
  subscription_id bigint,
  kind text NOT NULL CHECK (kind IN ('cut', 'throttle', 'restore', 'refresh', 'login')),
  reason text NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'proven', 'unproven', 'gave_up')),
  -- Target of throttle/restore set by hand: {"down_kbps": n, "up_kbps": n}. Otherwise the enforcer reads the subscription when it sends.
  params jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT lango_now(),
  acked_at timestamptz,
  claimed_by text,
  claimed_until timestamptz,
  proven_by text CHECK (proven_by IN ('stop', 'interim', 'silence', 'read_back', 'superseded', 'new_session')),
  proven_at timestamptz,
  closed_at timestamptz,
  request_id text
);
-- One open row per session and kind: asking twice is asking once.
CREATE UNIQUE INDEX enforcement_open ON enforcement (session_id, kind) WHERE state = 'open';
CREATE INDEX enforcement_due ON enforcement (next_attempt_at) WHERE state = 'open';
CREATE INDEX ON enforcement (session_id);
CREATE INDEX ON enforcement (subscription_id, id DESC);
CREATE INDEX ON enforcement (tenant_id, id DESC);

CREATE TABLE enforcement_attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  enforcement_id bigint NOT NULL REFERENCES enforcement ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT lango_now(),
  via text NOT NULL CHECK (via IN ('coa', 'disconnect', 'api')),
  outcome text NOT NULL CHECK (outcome IN ('ack', 'nak', 'silence')),
  error_cause integer,
  ms integer NOT NULL
);
CREATE INDEX ON enforcement_attempt (enforcement_id, id);

CREATE FUNCTION enforcement_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM pg_notify('lango_enforcement', '');
  END IF;
  PERFORM pg_notify('lango_live', json_build_object('tenant', NEW.tenant_id::text, 'topic', 'enforcement', 'id', NEW.id::text, 'session', NEW.session_id::text)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER enforcement_notify_insert AFTER INSERT ON enforcement FOR EACH ROW EXECUTE FUNCTION enforcement_notify();
CREATE TRIGGER enforcement_notify_update AFTER UPDATE ON enforcement FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.attempts IS DISTINCT FROM NEW.attempts) EXECUTE FUNCTION enforcement_notify();
