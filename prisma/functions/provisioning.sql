-- Bringing routers in: what is asked before a company is known, and what no company may see of another.

-- Whose router a word of a pasted line is, by the word's hash, while it is good. The router that asks has not signed in.
CREATE OR REPLACE FUNCTION provisioning_by_word(p_hash bytea) RETURNS TABLE (tenant_id bigint, nas_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.tenant_id, p.nas_id FROM provisioning_router p WHERE p.word_hash = p_hash AND p.word_expires_at > lango_now()
$$;
REVOKE EXECUTE ON FUNCTION provisioning_by_word(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION provisioning_by_word(bytea) TO lango_web;

-- The lowest tunnel address that no router of any company has or sends from; 10.253.0.1 is our own end. Two who ask at once wait for each other.
CREATE OR REPLACE FUNCTION provisioning_next_address() RETURNS inet
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_address inet;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('provisioning_next_address'));
  SELECT a INTO v_address FROM (
    SELECT '10.253.0.2'::inet AS a WHERE NOT EXISTS (SELECT FROM provisioning_router WHERE tunnel_address = '10.253.0.2')
    UNION ALL SELECT tunnel_address + 1 FROM provisioning_router WHERE tunnel_address IS NOT NULL) candidates
  WHERE a < '10.253.255.255' AND NOT EXISTS (SELECT FROM provisioning_router p WHERE p.tunnel_address = a) AND NOT EXISTS (SELECT FROM nas n WHERE n.nasname = host(a))
  ORDER BY a LIMIT 1;
  IF v_address IS NULL THEN RAISE EXCEPTION 'no tunnel address is left'; END IF;
  RETURN v_address;
END $$;
REVOKE EXECUTE ON FUNCTION provisioning_next_address() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION provisioning_next_address() TO lango_web;

-- The secret with which a probe of a router's incoming port is signed; while it is being replaced the router may hold the other one. For the jobs part alone, which sends it.
DROP FUNCTION IF EXISTS provisioning_probe(bigint);
CREATE FUNCTION provisioning_probe(p_nas_id bigint) RETURNS TABLE (tenant_id bigint, address text, port integer, secret text, other_secret text, api_password_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.tenant_id, host(coalesce(n.coa_address, n.nasname::inet)), n.coa_port, n.secret,
         CASE WHEN w.new_secret = n.secret THEN w.old_secret ELSE w.new_secret END, n.api_password_enc
  FROM nas n LEFT JOIN rotation_secret w ON w.nas_id = n.id WHERE n.id = p_nas_id
$$;
REVOKE EXECUTE ON FUNCTION provisioning_probe(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION provisioning_probe(bigint) TO lango_jobs;
