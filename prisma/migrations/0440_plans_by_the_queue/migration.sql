-- Runs whose rows the queue writes down, because a request must not last as long. `planning`: at it, `planned` of `total` lines are weighed; `failed`: given up.
ALTER TABLE bulk_run DROP CONSTRAINT bulk_run_state_check,
  ADD CONSTRAINT bulk_run_state_check CHECK (state IN ('planning', 'failed', 'draft', 'running', 'stopped', 'done', 'undoing', 'undone')),
  -- How often planning was begun. What an earlier try still writes is not taken.
  ADD COLUMN tries integer NOT NULL DEFAULT 0;
DROP INDEX bulk_run_at_work;
CREATE INDEX bulk_run_at_work ON bulk_run (beat_at) WHERE state IN ('planning', 'running', 'undoing');

-- The file that such a run is read from: it is that run's alone, and goes with it.
ALTER TABLE import_file ADD COLUMN run_id bigint REFERENCES bulk_run ON DELETE CASCADE;
CREATE UNIQUE INDEX import_file_run ON import_file (run_id) WHERE run_id IS NOT NULL;
SELECT platform_keep_reference('import_file', 'run_id', 'bulk_run');
GRANT UPDATE (run_id) ON import_file TO lango_web;

-- Payments by bank that somebody recorded by hand: each line of a statement looks whether it was, since its fate was shown.
CREATE INDEX payment_bank_by_hand ON payment (tenant_id, created_at) WHERE method = 'bank' AND receipt IS NULL;
