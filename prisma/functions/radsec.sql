-- RadSec: routers known by their certificate. The front (radius/radsec) reads and reports through these functions alone.

-- Gives a router its loopback address and the secret behind the front, once. For the web role: of its own company.
CREATE OR REPLACE FUNCTION radsec_take_in(p_nas_id bigint, p_secret text) RETURNS inet
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_address inet;
BEGIN
  PERFORM FROM nas WHERE id = p_nas_id AND tenant_id = lango_tenant() FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'router % is not of this company', p_nas_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT address INTO v_address FROM radsec_router WHERE nas_id = p_nas_id;
  IF v_address IS NULL THEN
    INSERT INTO radsec_router (nas_id, tenant_id, address, secret)
    SELECT id, tenant_id, CASE WHEN nasname::inet <<= '127.128.0.0/10' THEN nasname::inet ELSE radsec_next_address() END, p_secret FROM nas WHERE id = p_nas_id
    RETURNING address INTO v_address;
  END IF;
  RETURN v_address;
END $$;
GRANT EXECUTE ON FUNCTION radsec_take_in(bigint, text) TO lango_web;

-- The certificates that open a connection, each with the router that it speaks for.
CREATE OR REPLACE FUNCTION radsec_certificates() RETURNS TABLE (
  fingerprint text, certificate_id text, nas_id text, name text, address text, secret text, not_after_ms double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.fingerprint, c.id::text, n.id::text, n.name, host(r.address), r.secret, extract(epoch FROM c.not_after) * 1000
  FROM radsec_certificate c JOIN radsec_router r ON r.nas_id = c.nas_id JOIN nas n ON n.id = c.nas_id
  WHERE c.revoked_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION radsec_certificates() TO lango_radsec;

-- What the front shows and what it trusts. The authority's own key stays here.
CREATE OR REPLACE FUNCTION radsec_identity() RETURNS TABLE (kind text, certificate_pem text, key_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.kind, a.certificate_pem, CASE WHEN a.kind = 'server' THEN a.key_enc END FROM radsec_authority a WHERE a.retired_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION radsec_identity() TO lango_radsec;

-- The connections that one front has now, by certificate: [{certificate_id, peer, protocol, age_ms, relay_address, relay_port}]. What it no longer
-- has is removed; a router that has just come is told of the orders that wait for it.
CREATE OR REPLACE FUNCTION radsec_report(p_instance text, p_connections jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_came bigint[];
BEGIN
  SELECT array_agg(DISTINCT c.nas_id) INTO v_came
  FROM jsonb_to_recordset(p_connections) AS x (certificate_id bigint) JOIN radsec_certificate c ON c.id = x.certificate_id
  WHERE NOT EXISTS (SELECT FROM radsec_connection o WHERE o.instance = p_instance AND o.nas_id = c.nas_id);
  INSERT INTO radsec_connection AS o (instance, nas_id, tenant_id, certificate_id, peer, protocol, since, relay_address, relay_port)
  SELECT DISTINCT ON (c.nas_id) p_instance, c.nas_id, c.tenant_id, c.id, left(x.peer, 100), left(x.protocol, 20), lango_now() - make_interval(secs => x.age_ms / 1000.0),
         x.relay_address, x.relay_port
  FROM jsonb_to_recordset(p_connections) AS x (certificate_id bigint, peer text, protocol text, age_ms double precision, relay_address inet, relay_port integer)
  JOIN radsec_certificate c ON c.id = x.certificate_id
  ORDER BY c.nas_id, x.age_ms
  ON CONFLICT (instance, nas_id) DO UPDATE SET certificate_id = excluded.certificate_id, peer = excluded.peer, protocol = excluded.protocol,
    since = CASE WHEN o.relay_port = excluded.relay_port AND o.peer = excluded.peer THEN o.since ELSE excluded.since END,
    relay_address = excluded.relay_address, relay_port = excluded.relay_port, beat_at = clock_timestamp();
  DELETE FROM radsec_connection o WHERE o.instance = p_instance
    AND o.nas_id NOT IN (SELECT c.nas_id FROM jsonb_to_recordset(p_connections) AS x (certificate_id bigint) JOIN radsec_certificate c ON c.id = x.certificate_id);
  DELETE FROM radsec_connection WHERE beat_at < clock_timestamp() - interval '1 hour';
  IF v_came IS NOT NULL THEN
    PERFORM enforcement_retry_router(id) FROM unnest(v_came) id;
    NOTIFY lango_enforcement;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION radsec_report(text, jsonb) TO lango_radsec;

-- Where orders for a router go: to the address that was set for it, else through its open TLS connection, else to where it sends from. With the rights of
-- its caller, enforcement_claim: so it becomes a part of that statement, where called for each row it would cost a fifth of it.
CREATE OR REPLACE FUNCTION radsec_order_way(p_nas_id bigint) RETURNS TABLE (address inet, port integer, secret text) LANGUAGE sql STABLE AS $$
  SELECT coalesce(n.coa_address, w.relay_address, n.nasname::inet),
         CASE WHEN n.coa_address IS NULL THEN coalesce(w.relay_port, n.coa_port) ELSE n.coa_port END,
         CASE WHEN n.coa_address IS NULL AND w.relay_address IS NOT NULL THEN w.secret ELSE n.secret END
  FROM nas n
  LEFT JOIN LATERAL (
    SELECT c.relay_address, c.relay_port, r.secret FROM radsec_connection c JOIN radsec_router r ON r.nas_id = c.nas_id
    WHERE c.nas_id = p_nas_id AND c.beat_at > clock_timestamp() - interval '16 seconds' ORDER BY c.since DESC LIMIT 1) w ON true
  WHERE n.id = p_nas_id
$$;
