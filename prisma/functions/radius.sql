-- The only writers of radcheck, radreply, radusergroup and radgroupreply.

-- 'up/down' in the words of Mikrotik-Rate-Limit: rx (subscriber's upload) first, then tx; burst groups only when sold.
CREATE OR REPLACE FUNCTION radius_rate_limit(
  up_kbps bigint, down_kbps bigint, burst_up_kbps bigint DEFAULT NULL, burst_down_kbps bigint DEFAULT NULL,
  threshold_up_kbps bigint DEFAULT NULL, threshold_down_kbps bigint DEFAULT NULL, burst_time_s integer DEFAULT NULL
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT up_kbps || 'k/' || down_kbps || 'k'
    || CASE WHEN burst_up_kbps IS NOT NULL AND burst_down_kbps IS NOT NULL THEN
         ' ' || burst_up_kbps || 'k/' || burst_down_kbps || 'k '
         || coalesce(threshold_up_kbps, up_kbps) || 'k/' || coalesce(threshold_down_kbps, down_kbps) || 'k '
         || coalesce(burst_time_s, 16) || '/' || coalesce(burst_time_s, 16)
       ELSE '' END
$$;
COMMENT ON FUNCTION radius_rate_limit IS 'Mikrotik-Rate-Limit: rx/tx, where rx is the subscriber''s upload (the router''s point of view).';
GRANT EXECUTE ON FUNCTION radius_rate_limit TO lango_web, lango_jobs, lango_enforcer, lango_accounting, lango_radius;

CREATE OR REPLACE FUNCTION radius_plan_group(plan_version_id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT 'plan-' || plan_version_id $$;
GRANT EXECUTE ON FUNCTION radius_plan_group TO lango_web, lango_jobs;

-- radgroupreply of a plan version: what a plan says to a router whoever uses it. Per-subscriber and per-moment items are added by aaa_authorize.
CREATE OR REPLACE FUNCTION radius_write_plan_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO radgroupreply (tenant_id, groupname, attribute, op, value)
  SELECT NEW.tenant_id, radius_plan_group(NEW.id), i.attribute, i.op, i.value
  FROM (VALUES
    ('Mikrotik-Rate-Limit', ':=', radius_rate_limit(NEW.up_kbps, NEW.down_kbps, NEW.burst_up_kbps, NEW.burst_down_kbps,
                                                   NEW.burst_threshold_up_kbps, NEW.burst_threshold_down_kbps, NEW.burst_time_s)),
    ('Acct-Interim-Interval', ':=', NEW.interim_s::text),
    ('Idle-Timeout', ':=', NEW.idle_timeout_s::text),
    ('Framed-Pool', ':=', NEW.pool),
    ('Framed-IPv6-Pool', ':=', NEW.ipv6_pool),
    -- The name of RFC 6911 and RouterOS' older one for the same.
    ('Delegated-IPv6-Prefix-Pool', ':=', NEW.delegated_ipv6_pool),
    ('Mikrotik-Delegated-IPv6-Pool', ':=', NEW.delegated_ipv6_pool),
    -- RFC 3580 for switches and access points, RouterOS' own for its wireless.
    ('Tunnel-Type', ':=', CASE WHEN NEW.vlan_id IS NOT NULL THEN 'VLAN' END),
    ('Tunnel-Medium-Type', ':=', CASE WHEN NEW.vlan_id IS NOT NULL THEN 'IEEE-802' END),
    ('Tunnel-Private-Group-Id', ':=', NEW.vlan_id::text),
    ('Mikrotik-Wireless-VLANID', ':=', NEW.vlan_id::text),
    ('Mikrotik-Wireless-VLANID-Type', ':=', CASE WHEN NEW.vlan_id IS NOT NULL THEN '0' END),
    ('Mikrotik-Address-List', '+=', NEW.address_list)
  ) AS i (attribute, op, value)
  WHERE i.value IS NOT NULL;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER radius_write_plan_version AFTER INSERT ON plan_version FOR EACH ROW EXECUTE FUNCTION radius_write_plan_version();

-- Keeps radusergroup, radreply and radcheck in step with a subscription, whoever changes it. The password moves with a new username.
CREATE OR REPLACE FUNCTION radius_write_subscription() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.status = 'ended' THEN
    DELETE FROM radcheck WHERE tenant_id = OLD.tenant_id AND username = OLD.username;
    DELETE FROM radreply WHERE tenant_id = OLD.tenant_id AND username = OLD.username;
    DELETE FROM radusergroup WHERE tenant_id = OLD.tenant_id AND username = OLD.username;
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.username <> OLD.username THEN
    UPDATE radcheck SET username = NEW.username WHERE tenant_id = OLD.tenant_id AND username = OLD.username;
    UPDATE radreply SET username = NEW.username WHERE tenant_id = OLD.tenant_id AND username = OLD.username;
    UPDATE radusergroup SET username = NEW.username WHERE tenant_id = OLD.tenant_id AND username = OLD.username;
  END IF;
  IF TG_OP = 'INSERT' OR NEW.plan_version_id <> OLD.plan_version_id THEN
    DELETE FROM radusergroup WHERE tenant_id = NEW.tenant_id AND username = NEW.username;
    INSERT INTO radusergroup (tenant_id, username, groupname, priority)
    VALUES (NEW.tenant_id, NEW.username, radius_plan_group(NEW.plan_version_id), 1);
  END IF;
  IF TG_OP = 'INSERT' OR NEW.static_ip IS DISTINCT FROM OLD.static_ip THEN
    DELETE FROM radreply WHERE tenant_id = NEW.tenant_id AND username = NEW.username AND attribute = 'Framed-IP-Address';
    IF NEW.static_ip IS NOT NULL THEN
      INSERT INTO radreply (tenant_id, username, attribute, op, value)
      VALUES (NEW.tenant_id, NEW.username, 'Framed-IP-Address', ':=', host(NEW.static_ip));
    END IF;
  END IF;
  IF TG_OP = 'INSERT' OR (NEW.routes, NEW.framed_ipv6_prefix, NEW.delegated_ipv6_prefix) IS DISTINCT FROM (OLD.routes, OLD.framed_ipv6_prefix, OLD.delegated_ipv6_prefix) THEN
    DELETE FROM radreply WHERE tenant_id = NEW.tenant_id AND username = NEW.username
      AND attribute IN ('Framed-Route', 'Framed-IPv6-Prefix', 'Delegated-IPv6-Prefix');
    INSERT INTO radreply (tenant_id, username, attribute, op, value)
    SELECT NEW.tenant_id, NEW.username, i.attribute, i.op, i.value
    FROM (SELECT 'Framed-Route' AS attribute, '+=' AS op, r AS value FROM unnest(NEW.routes) r
          UNION ALL SELECT 'Framed-IPv6-Prefix', ':=', NEW.framed_ipv6_prefix::text
          UNION ALL SELECT 'Delegated-IPv6-Prefix', ':=', NEW.delegated_ipv6_prefix::text) i
    WHERE i.value IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER radius_write_subscription AFTER INSERT OR DELETE OR UPDATE OF username, plan_version_id, static_ip, routes, framed_ipv6_prefix, delegated_ipv6_prefix, status ON subscription
  FOR EACH ROW EXECUTE FUNCTION radius_write_subscription();

-- Clear text because CHAP needs it, and no role can read it back.
CREATE OR REPLACE FUNCTION radius_write_password(p_tenant_id bigint, p_username text, p_password text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radcheck (tenant_id, username, attribute, op, value, set_at) VALUES (p_tenant_id, p_username, 'Cleartext-Password', ':=', p_password, lango_now())
  ON CONFLICT (tenant_id, username, attribute) DO UPDATE SET value = excluded.value, op = excluded.op,
    -- The same one again makes no wrong try right.
    set_at = CASE WHEN radcheck.value = excluded.value THEN radcheck.set_at ELSE excluded.set_at END
$$;

-- Sets the RADIUS password of a subscription of the caller's company. Who typed the old one wrong too often need not wait any longer.
CREATE OR REPLACE FUNCTION radius_set_password(p_subscription_id bigint, p_password text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s subscription;
BEGIN
  SELECT * INTO STRICT s FROM subscription WHERE id = p_subscription_id AND tenant_id = lango_tenant();
  PERFORM radius_write_password(s.tenant_id, s.username, p_password);
  DELETE FROM access_guess WHERE tenant_id = s.tenant_id AND kind = 'name' AND key = s.username;
END $$;
GRANT EXECUTE ON FUNCTION radius_set_password TO lango_web;

-- The routers as RADIUS parts see them: source address, shared secret, company. For FreeRADIUS' host, the listener and the enforcer.
DROP FUNCTION IF EXISTS aaa_nas_table();
CREATE FUNCTION aaa_nas_table() RETURNS TABLE (
  id bigint, tenant_id bigint, name text, address inet, secret text, type text, message_authenticator text, coa_address inet, coa_port integer, timezone text, realm text,
  old_secret text, new_secret text, door_address inet, door_secret text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.id, n.tenant_id, n.name, n.nasname::inet, n.secret::text, n.type::text, n.message_authenticator, coalesce(n.coa_address, n.nasname::inet), n.coa_port, t.timezone, n.realm,
         -- While its secret is being replaced either is right (docs/decisions/0039).
         w.old_secret, w.new_secret, w.door_address, w.door_secret
  FROM nas n JOIN tenant t ON t.id = n.tenant_id LEFT JOIN rotation_secret w ON w.nas_id = n.id WHERE NOT n.nasname::inet <<= '127.128.0.0/10'
  UNION ALL
  -- The same routers as they come through the RadSec front; its TLS signs for them.
  SELECT n.id, n.tenant_id, n.name, r.address, r.secret, n.type::text, 'off', coalesce(n.coa_address, r.address), n.coa_port, t.timezone, NULL, NULL, NULL, NULL, NULL
  FROM radsec_router r JOIN nas n ON n.id = r.nas_id JOIN tenant t ON t.id = n.tenant_id
$$;
GRANT EXECUTE ON FUNCTION aaa_nas_table() TO lango_radius, lango_accounting, lango_enforcer;
