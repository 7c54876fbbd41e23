-- What reaches beyond one company: registration by strangers, and the super admins of the installation. Each of the latter takes the asking person
-- and answers only when they are a super admin of the company that the transaction works for.

CREATE OR REPLACE FUNCTION tenants_super(p_staff bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM staff s JOIN tenant t ON t.id = s.tenant_id
                 WHERE s.id = p_staff AND s.tenant_id = lango_tenant() AND s.is_super_admin AND s.disabled_at IS NULL AND t.status = 'approved')
$$;

CREATE OR REPLACE FUNCTION tenants_note(p_staff bigint, p_tenant bigint, p_action text, p_detail jsonb, p_ip inet, p_request text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO audit_event (tenant_id, actor_kind, actor_id, actor_name, action, subject_type, subject_id, detail, ip, request_id)
  SELECT t, 'staff', s.id, s.name || ' (super admin)', p_action, 'tenant', p_tenant::text, p_detail, p_ip, p_request
  FROM staff s, (SELECT DISTINCT unnest(ARRAY[p_tenant, s2.tenant_id]) AS t FROM staff s2 WHERE s2.id = p_staff) x WHERE s.id = p_staff
$$;
COMMENT ON FUNCTION tenants_note IS 'The act stands in the audit of the company it was done to and of the company of who did it. Granted to nobody: the functions below call it.';

-- Every company, or one. Counts are exact: this page is for a handful of people.
CREATE OR REPLACE FUNCTION tenants_list(p_staff bigint, p_tenant bigint DEFAULT NULL)
RETURNS TABLE (id bigint, name text, slug text, status text, status_reason text, timezone text, currency text, is_demo boolean, created_at timestamptz, approved_at timestamptz,
  licence_until timestamptz, limit_subscribers int, limit_routers int, limit_staff int, subscribers bigint, routers bigint, people bigint, first_name text, first_email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.name, t.slug, t.status, t.status_reason, t.timezone, t.currency::text, t.is_demo, t.created_at, t.approved_at, t.licence_until, t.limit_subscribers, t.limit_routers, t.limit_staff,
    (SELECT count(*) FROM subscriber x WHERE x.tenant_id = t.id AND x.deleted_at IS NULL), (SELECT count(*) FROM nas x WHERE x.tenant_id = t.id),
    (SELECT count(*) FROM staff x WHERE x.tenant_id = t.id AND x.disabled_at IS NULL), f.name, f.email
  FROM tenant t LEFT JOIN LATERAL (SELECT x.name, x.email FROM staff x WHERE x.tenant_id = t.id ORDER BY x.id LIMIT 1) f ON true
  WHERE tenants_super(p_staff) AND (p_tenant IS NULL OR t.id = p_tenant)
  ORDER BY (t.status = 'pending') DESC, t.id DESC LIMIT 500
$$;

-- Approves, suspends or lets a company in again. 'not_found', 'own' (nobody shuts the door behind themselves) or 'done'.
CREATE OR REPLACE FUNCTION tenants_decide(p_staff bigint, p_tenant bigint, p_status text, p_reason text, p_ip inet, p_request text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT tenants_super(p_staff) OR p_status NOT IN ('approved', 'suspended') THEN RETURN 'not_found'; END IF;
  IF p_tenant = lango_tenant() THEN RETURN 'own'; END IF;
  UPDATE tenant SET status = p_status, status_reason = nullif(p_reason, ''), approved_at = CASE WHEN p_status = 'approved' THEN coalesce(approved_at, lango_now()) ELSE approved_at END
  WHERE id = p_tenant;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  PERFORM tenants_note(p_staff, p_tenant, CASE p_status WHEN 'approved' THEN 'tenants.approve' ELSE 'tenants.suspend' END, jsonb_build_object('reason', nullif(p_reason, '')), p_ip, p_request);
  RETURN 'done';
END $$;

CREATE OR REPLACE FUNCTION tenants_license(p_staff bigint, p_tenant bigint, p_until timestamptz, p_subscribers int, p_routers int, p_people int, p_ip inet, p_request text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT tenants_super(p_staff) THEN RETURN 'not_found'; END IF;
  UPDATE tenant SET licence_until = p_until, limit_subscribers = p_subscribers, limit_routers = p_routers, limit_staff = p_people WHERE id = p_tenant;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  PERFORM tenants_note(p_staff, p_tenant, 'tenants.license',
    jsonb_build_object('until', p_until, 'subscribers', p_subscribers, 'routers', p_routers, 'staff', p_people), p_ip, p_request);
  RETURN 'done';
END $$;

CREATE OR REPLACE FUNCTION tenants_open_registration(p_staff bigint, p_open boolean, p_ip inet, p_request text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT tenants_super(p_staff) THEN RETURN 'not_found'; END IF;
  UPDATE tenant_registration SET is_open = p_open;
  PERFORM tenants_note(p_staff, lango_tenant(), CASE WHEN p_open THEN 'tenants.open_registration' ELSE 'tenants.close_registration' END, '{}', p_ip, p_request);
  RETURN 'done';
END $$;

-- The people of a company whom a super admin may work as: those who may sign in, and no super admin.
CREATE OR REPLACE FUNCTION tenants_people(p_staff bigint, p_tenant bigint) RETURNS TABLE (id bigint, name text, email text, role text, role_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.staff_id, p.name, p.email, p.role, p.role_name FROM staff_person p
  WHERE tenants_super(p_staff) AND p.tenant_id = p_tenant AND NOT p.is_super_admin AND p_tenant <> lango_tenant() ORDER BY p.staff_id LIMIT 200
$$;

-- A browser session as somebody of another company, for an hour. 'not_found' or 'done'.
CREATE OR REPLACE FUNCTION tenants_impersonate(p_staff bigint, p_target bigint, p_hash bytea, p_csrf text, p_reason text, p_agent text, p_ip inet, p_request text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE target staff_person;
BEGIN
  IF NOT tenants_super(p_staff) THEN RETURN 'not_found'; END IF;
  SELECT * INTO target FROM staff_person p WHERE p.staff_id = p_target AND NOT p.is_super_admin AND p.tenant_id <> lango_tenant();
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  INSERT INTO staff_session (tenant_id, staff_id, token_hash, csrf_token, ip, user_agent, expires_at, method, impersonator_id, impersonator_name)
  SELECT target.tenant_id, target.staff_id, p_hash, p_csrf, p_ip, p_agent, now() + interval '1 hour', 'impersonation', s.id, s.name FROM staff s WHERE s.id = p_staff;
  PERFORM tenants_note(p_staff, target.tenant_id, 'tenants.impersonate', jsonb_build_object('as', target.email, 'reason', p_reason), p_ip, p_request);
  RETURN 'done';
END $$;

-- A stranger asks for a place. 'closed', 'full' (too many wait for an answer), 'often' (this source asked three times in a day), 'taken' or 'done'.
CREATE OR REPLACE FUNCTION tenants_register(p_name text, p_slug text, p_timezone text, p_currency text, p_person text, p_email text, p_password_hash text, p_ip inet) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made bigint; slug_free text := p_slug; n int := 1;
BEGIN
  IF NOT (SELECT is_open FROM tenant_registration) THEN RETURN 'closed'; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('lango registration'));
  IF (SELECT count(*) FROM tenant t WHERE t.registered_ip = staff_login_source(p_ip) AND t.created_at > lango_now() - interval '1 day') >= 3 THEN RETURN 'often'; END IF;
  IF (SELECT count(*) FROM tenant t WHERE t.status = 'pending') >= 100 THEN RETURN 'full'; END IF;
  IF EXISTS (SELECT FROM staff s WHERE s.email = lower(p_email)) THEN RETURN 'taken'; END IF;
  WHILE EXISTS (SELECT FROM tenant t WHERE t.slug = slug_free) LOOP n := n + 1; slug_free := p_slug || '-' || n; END LOOP;
  INSERT INTO tenant (name, slug, status, timezone, currency, registered_ip) VALUES (p_name, slug_free, 'pending', p_timezone, p_currency, staff_login_source(p_ip)) RETURNING id INTO made;
  INSERT INTO staff (tenant_id, role_id, email, name, password_hash)
  SELECT made, r.id, lower(p_email), p_person, p_password_hash FROM staff_role r WHERE r.tenant_id IS NULL AND r.key = 'isp_admin';
  INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail, ip)
  VALUES (made, 'system', lower(p_email), 'tenants.register', 'tenant', made::text, jsonb_build_object('name', p_name), p_ip);
  RETURN 'done';
END $$;

-- What an administrator is told of the company's own licence and use.
CREATE OR REPLACE FUNCTION tenants_own() RETURNS TABLE (licence_until timestamptz, limit_subscribers int, limit_routers int, limit_staff int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.licence_until, t.limit_subscribers, t.limit_routers, t.limit_staff FROM tenant t WHERE t.id = lango_tenant()
$$;

-- The identity provider of the company to which an e-mail's domain belongs.
CREATE OR REPLACE FUNCTION tenants_identity_provider(p_domain text) RETURNS TABLE (tenant_id bigint, issuer text, client_id text, client_secret_enc bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.tenant_id, p.issuer, p.client_id, p.client_secret_enc FROM tenant_identity_provider p JOIN tenant t ON t.id = p.tenant_id
  WHERE p.domain = lower(p_domain) AND t.status = 'approved'
$$;

GRANT EXECUTE ON FUNCTION tenants_super(bigint), tenants_list(bigint, bigint), tenants_decide(bigint, bigint, text, text, inet, text),
  tenants_license(bigint, bigint, timestamptz, int, int, int, inet, text), tenants_open_registration(bigint, boolean, inet, text), tenants_people(bigint, bigint),
  tenants_impersonate(bigint, bigint, bytea, text, text, text, inet, text), tenants_register(text, text, text, text, text, text, text, inet),
  tenants_own(), tenants_identity_provider(text) TO lango_web;
