-- What one company writes names nothing of another. A foreign key does not ask row-level security, so a row of one's own could point at another
-- company's: a browser session for its staff, a payment for its subscription, usage counted against its cap.
CREATE FUNCTION platform_keep_reference(tbl regclass, col text, target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY %I ON %s AS RESTRICTIVE TO lango_web USING (true) WITH CHECK (%I IS NULL OR EXISTS (SELECT FROM %s other WHERE other.id = %I))',
                 'own_' || col, tbl, col, target, col);
END $$;
COMMENT ON FUNCTION platform_keep_reference IS 'The web role may only write a reference to a row that it sees. Call it for each foreign key of a table that it writes; a test finds those without.';

SELECT platform_keep_reference('staff', 'role_id', 'staff_role'),
       platform_keep_reference('staff_session', 'staff_id', 'staff'),
       platform_keep_reference('staff_token', 'staff_id', 'staff'),
       platform_keep_reference('plan', 'current_version_id', 'plan_version'),
       platform_keep_reference('plan_version', 'plan_id', 'plan'),
       platform_keep_reference('subscription', 'subscriber_id', 'subscriber'),
       platform_keep_reference('subscription', 'plan_version_id', 'plan_version'),
       platform_keep_reference('subscription', 'next_plan_version_id', 'plan_version'),
       platform_keep_reference('usage_cycle', 'subscription_id', 'subscription'),
       platform_keep_reference('payment', 'subscriber_id', 'subscriber'),
       platform_keep_reference('payment', 'subscription_id', 'subscription'),
       platform_keep_reference('payment', 'created_by', 'staff'),
       platform_keep_reference('payment_step', 'payment_id', 'payment');

-- Everybody reads the roles that every company has; nobody's company changes them.
DROP POLICY of_tenant ON staff_role;
CREATE POLICY seen ON staff_role FOR SELECT TO lango_web USING (tenant_id IS NULL OR tenant_id = lango_tenant());
CREATE POLICY of_tenant ON staff_role TO lango_web USING (tenant_id = lango_tenant()) WITH CHECK (tenant_id = lango_tenant());
DROP POLICY of_tenant ON staff_role_permission;
CREATE POLICY seen ON staff_role_permission FOR SELECT TO lango_web USING (EXISTS (SELECT FROM staff_role r WHERE r.id = role_id));
CREATE POLICY of_tenant ON staff_role_permission TO lango_web USING (EXISTS (SELECT FROM staff_role r WHERE r.id = role_id AND r.tenant_id = lango_tenant()))
  WITH CHECK (EXISTS (SELECT FROM staff_role r WHERE r.id = role_id AND r.tenant_id = lango_tenant()));

-- Before Postgres 15 everybody may make objects here, and functions that work past row-level security look here first.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
