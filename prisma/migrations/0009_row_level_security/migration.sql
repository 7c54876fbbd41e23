-- Every table with a tenant_id fails closed for the web role; parts that work for all companies get a policy of their own and only the grants they need.
CREATE FUNCTION platform_protect_table(tbl regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tbl);
  EXECUTE format('DROP POLICY IF EXISTS of_tenant ON %s', tbl);
  EXECUTE format('CREATE POLICY of_tenant ON %s TO lango_web USING (tenant_id = lango_tenant()) WITH CHECK (tenant_id = lango_tenant())', tbl);
  EXECUTE format('DROP POLICY IF EXISTS of_part ON %s', tbl);
  EXECUTE format('CREATE POLICY of_part ON %s TO lango_jobs, lango_accounting, lango_enforcer USING (true) WITH CHECK (true)', tbl);
END $$;
COMMENT ON FUNCTION platform_protect_table IS 'Row-level security for a tenant-owned table. Call it for each new one; a test finds those without.';

SELECT platform_protect_table(c.oid)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relname <> 'staff_role';

ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON tenant TO lango_web USING (id = lango_tenant()) WITH CHECK (id = lango_tenant());
CREATE POLICY of_part ON tenant TO lango_jobs, lango_accounting, lango_enforcer USING (true);
ALTER TABLE staff_role ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON staff_role TO lango_web USING (tenant_id IS NULL OR tenant_id = lango_tenant()) WITH CHECK (tenant_id = lango_tenant());
CREATE POLICY of_part ON staff_role TO lango_jobs USING (true);
ALTER TABLE staff_role_permission ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON staff_role_permission TO lango_web USING (EXISTS (SELECT 1 FROM staff_role r WHERE r.id = role_id))
  WITH CHECK (EXISTS (SELECT 1 FROM staff_role r WHERE r.id = role_id AND r.tenant_id = lango_tenant()));

-- web: everyday work of one company.
GRANT SELECT ON tenant, staff_role, staff_role_permission, staff, staff_session, staff_token, audit_event, audit_seal, plan, plan_version, subscriber, subscription, subscription_now,
  usage_cycle, usage_hour, session_live, session_closed, session_all, radacct, radpostauth, radreply, radusergroup, radgroupcheck, radgroupreply, enforcement, enforcement_attempt,
  ledger_account, ledger_transfer, ledger_entry, payment, payment_step, nas_status, nas_unknown, accounting_spool TO lango_web;
GRANT UPDATE (name, timezone) ON tenant TO lango_web;
GRANT INSERT, UPDATE ON staff, staff_role, staff_session, staff_token, plan, subscriber, subscription TO lango_web;
GRANT INSERT, DELETE ON staff_role_permission TO lango_web;
GRANT INSERT ON plan_version, audit_event TO lango_web;
GRANT INSERT, UPDATE, DELETE ON platform_idempotency, staff_login_failure TO lango_web;
GRANT SELECT ON platform_idempotency, staff_login_failure TO lango_web;
GRANT DELETE ON plan, subscriber, subscription TO lango_web;
-- A NAS secret can be written, never read back.
GRANT SELECT (id, nasname, shortname, type, ports, server, community, description, tenant_id, name, coa_address, coa_port, message_authenticator,
  api_username, api_password_enc, created_at, updated_at, version), INSERT, UPDATE, DELETE ON nas TO lango_web;
GRANT INSERT, UPDATE ON usage_cycle TO lango_web;
GRANT INSERT ON payment, payment_step TO lango_web;
GRANT UPDATE (state, applied_cents, wallet_cents, outcome) ON payment TO lango_web;

-- accounting: sessions and usage only.
GRANT SELECT, INSERT, UPDATE ON session_live, usage_hour, usage_cycle, nas_status, nas_unknown, accounting_spool TO lango_accounting;
GRANT DELETE ON accounting_spool, session_live TO lango_accounting;
GRANT SELECT, INSERT, DELETE ON session_closed TO lango_accounting;
GRANT INSERT ON accounting_quarantine TO lango_accounting;
GRANT USAGE ON SEQUENCE session_id_seq TO lango_accounting;
GRANT SELECT ON subscription, plan_version, subscription_now TO lango_accounting;
GRANT SELECT, INSERT, UPDATE ON enforcement TO lango_accounting;

-- enforcer: reads what is sold and what is online, writes what it did.
GRANT SELECT ON session_live, session_all, session_closed, subscription, plan_version, subscription_now, usage_cycle, tenant TO lango_enforcer;
GRANT UPDATE (expiry_due_at) ON subscription TO lango_enforcer;
GRANT UPDATE (mode) ON session_live TO lango_enforcer;
GRANT SELECT, INSERT, UPDATE ON enforcement, nas_status TO lango_enforcer;
GRANT SELECT, INSERT ON enforcement_attempt TO lango_enforcer;
GRANT SELECT (id, nasname, type, tenant_id, name, coa_address, coa_port) ON nas TO lango_enforcer;

-- jobs: upkeep over all companies.
GRANT SELECT, INSERT, UPDATE, DELETE ON session_live, session_closed TO lango_jobs;
GRANT SELECT ON tenant, subscription, subscription_now, plan_version, usage_cycle, usage_hour, accounting_spool, session_all, payment, audit_event, staff_role TO lango_jobs;
GRANT SELECT (id, nasname, type, tenant_id, name) ON nas TO lango_jobs;
GRANT DELETE ON accounting_spool, platform_idempotency, staff_session, staff_token, staff_login_failure, radpostauth TO lango_jobs;
GRANT SELECT ON platform_idempotency, staff_session, staff_token, staff_login_failure, radpostauth, enforcement, enforcement_attempt, nas_status TO lango_jobs;
GRANT INSERT ON radpostauth TO lango_jobs;
GRANT SELECT, INSERT ON audit_seal TO lango_jobs;
GRANT INSERT, UPDATE ON enforcement TO lango_jobs;

GRANT SELECT ON _prisma_migrations TO lango_web, lango_jobs, lango_accounting, lango_enforcer;
