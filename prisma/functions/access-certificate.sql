-- Whose certificate this is, for EAP-TLS: the subscription's username, which aaa_authorize then judges like any other, or '-' for nobody's: never issued,
-- revoked, or another company's. Its chain and its dates were checked by FreeRADIUS. Never empty: that is how a missing database looks.
CREATE OR REPLACE FUNCTION aaa_certificate_holder(p_tenant_id bigint, p_serial text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN coalesce((
    SELECT s.username FROM subscription_certificate c JOIN subscription s ON s.id = c.subscription_id
    WHERE c.serial = lower(ltrim(p_serial, '0')) AND c.tenant_id = p_tenant_id AND c.revoked_at IS NULL), '-');
END $$;
GRANT EXECUTE ON FUNCTION aaa_certificate_holder(bigint, text) TO lango_radius;
