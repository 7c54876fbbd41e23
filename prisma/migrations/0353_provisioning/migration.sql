-- How a router is brought in: one line to paste, a script that fits its version, what it was told, and what was tested afterwards.

-- Of the whole installation, written at each start: by what routers reach us.
CREATE TABLE provisioning_installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  public_url text NOT NULL,
  host text NOT NULL,
  auth_port integer NOT NULL,
  acct_port integer NOT NULL,
  tunnel_port integer NOT NULL,
  tunnel_public_key text NOT NULL,
  tunnel_key_enc bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);
GRANT SELECT (public_url, host, auth_port, acct_port, tunnel_port, tunnel_public_key) ON provisioning_installation TO lango_web;
GRANT SELECT ON provisioning_installation TO lango_jobs;

-- What a router is to be told. Its tunnel address is its own for good; the word of the line to paste is kept as a hash and ends.
CREATE TABLE provisioning_router (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  way text NOT NULL CHECK (way IN ('direct', 'tunnel')),
  tunnel_address inet UNIQUE CHECK (tunnel_address << '10.253.0.0/16'),
  tunnel_public_key text,
  tunnel_key_enc bytea,
  tunnel_password_enc bytea,
  -- Which kind of tunnel the router took, known when it has fetched its script.
  tunnel_kind text CHECK (tunnel_kind IN ('wireguard', 'sstp')),
  wanted jsonb NOT NULL DEFAULT '{}',
  -- What it was last told by us, row by row: what differs from this was changed by hand.
  applied jsonb,
  word_hash bytea UNIQUE,
  word_expires_at timestamptz,
  fetched_at timestamptz,
  fetched_from inet,
  fetched_version text,
  finished_at timestamptz,
  failed_step text,
  failed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  CHECK ((way = 'tunnel') = (tunnel_address IS NOT NULL))
);

-- A self-test, a plan or its application: asked for in the console, done by the jobs part, because a router may take seconds to answer.
CREATE TABLE provisioning_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('self_test', 'plan', 'apply')),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
  result jsonb,
  -- Why it could not be done, by a word of the slice's own.
  fault text,
  started_at timestamptz NOT NULL DEFAULT lango_now(),
  finished_at timestamptz
);
CREATE INDEX provisioning_run_of_router ON provisioning_run (nas_id, kind, id DESC);
SELECT platform_protect_table('provisioning_router'), platform_protect_table('provisioning_run');
SELECT platform_keep_reference('provisioning_router', 'nas_id', 'nas'), platform_keep_reference('provisioning_run', 'nas_id', 'nas');
GRANT SELECT, INSERT, UPDATE ON provisioning_router, provisioning_run TO lango_web;
GRANT SELECT ON provisioning_router, provisioning_run TO lango_jobs;
GRANT DELETE ON provisioning_run TO lango_jobs;

-- Open pages follow it.
CREATE FUNCTION provisioning_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lango_live', json_build_object('tenant', NEW.tenant_id::text, 'topic', 'router', 'id', NEW.nas_id::text)::text);
  RETURN NULL;
END $$;
CREATE TRIGGER provisioning_tell AFTER INSERT OR UPDATE ON provisioning_router FOR EACH ROW EXECUTE FUNCTION provisioning_tell();
CREATE TRIGGER provisioning_tell AFTER INSERT OR UPDATE ON provisioning_run FOR EACH ROW EXECUTE FUNCTION provisioning_tell();
