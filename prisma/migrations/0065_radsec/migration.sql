-- RadSec (RFC 6614): routers that come through TLS and are known by a certificate instead of an address.
DO $$
BEGIN
  CREATE ROLE lango_radsec NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO lango_radsec;
GRANT EXECUTE ON FUNCTION lango_now(), lango_tenant(), lango_clock_shift() TO lango_radsec;
GRANT SELECT ON platform_clock, _prisma_migrations TO lango_radsec;
GRANT SELECT, INSERT, UPDATE, DELETE ON platform_heartbeat TO lango_radsec;

-- The installation's authority and the certificate that the front shows. Keys are sealed (AES-256-GCM under the master key).
CREATE TABLE radsec_authority (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('ca', 'server')),
  -- For a server: its own first, then what leads to a root.
  certificate_pem text NOT NULL CHECK (length(certificate_pem) <= 65536),
  key_enc bytea NOT NULL,
  names text[] NOT NULL DEFAULT '{}',
  not_after timestamptz NOT NULL,
  -- Signed by our authority, hence renewed by us.
  ours boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  retired_at timestamptz
);
CREATE UNIQUE INDEX radsec_authority_in_use ON radsec_authority (kind) WHERE retired_at IS NULL;

-- Each router that comes through the front has a loopback address of its own, so that its address says who it is, as everywhere else.
CREATE SEQUENCE radsec_address_seq MINVALUE 0 MAXVALUE 4161535;
CREATE FUNCTION radsec_next_address() RETURNS inet LANGUAGE sql AS
$$ SELECT '127.128.0.0'::inet + n / 254 * 256 + n % 254 + 1 FROM nextval('radsec_address_seq') n $$;

CREATE TABLE radsec_router (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  address inet NOT NULL UNIQUE CHECK (address <<= '127.128.0.0/10'),
  -- Between the front and the parts behind it. The one of RFC 6614 is known to everybody, and on some hosts others can send from loopback addresses.
  secret text NOT NULL CHECK (length(secret) >= 16),
  created_at timestamptz NOT NULL DEFAULT lango_now()
);

CREATE TABLE radsec_certificate (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  serial text NOT NULL UNIQUE,
  -- SHA-256 over its DER form: what the front knows it by.
  fingerprint text NOT NULL UNIQUE CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  subject text NOT NULL,
  -- Whether the router made its key itself and it never left it.
  key_is_theirs boolean NOT NULL,
  issued_at timestamptz NOT NULL DEFAULT lango_now(),
  issued_by text NOT NULL,
  not_after timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_reason text CHECK (length(revoked_reason) <= 200)
);
CREATE INDEX radsec_certificate_of_router ON radsec_certificate (nas_id, id DESC);
CREATE INDEX radsec_certificate_of_company ON radsec_certificate (tenant_id, id DESC);

-- Who is connected where, and where orders for them are taken. Of fronts that died the rows stay; they count while beat_at is fresh.
CREATE TABLE radsec_connection (
  instance text NOT NULL,
  nas_id bigint NOT NULL REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  certificate_id bigint NOT NULL REFERENCES radsec_certificate ON DELETE CASCADE,
  peer text NOT NULL,
  protocol text NOT NULL,
  since timestamptz NOT NULL,
  beat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  relay_address inet NOT NULL,
  relay_port integer NOT NULL,
  PRIMARY KEY (instance, nas_id)
);
CREATE INDEX radsec_connection_of_router ON radsec_connection (nas_id);

SELECT platform_protect_table('radsec_router'), platform_protect_table('radsec_certificate'), platform_protect_table('radsec_connection');
SELECT platform_keep_reference('radsec_certificate', 'nas_id', 'nas'), platform_keep_reference('radsec_router', 'nas_id', 'nas');

GRANT SELECT, INSERT ON radsec_authority, radsec_certificate TO lango_web;
GRANT UPDATE (retired_at) ON radsec_authority TO lango_web;
GRANT UPDATE (revoked_at, revoked_reason) ON radsec_certificate TO lango_web;
-- The secret is written by a function and read by the RADIUS parts alone.
GRANT SELECT (nas_id, tenant_id, address, created_at) ON radsec_router TO lango_web;
GRANT SELECT (instance, nas_id, tenant_id, certificate_id, peer, protocol, since, beat_at) ON radsec_connection TO lango_web;
GRANT SELECT, INSERT, UPDATE (retired_at) ON radsec_authority TO lango_jobs;

-- The front follows within a second: a certificate is issued or revoked, its router goes, the server's own is replaced.
CREATE FUNCTION radsec_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY lango_radsec;
  RETURN NULL;
END $$;
CREATE TRIGGER radsec_changed AFTER INSERT OR UPDATE OR DELETE ON radsec_certificate FOR EACH STATEMENT EXECUTE FUNCTION radsec_changed();
CREATE TRIGGER radsec_changed AFTER INSERT OR UPDATE OR DELETE ON radsec_authority FOR EACH STATEMENT EXECUTE FUNCTION radsec_changed();

-- FreeRADIUS and the listener learn the new address as they learn any other.
CREATE FUNCTION radsec_router_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lango_nas', host(coalesce(NEW.address, OLD.address)));
  RETURN NULL;
END $$;
CREATE TRIGGER radsec_router_changed AFTER INSERT OR UPDATE OR DELETE ON radsec_router FOR EACH ROW EXECUTE FUNCTION radsec_router_changed();

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('radsec.read', 'isp_admin technician support'), ('radsec.write', 'isp_admin technician'), ('radsec.authority', '')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
