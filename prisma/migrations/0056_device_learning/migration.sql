-- Locked to the first device that comes online: mac_lock is filled when its accounting begins. Clearing the lock while this is set learns again.
ALTER TABLE subscription ADD COLUMN mac_learn boolean NOT NULL DEFAULT false;

-- A name that is a hardware address belongs to that device (hotspot MAC authentication): RouterOS holds it so for its local users too.
CREATE FUNCTION access_lock_named_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.mac_lock IS NULL AND (TG_OP = 'INSERT' OR NEW.username <> OLD.username) THEN
    NEW.mac_lock := access_mac(NEW.username);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER access_lock_named_device BEFORE INSERT OR UPDATE OF username ON subscription FOR EACH ROW EXECUTE FUNCTION access_lock_named_device();
