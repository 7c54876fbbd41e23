-- Work on many rows that staff asked for: what was chosen is written down row by row with its fate before anything happens, and each row then gets its
-- own outcome. Imports are such runs too.
CREATE TABLE bulk_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  action text NOT NULL,
  -- The task that does its rows: <slice>.work.
  task text NOT NULL,
  -- What a person must hold to start, stop or undo it.
  permission text NOT NULL,
  params jsonb NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'stopped', 'done', 'undoing', 'undone')),
  total integer NOT NULL DEFAULT 0,
  -- Rows that will be worked on, and what has become of them.
  planned integer NOT NULL DEFAULT 0,
  done integer NOT NULL DEFAULT 0,
  refused integer NOT NULL DEFAULT 0,
  undone integer NOT NULL DEFAULT 0,
  kept integer NOT NULL DEFAULT 0,
  created_by bigint REFERENCES staff,
  created_by_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  started_at timestamptz,
  finished_at timestamptz,
  -- Of the machine's clock: when rows were last worked on; one that stood still is taken up by another process.
  beat_at timestamptz
);
CREATE INDEX ON bulk_run (tenant_id, id DESC);
CREATE INDEX bulk_run_at_work ON bulk_run (beat_at) WHERE state IN ('running', 'undoing');

CREATE TABLE bulk_row (
  run_id bigint NOT NULL REFERENCES bulk_run ON DELETE CASCADE,
  seq integer NOT NULL,
  tenant_id bigint NOT NULL,
  subscription_id bigint,
  subscriber_id bigint,
  label text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}',
  -- Whether it will be worked on, and else why not.
  fate text NOT NULL CHECK (fate IN ('will', 'wont')),
  note text,
  outcome text CHECK (outcome IN ('done', 'refused', 'undone', 'kept')),
  -- What undoing needs to know.
  before jsonb,
  at timestamptz,
  PRIMARY KEY (run_id, seq)
) WITH (fillfactor = 80);
CREATE INDEX bulk_row_waiting ON bulk_row (run_id, seq) WHERE fate = 'will' AND outcome IS NULL;
CREATE INDEX bulk_row_done ON bulk_row (run_id, seq) WHERE outcome = 'done';

SELECT platform_protect_table('bulk_run'), platform_protect_table('bulk_row');
SELECT platform_keep_reference('bulk_run', 'created_by', 'staff'), platform_keep_reference('bulk_row', 'run_id', 'bulk_run');
GRANT SELECT, INSERT, UPDATE, DELETE ON bulk_run, bulk_row TO lango_web;
GRANT SELECT, DELETE ON bulk_run TO lango_jobs;
GRANT SELECT, DELETE ON bulk_row TO lango_jobs;
