-- Look-ups that must come before the company is known. They are the only holes in row-level security that sign-in needs: each takes an exact
-- secret or e-mail and gives back one person. Sign-in runs on the machine's own clock (now()), not on lango_now(): moving Lango's clock for a
-- scenario must not sign anybody out.

-- Whether a password alone does not sign this person in: they have a passkey, or a code generator that has given a right code.
CREATE OR REPLACE FUNCTION staff_has_second_factor(p_staff bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM staff_passkey k WHERE k.staff_id = p_staff)
      OR EXISTS (SELECT FROM staff_security c WHERE c.staff_id = p_staff AND c.totp_confirmed_at IS NOT NULL)
$$;

DROP FUNCTION IF EXISTS staff_by_session(bytea);
DROP VIEW IF EXISTS staff_person CASCADE;
CREATE VIEW staff_person AS
SELECT s.id AS staff_id, s.email, s.name, s.is_super_admin, s.locale, s.theme, r.key AS role, r.name AS role_name,
       t.id AS tenant_id, t.name AS tenant_name, t.timezone, t.currency::text AS currency,
       ARRAY(SELECT DISTINCT p.permission
             FROM staff_role_permission p JOIN staff_role pr ON pr.id = p.role_id
             WHERE pr.id = s.role_id OR (s.is_super_admin AND pr.key = 'super_admin' AND pr.tenant_id IS NULL)) AS permissions,
       (t.second_factor_required AND NOT staff_has_second_factor(s.id)) AS second_factor_needed,
       coalesce(s.reseller_id, CASE WHEN r.tenant_id IS NULL AND r.key = 'reseller' AND NOT s.is_super_admin THEN 0 END) AS reseller_id
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
CREATE FUNCTION staff_by_session(p_hash bytea)
RETURNS TABLE (session_id bigint, csrf_token text, impersonator_id bigint, impersonator_name text, person staff_person)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k staff_session;
BEGIN
  SELECT * INTO k FROM staff_session s
  WHERE s.token_hash = p_hash AND s.revoked_at IS NULL AND s.expires_at > now() AND s.last_seen_at > now() - interval '24 hours';
  IF NOT FOUND THEN RETURN; END IF;
  -- Who works as somebody else may do so while they are a super admin who may sign in themselves.
  IF k.impersonator_id IS NOT NULL AND NOT EXISTS (SELECT FROM staff_person p WHERE p.staff_id = k.impersonator_id AND p.is_super_admin) THEN RETURN; END IF;
  IF k.last_seen_at < now() - interval '1 minute' THEN
    UPDATE staff_session SET last_seen_at = now() WHERE id = k.id;
  END IF;
  RETURN QUERY SELECT k.id, k.csrf_token, k.impersonator_id, k.impersonator_name, p FROM staff_person p WHERE p.staff_id = k.staff_id;
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

-- Begins something that its secret finishes. Old ones are dropped by the job staff.forget-sign-ins.
CREATE OR REPLACE FUNCTION staff_step_open(p_purpose text, p_hash bytea, p_tenant bigint, p_staff bigint, p_data jsonb, p_ttl interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- An invitation signs somebody in: only their own company makes it, and a newer one voids the older.
  IF p_purpose = 'invite' THEN
    IF p_tenant IS DISTINCT FROM lango_tenant() THEN RAISE EXCEPTION 'An invitation is made by the company itself.'; END IF;
    UPDATE staff_step SET used_at = now() WHERE staff_id = p_staff AND purpose = 'invite' AND used_at IS NULL;
  END IF;
  IF p_staff IS NOT NULL AND NOT EXISTS (SELECT FROM staff s WHERE s.id = p_staff AND s.tenant_id = p_tenant) THEN
    RAISE EXCEPTION 'Person % is not of company %.', p_staff, p_tenant;
  END IF;
  INSERT INTO staff_step (tenant_id, staff_id, purpose, token_hash, data, expires_at) VALUES (p_tenant, p_staff, p_purpose, p_hash, p_data, now() + p_ttl);
END $$;

-- What was begun under this secret and is still open; p_finish ends it, so that of two who come with the same secret one gets nothing.
CREATE OR REPLACE FUNCTION staff_step_take(p_purpose text, p_hash bytea, p_finish boolean)
RETURNS TABLE (tenant_id bigint, staff_id bigint, email text, name text, data jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k staff_step;
BEGIN
  SELECT * INTO k FROM staff_step s WHERE s.token_hash = p_hash AND s.purpose = p_purpose AND s.used_at IS NULL AND s.expires_at > now() AND s.tries < 5
  FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  IF p_finish THEN UPDATE staff_step s SET used_at = now() WHERE s.id = k.id; END IF;
  IF k.staff_id IS NULL THEN
    RETURN QUERY SELECT k.tenant_id, k.staff_id, NULL::text, NULL::text, k.data;
  ELSE
    RETURN QUERY SELECT k.tenant_id, k.staff_id, p.email, p.name, k.data FROM staff_person p WHERE p.staff_id = k.staff_id;
  END IF;
END $$;

-- A wrong code: after five the step is void and the password has to be shown again.
CREATE OR REPLACE FUNCTION staff_step_missed(p_hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$ UPDATE staff_step SET tries = tries + 1 WHERE token_hash = p_hash $$;

-- Whose passkey this is, and what its signature is checked with.
CREATE OR REPLACE FUNCTION staff_passkey_owner(p_credential text)
RETURNS TABLE (passkey_id bigint, tenant_id bigint, staff_id bigint, email text, public_key bytea, counter bigint, transports text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.id, k.tenant_id, k.staff_id, p.email, k.public_key, k.counter, k.transports
  FROM staff_passkey k JOIN staff_person p ON p.staff_id = k.staff_id WHERE k.credential_id = p_credential
$$;

-- Seconds to wait before the next code for this account from this source: somebody who knows the password guesses codes as slowly as passwords.
-- A thousand sources together get no further: from sources that this account has not used in a month, thirty wrong codes a day are the end of it.
-- Its own people, at their usual places, notice nothing.
CREATE OR REPLACE FUNCTION staff_code_wait(p_staff bigint, p_email text, p_ip inet) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT greatest(staff_login_wait('code ' || p_email, p_ip),
    CASE WHEN (SELECT coalesce(sum(f.failures), 0) FROM staff_login_failure f WHERE f.email = 'code ' || lower(p_email) AND f.last_at > now() - interval '1 day') >= 30
          AND NOT EXISTS (SELECT FROM staff_session s WHERE s.staff_id = p_staff AND s.created_at > now() - interval '30 days' AND staff_login_source(s.ip) = staff_login_source(p_ip))
         THEN 3600 ELSE 0 END)
$$;

GRANT EXECUTE ON FUNCTION staff_has_second_factor(bigint), staff_step_open(text, bytea, bigint, bigint, jsonb, interval), staff_step_take(text, bytea, boolean),
  staff_step_missed(bytea), staff_passkey_owner(text), staff_code_wait(bigint, text, inet) TO lango_web;
GRANT EXECUTE ON FUNCTION staff_login_forgive(text, inet), staff_password(text), staff_by_access_token(bytea), staff_by_session(bytea),
  staff_rotate_token(bytea, bytea, bytea, interval, interval), staff_login_wait(text, inet), staff_login_failed(text, inet) TO lango_web;
