-- The constraint's name stands in the message too: not every driver hands it over.
CREATE OR REPLACE FUNCTION nas_share_address() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('nas ' || NEW.nasname, 0));
  IF EXISTS (SELECT FROM nas o WHERE o.nasname = NEW.nasname AND o.tenant_id <> NEW.tenant_id) THEN
    RAISE EXCEPTION 'another router has this address: "nas_nasname_realm_key"' USING ERRCODE = 'unique_violation', CONSTRAINT = 'nas_nasname_realm_key';
  END IF;
  IF EXISTS (SELECT FROM nas o WHERE o.nasname = NEW.nasname
             AND (o.secret, o.type, o.message_authenticator) IS DISTINCT FROM (NEW.secret, NEW.type, NEW.message_authenticator)) THEN
    RAISE EXCEPTION 'routers behind one address share secret, make and policy: "nas_shared_address"' USING ERRCODE = 'unique_violation', CONSTRAINT = 'nas_shared_address';
  END IF;
  RETURN NULL;
END $$;
