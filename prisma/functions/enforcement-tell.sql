-- Tells pages which enforcement rows a statement has changed (the trigger stands in prisma/migrations/0076_enforcement_told_once).

-- Up to twenty of a company by name, so that a page fetches its row alone; more as one word. EXCEPT and no join of the rows as they were with the rows
-- as they are: the connections that write most are told not to hash, and then each row would be held against each. Claims change nothing that is told.
CREATE OR REPLACE FUNCTION enforcement_tell_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Most statements that look for rows to change find none.
  IF NOT EXISTS (SELECT FROM changed) THEN RETURN NULL; END IF;
  PERFORM pg_notify('lango_live', word) FROM (
    SELECT DISTINCT CASE WHEN count(*) OVER (PARTITION BY tenant_id) > 20 THEN json_build_object('tenant', tenant_id::text, 'topic', 'enforcement')::text
      ELSE json_strip_nulls(json_build_object('tenant', tenant_id::text, 'topic', 'enforcement', 'id', id::text, 'session', session_id::text))::text END AS word
    FROM (SELECT id, tenant_id, session_id, state, attempts FROM changed EXCEPT SELECT id, tenant_id, session_id, state, attempts FROM was) told) words;
  RETURN NULL;
END $$;
