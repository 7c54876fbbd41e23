-- Whose certificate this is, for EAP-TLS: the subscription's username, which aaa_authorize then judges like any other, or '-' for nobody's: never issued,
-- revoked, or another company's. Its chain and its dates were checked by FreeRADIUS. Never empty: that is how a missing database looks.
CREATE OR REPLACE FUNCTION aaa_certificate_holder(p_tenant_id bigint, p_serial text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN coalesce((
    SELECT s.username FROM certificate c JOIN subscription s ON s.id = c.subscription_id
    WHERE c.serial = lower(ltrim(p_serial, '0')) AND c.tenant_id = p_tenant_id AND c.revoked_at IS NULL), '-');
END $$;
GRANT EXECUTE ON FUNCTION aaa_certificate_holder(bigint, text) TO lango_radius;

-- The authority in use with its sealed key, for whoever issues to a company's customers. The server's key goes to nobody but the owner.
CREATE OR REPLACE FUNCTION certificate_issuer() RETURNS TABLE (certificate_pem text, key_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.certificate_pem, a.key_enc FROM certificate_authority a WHERE a.kind = 'authority' AND a.retired_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION certificate_issuer() TO lango_web;
