-- Who may see what came into a customer's wallet and went out of it, and who may move money from one to another.
INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('wallets.read', 'isp_admin finance support sales'), ('wallets.transfer', 'isp_admin finance')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
