-- Look-ups that must come before the company is known. They are the only holes in row-level security that sign-in needs: each takes an exact
-- secret or e-mail and gives back one person. Sign-in runs on the machine's own clock (now()), not on lango_now(): moving Lango's clock for a
-- scenario must not sign anybody out.

DROP VIEW IF EXISTS staff_person CASCADE;
CREATE VIEW staff_person AS
SELECT s.id AS staff_id, s.email, s.name, s.is_super_admin, s.locale, s.theme, r.key AS role,
       t.id AS tenant_id, t.name AS tenant_name, t.timezone, t.currency::text AS currency,
       ARRAY(SELECT DISTINCT p.permission
             FROM staff_role_permission p JOIN staff_role pr ON pr.id = p.role_id
             WHERE pr.id = s.role_id OR (s.is_super_admin AND pr.key = 'super_admin' AND pr.tenant_id IS NULL)) AS permissions
FROM staff s
JOIN staff_role r ON r.id = s.role_id
JOIN tenant t ON t.id = s.tenant_id
WHERE s.disabled_at IS NULL AND t.status = 'approved';
COMMENT ON VIEW staff_person IS 'Staff who may sign in: not disabled, of an approved company. Nobody but the functions below reads it.';

-- The hash to compare a password with, for one e-mail address.
CREATE OR REPLACE FUNCTION staff_password(p_email text) RETURNS TABLE (staff_id bigint, tenant_id bigint, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id, s.tenant_id, s.password_hash FROM staff s JOIN staff_person p ON p.staff_id = s.id WHERE s.email = lower(p_email)
$$;

CREATE OR REPLACE FUNCTION staff_by_access_token(p_hash bytea) RETURNS SETOF staff_person
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.* FROM staff_token k JOIN staff_person p ON p.staff_id = k.staff_id
  WHERE k.token_hash = p_hash AND k.kind IN ('access', 'api') AND k.revoked_at IS NULL AND k.expires_at > now()
$$;

-- Ends after a day without use; the expiry in the row is the latest. Touched at most once a minute, so that a page costs no write.
CREATE OR REPLACE FUNCTION staff_by_session(p_hash bytea)
RETURNS TABLE (session_id bigint, csrf_token text, person staff_person)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k staff_session;
BEGIN
  SELECT * INTO k FROM staff_session s
  WHERE s.token_hash = p_hash AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen_at > now() - interval '24 hours';
  IF NOT FOUND THEN RETURN; END IF;
  IF k.last_seen_at < now() - interval '1 minute' THEN
    UPDATE staff_session SET last_seen_at = now() WHERE id = k.id;
  END IF;
  RETURN QUERY SELECT k.id, k.csrf_token, p FROM staff_person p WHERE p.staff_id = k.staff_id;
END $$;

-- Exchanges a refresh token for a new pair in the same family. A token presented twice means that two parties hold it: the family ends.
CREATE OR REPLACE FUNCTION staff_rotate_token(p_hash bytea, p_access bytea, p_refresh bytea, p_access_ttl interval, p_refresh_ttl interval)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k staff_token;
BEGIN
  SELECT * INTO k FROM staff_token t WHERE t.token_hash = p_hash AND t.kind = 'refresh' FOR UPDATE;
  IF NOT FOUND OR k.revoked_at IS NOT NULL OR k.expires_at <= now() THEN RETURN 'unknown'; END IF;
  IF k.used_at IS NOT NULL THEN
    UPDATE staff_token SET revoked_at = now() WHERE family = k.family AND revoked_at IS NULL;
    RETURN 'reused';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM staff_person p WHERE p.staff_id = k.staff_id) THEN RETURN 'unknown'; END IF;
  UPDATE staff_token SET used_at = now() WHERE id = k.id;
  INSERT INTO staff_token (tenant_id, staff_id, family, kind, token_hash, expires_at)
  VALUES (k.tenant_id, k.staff_id, k.family, 'access', p_access, now() + p_access_ttl),
         (k.tenant_id, k.staff_id, k.family, 'refresh', p_refresh, now() + p_refresh_ttl);
  RETURN 'rotated';
END $$;

-- Seconds that this source (an IPv4 address, an IPv6 /64) must wait before its next try at this account; 0 when it may try now. The first five wrong passwords cost nothing,
-- then the wait doubles up to 15 minutes. A source that fails at very many accounts waits for all of them.
CREATE OR REPLACE FUNCTION staff_login_wait(p_email text, p_ip inet) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT greatest(
    coalesce((SELECT ceil(extract(epoch FROM f.last_at - now()) + least(900, power(2, least(f.failures - 5, 10))))::int
              FROM staff_login_failure f WHERE f.email = lower(p_email) AND f.ip = staff_login_source(p_ip) AND f.failures > 5), 0),
    (SELECT CASE WHEN count(*) >= 50 THEN 600 ELSE 0 END FROM staff_login_failure f WHERE f.ip = staff_login_source(p_ip) AND f.last_at > now() - interval '10 minutes'),
    0)
$$;

CREATE OR REPLACE FUNCTION staff_login_failed(p_email text, p_ip inet) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO staff_login_failure (email, ip, last_at) VALUES (lower(p_email), staff_login_source(p_ip), now())
  ON CONFLICT (email, ip) DO UPDATE SET
    -- A quarter of an hour of quiet forgives.
    failures = CASE WHEN staff_login_failure.last_at < now() - interval '15 minutes' THEN 1 ELSE staff_login_failure.failures + 1 END, last_at = now()
$$;

-- The right password forgives what went before, for this account from this source.
CREATE OR REPLACE FUNCTION staff_login_forgive(p_email text, p_ip inet) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM staff_login_failure WHERE email = lower(p_email) AND ip = staff_login_source(p_ip)
$$;

GRANT EXECUTE ON FUNCTION staff_login_forgive(text, inet), staff_password(text), staff_by_access_token(bytea), staff_by_session(bytea),
  staff_rotate_token(bytea, bytea, bytea, interval, interval), staff_login_wait(text, inet), staff_login_failed(text, inet) TO lango_web;
