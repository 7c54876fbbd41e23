-- A person whose name, phone, logins and devices were replaced for good. The rows stay: the books refer to them.
ALTER TABLE subscriber ADD COLUMN erased_at timestamptz;
INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, 'subscribers.erase' FROM staff_role r WHERE r.tenant_id IS NULL AND r.key IN ('isp_admin', 'super_admin') ON CONFLICT DO NOTHING;
