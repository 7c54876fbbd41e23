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

-- How many routers, of all companies, still hold a valid certificate of each authority that is trusted, and when the last one ends. TLS looks at the
-- machine's clock, so that one counts.
CREATE OR REPLACE FUNCTION radsec_authority_use() RETURNS TABLE (authority_id bigint, routers integer, last_ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.id, count(DISTINCT c.nas_id)::integer, max(c.not_after)
  FROM radsec_authority a
  LEFT JOIN radsec_certificate c ON c.authority_id = a.id AND c.revoked_at IS NULL AND c.not_after > clock_timestamp()
  WHERE a.kind = 'ca' AND a.retired_at IS NULL GROUP BY a.id
$$;
GRANT EXECUTE ON FUNCTION radsec_authority_use() TO lango_web;

-- Ends the trust in the authority that another has taken over from; certificates of it that are still valid are revoked.
CREATE OR REPLACE FUNCTION radsec_retire_outgoing() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  UPDATE radsec_authority SET retired_at = lango_now() WHERE kind = 'ca' AND retired_at IS NULL AND superseded_at IS NOT NULL RETURNING id INTO v_id;
  UPDATE radsec_certificate SET revoked_at = lango_now(), revoked_reason = 'authority_retired'
  WHERE authority_id = v_id AND revoked_at IS NULL AND not_after > clock_timestamp();
END $$;
GRANT EXECUTE ON FUNCTION radsec_retire_outgoing() TO lango_web;

-- The connections that one front has now, by certificate: [{certificate_id, peer, protocol, age_ms}]. What it no longer has is removed; a router
-- that has just come is told of the orders that wait for it.
CREATE OR REPLACE FUNCTION radsec_report(p_instance text, p_connections jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_came bigint[];
BEGIN
  SELECT array_agg(DISTINCT c.nas_id) INTO v_came
  FROM jsonb_to_recordset(p_connections) AS x (certificate_id bigint) JOIN radsec_certificate c ON c.id = x.certificate_id
  WHERE NOT EXISTS (SELECT FROM radsec_connection o WHERE o.instance = p_instance AND o.nas_id = c.nas_id);
  INSERT INTO radsec_connection AS o (instance, nas_id, tenant_id, certificate_id, peer, protocol, since)
  SELECT DISTINCT ON (c.nas_id) p_instance, c.nas_id, c.tenant_id, c.id, left(x.peer, 100), left(x.protocol, 20), lango_now() - make_interval(secs => x.age_ms / 1000.0)
  FROM jsonb_to_recordset(p_connections) AS x (certificate_id bigint, peer text, protocol text, age_ms double precision)
  JOIN radsec_certificate c ON c.id = x.certificate_id
  ORDER BY c.nas_id, x.age_ms
  ON CONFLICT (instance, nas_id) DO UPDATE SET certificate_id = excluded.certificate_id, peer = excluded.peer, protocol = excluded.protocol,
    since = CASE WHEN o.peer = excluded.peer THEN o.since ELSE excluded.since END, beat_at = clock_timestamp();
  DELETE FROM radsec_connection o WHERE o.instance = p_instance
    AND o.nas_id NOT IN (SELECT c.nas_id FROM jsonb_to_recordset(p_connections) AS x (certificate_id bigint) JOIN radsec_certificate c ON c.id = x.certificate_id);
  DELETE FROM radsec_connection WHERE beat_at < clock_timestamp() - interval '1 hour';
  IF v_came IS NOT NULL THEN
    PERFORM enforcement_retry_router(id) FROM unnest(v_came) id;
    NOTIFY lango_enforcement;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION radsec_report(text, jsonb) TO lango_radsec;

-- Where orders for a router go: to the address that was set for it, else through its open TLS connection (the front that holds it), else to where it
-- sends from. With the rights of its caller, enforcement_claim: so it becomes a part of that statement, where called for each row it would cost a fifth of it.
DROP FUNCTION IF EXISTS radsec_order_way(bigint);
CREATE FUNCTION radsec_order_way(p_nas_id bigint) RETURNS TABLE (address inet, port integer, secret text, front text) LANGUAGE sql STABLE AS $$
  SELECT coalesce(n.coa_address, n.nasname::inet), n.coa_port, CASE WHEN w.instance IS NULL THEN n.secret ELSE 'radsec' END, w.instance
  FROM nas n
  LEFT JOIN LATERAL (
    SELECT c.instance FROM radsec_connection c
    WHERE n.coa_address IS NULL AND c.nas_id = p_nas_id AND c.beat_at > clock_timestamp() - interval '16 seconds' ORDER BY c.since DESC LIMIT 1) w ON true
  WHERE n.id = p_nas_id
$$;

-- Gives orders to fronts: [{n, front, nas_id, request (base64)}], and wakes those. Orders of a minute ago have been given up.
CREATE OR REPLACE FUNCTION radsec_give_orders(p_enforcer text, p_orders jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET synchronous_commit = off AS $$
BEGIN
  DELETE FROM radsec_order WHERE given_at < clock_timestamp() - interval '1 minute';
  INSERT INTO radsec_order (enforcer, n, front, nas_id, request)
  SELECT p_enforcer, x.n, x.front, x.nas_id, decode(x.request, 'base64')
  FROM jsonb_to_recordset(p_orders) AS x (n bigint, front text, nas_id bigint, request text);
  PERFORM pg_notify('lango_radsec_order', front) FROM (SELECT DISTINCT x.front FROM jsonb_to_recordset(p_orders) AS x (front text)) f;
END $$;
GRANT EXECUTE ON FUNCTION radsec_give_orders(text, jsonb) TO lango_enforcer;

-- The orders that wait for a front, each taken once. What its enforcer no longer waits for is left.
CREATE OR REPLACE FUNCTION radsec_take_orders(p_front text) RETURNS TABLE (enforcer text, n text, nas_id text, request bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET synchronous_commit = off AS $$
  UPDATE radsec_order o SET taken_at = clock_timestamp()
  WHERE o.front = p_front AND o.taken_at IS NULL AND o.given_at > clock_timestamp() - interval '5 seconds'
  RETURNING o.enforcer, o.n::text, o.nas_id::text, o.request
$$;
GRANT EXECUTE ON FUNCTION radsec_take_orders(text) TO lango_radsec;

-- What came of orders: [{enforcer, n, code, error_cause}], and wakes those who gave them.
CREATE OR REPLACE FUNCTION radsec_answer_orders(p_answers jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET synchronous_commit = off AS $$
BEGIN
  UPDATE radsec_order o SET code = x.code, error_cause = x.error_cause
  FROM jsonb_to_recordset(p_answers) AS x (enforcer text, n bigint, code smallint, error_cause integer)
  WHERE o.enforcer = x.enforcer AND o.n = x.n;
  PERFORM pg_notify('lango_radsec_answer', enforcer) FROM (SELECT DISTINCT x.enforcer FROM jsonb_to_recordset(p_answers) AS x (enforcer text)) e;
END $$;
GRANT EXECUTE ON FUNCTION radsec_answer_orders(jsonb) TO lango_radsec;

-- The answers that are there for an enforcer, each given once.
CREATE OR REPLACE FUNCTION radsec_take_answers(p_enforcer text) RETURNS TABLE (n text, code smallint, error_cause integer)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET synchronous_commit = off AS $$
  DELETE FROM radsec_order o WHERE o.enforcer = p_enforcer AND o.code IS NOT NULL RETURNING o.n::text, o.code, o.error_cause
$$;
GRANT EXECUTE ON FUNCTION radsec_take_answers(text) TO lango_enforcer;
