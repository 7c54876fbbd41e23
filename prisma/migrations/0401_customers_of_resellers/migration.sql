-- A reseller's people take in and correct customers of their own. What goes beyond that and was the same permission has one of its own now, for everybody
-- who had it: roles that a company made, and tokens.
INSERT INTO staff_role_permission (role_id, permission)
SELECT h.role_id, p.permission
FROM staff_role_permission h, (VALUES ('subscribers.remove'), ('imports.write'), ('join.decide')) AS p (permission)
WHERE h.permission = 'subscribers.write';
UPDATE staff_token SET scopes = scopes || ARRAY['subscribers.remove', 'imports.write', 'join.decide'] WHERE 'subscribers.write' = ANY (scopes);

INSERT INTO staff_role_permission (role_id, permission) SELECT id, 'subscribers.write' FROM staff_role WHERE tenant_id IS NULL AND key = 'reseller';

-- What their customers want to be told.
SELECT platform_open_to_reseller('message_preference', 'EXISTS (SELECT FROM subscriber c WHERE c.id = subscriber_id)');
