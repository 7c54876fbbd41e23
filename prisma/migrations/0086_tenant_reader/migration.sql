-- A reader is a login of the database for one company's own FreeRADIUS or any tool made for its tables: it sees the standard tables, only that
-- company's rows, and can change nothing. `lango tenant-reader` makes, renews and removes them.
DO $$
BEGIN
  CREATE ROLE lango_reader NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO lango_reader;

-- Which login reads for which company. Passwords are not kept: they are shown once.
CREATE TABLE tenant_reader (
  role_name text PRIMARY KEY,
  tenant_id bigint NOT NULL UNIQUE REFERENCES tenant,
  created_at timestamptz NOT NULL DEFAULT now(),
  renewed_at timestamptz NOT NULL DEFAULT now()
);
SELECT platform_protect_table('tenant_reader');

-- The company that this connection reads for. session_user: what somebody signed in as, which no statement of theirs can change.
CREATE FUNCTION tenant_reader_company() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT r.tenant_id FROM tenant_reader r JOIN tenant t ON t.id = r.tenant_id WHERE r.role_name = session_user AND t.status = 'approved' $$;
GRANT EXECUTE ON FUNCTION tenant_reader_company() TO lango_reader;

-- Whether a login may be online now. Another FreeRADIUS asks radcheck and nobody else: there the suspended, expired, unpaid and used up are not found.
CREATE FUNCTION tenant_reader_may_enter(p_username text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM subscription_now s WHERE s.tenant_id = tenant_reader_company() AND s.username = p_username AND s.state IN ('active', 'grace', 'throttled'))
$$;
GRANT EXECUTE ON FUNCTION tenant_reader_may_enter(text) TO lango_reader;

DO $$
DECLARE t text;
BEGIN
  -- The sub-select is evaluated once per statement, so that indexes on tenant_id are used.
  FOREACH t IN ARRAY ARRAY['radreply', 'radusergroup', 'radgroupcheck', 'radgroupreply', 'nas', 'radpostauth', 'session_live', 'session_closed'] LOOP
    EXECUTE format('CREATE POLICY of_reader ON %I FOR SELECT TO lango_reader USING (tenant_id = (SELECT tenant_reader_company()))', t);
  END LOOP;
END $$;
CREATE POLICY of_reader ON radcheck FOR SELECT TO lango_reader USING (tenant_id = (SELECT tenant_reader_company()) AND tenant_reader_may_enter(username));

GRANT SELECT ON radcheck, radreply, radusergroup, radgroupcheck, radgroupreply, radpostauth, radacct, session_all, session_live, session_closed TO lango_reader;
GRANT SELECT (id, nasname, shortname, type, ports, secret, server, community, description, tenant_id) ON nas TO lango_reader;
