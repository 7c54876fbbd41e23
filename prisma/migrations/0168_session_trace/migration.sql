-- Each time somebody asked who had an address: who, why, and the answer as it was given. A lawful request is answered once and can be shown again.
CREATE TABLE session_trace (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  staff_id bigint NOT NULL REFERENCES staff,
  asked_at timestamptz NOT NULL DEFAULT lango_now(),
  address inet NOT NULL,
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 5 AND 500),
  answer jsonb NOT NULL,
  CHECK (to_at >= from_at AND to_at <= from_at + interval '31 days')
);
CREATE INDEX ON session_trace (tenant_id, id DESC);
SELECT platform_protect_table('session_trace');
SELECT platform_keep_reference('session_trace', 'staff_id', 'staff');
GRANT SELECT, INSERT ON session_trace TO lango_web;
