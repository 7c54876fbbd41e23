-- Pages are told of changed rows once per statement. At a midnight thousands of rows change in one, and a notification for each cost more than the work.
DROP TRIGGER enforcement_notify_insert ON enforcement;
DROP TRIGGER enforcement_notify_update ON enforcement;
DROP FUNCTION enforcement_notify();

CREATE FUNCTION enforcement_tell_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM changed) THEN
    PERFORM pg_notify('lango_enforcement', '');
    -- Up to twenty by name, so that a page fetches its row alone; more as one word per company.
    PERFORM pg_notify('lango_live', json_strip_nulls(json_build_object('tenant', tenant_id::text, 'topic', 'enforcement', 'id', id::text, 'session', session_id::text))::text)
    FROM changed WHERE (SELECT count(*) FROM changed) <= 20;
    PERFORM pg_notify('lango_live', json_strip_nulls(json_build_object('tenant', tenant_id::text, 'topic', 'enforcement'))::text)
    FROM changed WHERE (SELECT count(*) FROM changed) > 20 GROUP BY tenant_id;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION enforcement_tell_updated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_rows integer := (SELECT count(*) FROM was JOIN changed ON changed.id = was.id WHERE was.state <> changed.state OR was.attempts <> changed.attempts);
BEGIN
  IF v_rows > 20 THEN
    PERFORM pg_notify('lango_live', json_build_object('tenant', tenant_id::text, 'topic', 'enforcement')::text) FROM changed GROUP BY tenant_id;
  ELSIF v_rows > 0 THEN
    PERFORM pg_notify('lango_live', json_strip_nulls(json_build_object('tenant', changed.tenant_id::text, 'topic', 'enforcement', 'id', changed.id::text, 'session', changed.session_id::text))::text)
    FROM was JOIN changed ON changed.id = was.id WHERE was.state <> changed.state OR was.attempts <> changed.attempts;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER enforcement_tell_inserted AFTER INSERT ON enforcement REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enforcement_tell_inserted();
CREATE TRIGGER enforcement_tell_updated AFTER UPDATE ON enforcement REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enforcement_tell_updated();
