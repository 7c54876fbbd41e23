-- Since when a router's secret is the one that stands there (NULL: since before this was kept): a password that was refused under another one, with PAP, says
-- nothing of the password. Who renames a router changes no secret, and a rotation changes nothing else.
ALTER TABLE nas ADD COLUMN secret_set_at timestamptz;

CREATE FUNCTION nas_secret_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.secret_set_at := lango_now();
  RETURN NEW;
END $$;
CREATE TRIGGER nas_secret_made BEFORE INSERT ON nas FOR EACH ROW EXECUTE FUNCTION nas_secret_set();
CREATE TRIGGER nas_secret_set BEFORE UPDATE ON nas FOR EACH ROW WHEN (NEW.secret IS DISTINCT FROM OLD.secret) EXECUTE FUNCTION nas_secret_set();
