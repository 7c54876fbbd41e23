-- Settings of one's own company; the companies of the installation, which are for its super admins alone.
INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('tenants.settings', 'isp_admin'), ('tenants.manage', ''), ('tenants.impersonate', '')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;

-- A reseller who signs in sees the price list.
INSERT INTO staff_role_permission (role_id, permission) SELECT id, 'plans.read' FROM staff_role WHERE tenant_id IS NULL AND key = 'reseller';

-- A role that a company made may be taken away again, once nobody holds it.
GRANT DELETE ON staff_role TO lango_web;

-- Super admin is a mark that no company's people give or take: the web role writes every column of staff but that one.
REVOKE INSERT, UPDATE ON staff FROM lango_web;
GRANT INSERT (tenant_id, role_id, email, name, password_hash, locale, theme, disabled_at),
  UPDATE (role_id, email, name, password_hash, locale, theme, disabled_at) ON staff TO lango_web;
