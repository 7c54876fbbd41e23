-- A file that was uploaded and waits for its columns to be named. Its content is sealed, for it holds passwords, and is gone as soon as its rows are planned.
CREATE TABLE import_file (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL,
  content bytea NOT NULL,
  encoding text NOT NULL,
  delimiter text NOT NULL,
  rows integer NOT NULL,
  created_by bigint REFERENCES staff,
  created_at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE INDEX ON import_file (created_at);
SELECT platform_protect_table('import_file'), platform_keep_reference('import_file', 'created_by', 'staff');
GRANT SELECT, INSERT, DELETE ON import_file TO lango_web;
GRANT SELECT (id, created_at), DELETE ON import_file TO lango_jobs;
