-- How each person has set up a list, and the views (saved filters) that they keep for themselves or share with their colleagues.
CREATE TABLE table_choice (
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  list text NOT NULL CHECK (list ~ '^[a-z-]{1,40}$'),
  columns text[] NOT NULL CHECK (cardinality(columns) <= 40),
  PRIMARY KEY (staff_id, list)
);
CREATE TABLE table_view (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff ON DELETE CASCADE,
  list text NOT NULL CHECK (list ~ '^[a-z-]{1,40}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
  -- What stands behind the question mark.
  query text NOT NULL CHECK (length(query) <= 1000),
  shared boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE UNIQUE INDEX table_view_name ON table_view (staff_id, list, lower(name));
CREATE INDEX ON table_view (tenant_id, list);
SELECT platform_protect_table('table_choice'), platform_protect_table('table_view');
SELECT platform_keep_reference('table_choice', 'staff_id', 'staff'), platform_keep_reference('table_view', 'staff_id', 'staff');
GRANT SELECT, INSERT, UPDATE, DELETE ON table_choice TO lango_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON table_view TO lango_web;
