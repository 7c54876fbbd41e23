-- Tokens that people make for programs of their own: named, with scopes, an end, and the moment they were last used.
ALTER TABLE staff_token DROP CONSTRAINT staff_token_kind_check;
ALTER TABLE staff_token
  ADD COLUMN name text CHECK (length(name) BETWEEN 1 AND 80),
  -- Permissions that the token may use, of those that its maker holds at that moment; NULL: all of them (a sign-in).
  ADD COLUMN scopes text[],
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN last_used_ip inet,
  ADD CONSTRAINT staff_token_kind_check CHECK (kind IN ('access', 'refresh', 'api')),
  ADD CONSTRAINT staff_token_api_check CHECK ((kind = 'api') = (name IS NOT NULL) AND (kind = 'api') = (scopes IS NOT NULL));
CREATE INDEX staff_token_of_company ON staff_token (tenant_id, id DESC) WHERE kind = 'api';

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, 'tokens.manage' FROM staff_role r WHERE r.tenant_id IS NULL AND r.key IN ('super_admin', 'isp_admin');
