-- Service that is bought at a hotspot: which devices it is for, and who is let in when it is paid.

-- The name under which a device's service is known: the one that lets it in, else the one bound last.
CREATE OR REPLACE FUNCTION hotspot_username_of(p_tenant_id bigint, p_mac text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT n.username FROM hotspot_device d
          CROSS JOIN LATERAL (SELECT username, access_state FROM subscription_now WHERE id = d.subscription_id OFFSET 0) n
          WHERE d.tenant_id = p_tenant_id AND d.mac = p_mac AND n.access_state <> 'ended'
          ORDER BY subscription_is_entitled(n.access_state) DESC, d.bound_at DESC, d.id DESC LIMIT 1);
END $$;

-- Binds a device to a service and lets it in at its router. The service is for so many devices as its plan says: beyond that those bound longest ago are
-- forgotten, and of the sessions that are then too many the ones of forgotten devices end first. The caller has shown that the service is theirs.
-- Gives whether the router's API was told: where it is not known, the device comes in when the router tries its address.
CREATE OR REPLACE FUNCTION hotspot_bind(p_subscription_id bigint, p_mac text, p_nas_id bigint, p_reason text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v record;
  v_now timestamptz := lango_now();
BEGIN
  -- One device after the other.
  SELECT s.tenant_id, p.simultaneous_use INTO v FROM subscription s JOIN plan_version p ON p.id = s.plan_version_id WHERE s.id = p_subscription_id FOR NO KEY UPDATE OF s;
  INSERT INTO hotspot_device (tenant_id, subscription_id, mac, bound_at) VALUES (v.tenant_id, p_subscription_id, p_mac, v_now)
  ON CONFLICT (subscription_id, mac) DO UPDATE SET bound_at = excluded.bound_at;
  DELETE FROM hotspot_device WHERE id IN (
    SELECT id FROM hotspot_device WHERE subscription_id = p_subscription_id ORDER BY mac = p_mac DESC, bound_at DESC, id DESC OFFSET v.simultaneous_use);
  PERFORM enforce_session(o.radacctid, 'cut', 'device_replaced')
  FROM (
    SELECT l.radacctid, dense_rank() OVER (ORDER BY d.id IS NOT NULL DESC, l.started_at DESC, l.nas_id, l.mac) AS place
    FROM session_live l LEFT JOIN hotspot_device d ON d.subscription_id = l.subscription_id AND d.mac = l.mac
    WHERE l.subscription_id = p_subscription_id AND l.stopped_at IS NULL AND l.mac IS DISTINCT FROM p_mac) o
  WHERE o.place >= v.simultaneous_use;
  RETURN p_nas_id IS NOT NULL AND enforce_login(p_subscription_id, p_nas_id, p_mac, p_reason) IS NOT NULL;
END $$;

-- Lets the device of a pass in, if its service lets anybody in. Whether it was: NULL for a pass without a device.
CREATE OR REPLACE FUNCTION hotspot_admit(p_pass_id bigint, p_reason text DEFAULT 'payment') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE p hotspot_pass;
BEGIN
  SELECT * INTO p FROM hotspot_pass WHERE id = p_pass_id;
  IF p.id IS NULL THEN RETURN false; END IF;
  PERFORM enforcement_check_tenant(p.tenant_id);
  IF NOT coalesce((SELECT subscription_is_entitled(n.access_state) FROM subscription_now n WHERE n.id = p.subscription_id), false) THEN
    RETURN false;
  END IF;
  UPDATE hotspot_pass SET admitted_at = coalesce(admitted_at, lango_now()) WHERE id = p_pass_id;
  IF p.mac IS NULL THEN RETURN NULL; END IF;
  PERFORM hotspot_bind(p.subscription_id, p.mac, p.nas_id, p_reason);
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION hotspot_admit TO lango_web;

-- A payment has been settled: whoever asked for it from a pass is let in, in the same transaction. One who had paid too little before is let in with the rest.
CREATE OR REPLACE FUNCTION hotspot_paid() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM hotspot_admit(o.pass_id)
  FROM (
    SELECT h.pass_id FROM hotspot_order h WHERE h.payment_id = NEW.id
    UNION
    SELECT h.pass_id FROM hotspot_pass p JOIN hotspot_order h ON h.pass_id = p.id JOIN payment b ON b.id = h.payment_id
    WHERE p.subscription_id = NEW.subscription_id AND p.admitted_at IS NULL AND p.created_at > lango_now() - interval '2 days' AND b.state = 'settled'
    ORDER BY 1) o;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER hotspot_paid AFTER UPDATE OF state ON payment FOR EACH ROW
  WHEN (NEW.state = 'settled' AND OLD.state <> 'settled' AND NEW.subscription_id IS NOT NULL) EXECUTE FUNCTION hotspot_paid();

-- A device of a service that runs waits at a router: it is let in there. Whoever knows the device's address may ask for it, so nothing is bound anew.
CREATE OR REPLACE FUNCTION hotspot_greet(p_mac text, p_nas_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  v_id := (SELECT d.subscription_id FROM hotspot_device d
           CROSS JOIN LATERAL (SELECT access_state FROM subscription_now WHERE id = d.subscription_id OFFSET 0) n
           WHERE d.tenant_id = lango_tenant() AND d.mac = p_mac AND subscription_is_entitled(n.access_state)
           ORDER BY d.bound_at DESC, d.id DESC LIMIT 1);
  -- Asked for at most so often, however often the page is loaded.
  IF v_id IS NOT NULL AND p_nas_id IS NOT NULL
     AND NOT EXISTS (SELECT FROM session_live l WHERE l.subscription_id = v_id AND l.stopped_at IS NULL AND l.mac = p_mac)
     AND NOT EXISTS (SELECT FROM enforcement e WHERE e.subscription_id = v_id AND e.kind = 'login' AND e.params->>'mac' = p_mac
                       AND (e.state = 'open' OR e.closed_at > lango_now() - interval '10 seconds')) THEN
    PERFORM enforce_login(v_id, p_nas_id, p_mac, 'payment');
  END IF;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION hotspot_greet TO lango_web;

-- The company's house account for guests who told no name: that of voucher guests.
CREATE OR REPLACE FUNCTION hotspot_guests() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN RETURN voucher_guests(lango_tenant()); END $$;
GRANT EXECUTE ON FUNCTION hotspot_guests TO lango_web;
