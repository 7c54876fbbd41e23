-- How far each FreeRADIUS host's log of answers has been loaded. Kept in the same transaction as the rows, so that a loader killed
-- at any moment loads each line once.
CREATE TABLE access_log_position (
  log text PRIMARY KEY CHECK (length(log) <= 200),
  position bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- A changed secret, address or policy is often a changed router: what the old one was able to sign says nothing about the new one.
CREATE FUNCTION access_forget_signature() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE nas_status SET message_authenticator_seen_at = NULL WHERE nas_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER access_forget_signature AFTER UPDATE ON nas FOR EACH ROW
  WHEN ((OLD.secret, OLD.nasname, OLD.message_authenticator) IS DISTINCT FROM (NEW.secret, NEW.nasname, NEW.message_authenticator))
  EXECUTE FUNCTION access_forget_signature();
