-- Several routers of one company behind one address (carrier NAT, without tunnels) are told apart by the realm of their /radius row, or by
-- their own name where they send none. They are one client to RADIUS: one secret, one make, one policy.
ALTER TABLE nas ADD COLUMN realm text CHECK (length(realm) BETWEEN 1 AND 64);
ALTER TABLE nas DROP CONSTRAINT nas_nasname_key;
ALTER TABLE nas ADD CONSTRAINT nas_nasname_realm_key UNIQUE NULLS NOT DISTINCT (nasname, realm);
GRANT SELECT (realm) ON nas TO lango_web, lango_enforcer;

-- One address is still one company and one secret, whoever writes the row.
CREATE FUNCTION nas_share_address() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('nas ' || NEW.nasname, 0));
  IF EXISTS (SELECT FROM nas o WHERE o.nasname = NEW.nasname AND o.tenant_id <> NEW.tenant_id) THEN
    RAISE EXCEPTION 'another router has this address' USING ERRCODE = 'unique_violation', CONSTRAINT = 'nas_nasname_realm_key';
  END IF;
  IF EXISTS (SELECT FROM nas o WHERE o.nasname = NEW.nasname
             AND (o.secret, o.type, o.message_authenticator) IS DISTINCT FROM (NEW.secret, NEW.type, NEW.message_authenticator)) THEN
    RAISE EXCEPTION 'routers behind one address share secret, make and policy' USING ERRCODE = 'unique_violation', CONSTRAINT = 'nas_shared_address';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER nas_share_address AFTER INSERT OR UPDATE OF nasname, tenant_id, secret, type, message_authenticator ON nas
  FOR EACH ROW EXECUTE FUNCTION nas_share_address();
