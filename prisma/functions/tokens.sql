-- How an access token was come by: a sign-in, or a token that a person made for a program, with its scopes. Use is noted at most once a minute,
-- and for programs' tokens alone, so that a request costs no write. Who is behind it: staff_by_access_token.
CREATE OR REPLACE FUNCTION token_use(p_hash bytea, p_ip inet) RETURNS TABLE (token_id bigint, scopes text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k staff_token;
BEGIN
  SELECT * INTO k FROM staff_token t WHERE t.token_hash = p_hash AND t.kind IN ('access', 'api') AND t.revoked_at IS NULL AND t.expires_at > now();
  IF NOT FOUND THEN RETURN; END IF;
  IF k.kind = 'api' AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute') THEN
    UPDATE staff_token t SET last_used_at = now(), last_used_ip = p_ip WHERE t.id = k.id;
  END IF;
  token_id := k.id; scopes := k.scopes;
  RETURN NEXT;
END $$;

-- Whose a refresh token is, for the claims of the pair that it is exchanged for.
CREATE OR REPLACE FUNCTION token_owner(p_hash bytea) RETURNS TABLE (staff_id bigint, tenant_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.staff_id, t.tenant_id FROM staff_token t WHERE t.token_hash = p_hash AND t.kind = 'refresh'
$$;
GRANT EXECUTE ON FUNCTION token_use(bytea, inet), token_owner(bytea) TO lango_web;
