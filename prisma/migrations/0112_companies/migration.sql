-- Several companies on one installation: they ask for a place, a super admin approves them, and gives them a licence and limits.
ALTER TABLE tenant
  ADD COLUMN licence_until timestamptz,
  ADD COLUMN limit_subscribers int CHECK (limit_subscribers >= 0),
  ADD COLUMN limit_routers int CHECK (limit_routers >= 0),
  ADD COLUMN limit_staff int CHECK (limit_staff >= 0),
  ADD COLUMN status_reason text CHECK (length(status_reason) <= 300),
  ADD COLUMN registered_ip inet;

-- Whether strangers may ask for a place. One row.
CREATE TABLE tenant_registration (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  is_open boolean NOT NULL DEFAULT true
);
INSERT INTO tenant_registration DEFAULT VALUES;
GRANT SELECT ON tenant_registration TO lango_web;

-- The company's own identity provider (OpenID Connect). An e-mail's domain leads to it, so a domain belongs to one company.
CREATE TABLE tenant_identity_provider (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  issuer text NOT NULL CHECK (length(issuer) <= 300),
  client_id text NOT NULL CHECK (length(client_id) BETWEEN 1 AND 300),
  client_secret_enc bytea NOT NULL,
  domain text NOT NULL UNIQUE CHECK (domain = lower(domain) AND length(domain) <= 253),
  updated_at timestamptz NOT NULL DEFAULT now()
);
SELECT platform_protect_table('tenant_identity_provider');
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_identity_provider TO lango_web;

-- Limits are kept where the rows are made, once per statement and only for companies that have one. The message is for people (errors.ts).
CREATE FUNCTION tenants_keep_limit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE t record; there bigint; most int;
BEGIN
  FOR t IN SELECT * FROM tenant WHERE id IN (SELECT tenant_id FROM made) LOOP
    IF t.licence_until IS NOT NULL AND t.licence_until <= lango_now() THEN
      RAISE EXCEPTION USING ERRCODE = 'LG402', MESSAGE = 'licence_over';
    END IF;
    most := CASE TG_TABLE_NAME WHEN 'subscriber' THEN t.limit_subscribers WHEN 'nas' THEN t.limit_routers ELSE t.limit_staff END;
    CONTINUE WHEN most IS NULL;
    EXECUTE format('SELECT count(*) FROM %I WHERE tenant_id = $1%s', TG_TABLE_NAME,
                   CASE TG_TABLE_NAME WHEN 'staff' THEN ' AND disabled_at IS NULL' WHEN 'subscriber' THEN ' AND deleted_at IS NULL' ELSE '' END) INTO there USING t.id;
    IF there > most THEN
      RAISE EXCEPTION USING ERRCODE = 'LG402', MESSAGE = format('limit_%s %s', CASE TG_TABLE_NAME WHEN 'subscriber' THEN 'subscribers' WHEN 'nas' THEN 'routers' ELSE 'staff' END, most);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_limit AFTER INSERT ON subscriber REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION tenants_keep_limit();
CREATE TRIGGER keep_limit AFTER INSERT ON nas REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION tenants_keep_limit();
CREATE TRIGGER keep_limit AFTER INSERT ON staff REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION tenants_keep_limit();
