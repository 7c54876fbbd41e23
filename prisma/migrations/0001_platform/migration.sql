-- Group roles: what each part of Lango may do. Nobody logs in as one of these; login roles per database are members
-- (control-plane/platform/db/roles.ts). Roles live in the whole cluster, so they may exist already.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['lango_web', 'lango_jobs', 'lango_accounting', 'lango_enforcer', 'lango_radius'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', r);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO lango_web, lango_jobs, lango_accounting, lango_enforcer, lango_radius;
-- Functions are closed unless granted: a SECURITY DEFINER function open to PUBLIC would undo everything below.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The one clock. Only the owner may shift it, and only scenarios do.
CREATE TABLE platform_clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  shift interval NOT NULL DEFAULT '0'
);
INSERT INTO platform_clock DEFAULT VALUES;
GRANT SELECT ON platform_clock TO lango_web, lango_jobs, lango_accounting, lango_enforcer, lango_radius;

CREATE FUNCTION lango_now() RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT now() + (SELECT shift FROM platform_clock) $$;
COMMENT ON FUNCTION lango_now() IS 'Transaction time on Lango''s clock. Every rule about time reads this and nothing else.';

-- '' is what a session sees after SET LOCAL has ended (not NULL): both must mean "no tenant".
CREATE FUNCTION lango_tenant() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('lango.tenant', true), '')::bigint $$;
COMMENT ON FUNCTION lango_tenant() IS 'The company this transaction works for, or NULL, which matches no row.';

GRANT EXECUTE ON FUNCTION lango_now(), lango_tenant() TO lango_web, lango_jobs, lango_accounting, lango_enforcer, lango_radius;

-- Which repeatable function files (prisma/functions) stand in this database.
CREATE TABLE platform_function_file (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- One row per process that serves; /readyz and lango doctor read it.
CREATE TABLE platform_heartbeat (
  part text NOT NULL,
  instance text NOT NULL,
  beat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state text NOT NULL DEFAULT 'ok',
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (part, instance)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform_heartbeat TO lango_jobs, lango_accounting, lango_enforcer, lango_web;

-- A scheduled job runs once per tick wherever it fires.
CREATE TABLE platform_job_tick (
  job text NOT NULL,
  scheduled_for timestamptz NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  rows_touched bigint,
  error text,
  PRIMARY KEY (job, scheduled_for)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform_job_tick TO lango_jobs;
GRANT SELECT ON platform_job_tick TO lango_web;
