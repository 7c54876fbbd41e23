-- The standard FreeRADIUS table with its standard columns, and ours behind them.
-- One source address means one secret and one tenant, hence nasname unique over all companies.
CREATE TABLE nas (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  nasname varchar(128) NOT NULL UNIQUE,
  shortname varchar(32) NOT NULL,
  type varchar(30) NOT NULL DEFAULT 'mikrotik' CHECK (type IN ('mikrotik', 'other')),
  ports integer,
  secret varchar(60) NOT NULL CHECK (length(secret) > 0),
  server varchar(64),
  community varchar(50),
  description varchar(200),
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  coa_address inet,
  coa_port integer NOT NULL DEFAULT 3799 CHECK (coa_port BETWEEN 1 AND 65535),
  message_authenticator text NOT NULL DEFAULT 'auto' CHECK (message_authenticator IN ('require', 'auto', 'off')),
  api_username text,
  api_password_enc bytea,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1,
  CHECK (host(nasname::inet) = nasname),
  UNIQUE (tenant_id, name)
);

-- What the network last told us about a router; apart from nas, because it changes all the time.
CREATE TABLE nas_status (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL,
  identity text,
  last_access_at timestamptz,
  last_accounting_at timestamptz,
  message_authenticator_seen_at timestamptz,
  coa_silent_since timestamptz,
  coa_last_ack_at timestamptz
);

-- Packets from addresses that are no router of ours: the first thing to look at when a new router stays dark.
CREATE TABLE nas_unknown (
  address inet NOT NULL,
  kind text NOT NULL CHECK (kind IN ('auth', 'acct')),
  packets bigint NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT lango_now(),
  last_at timestamptz NOT NULL DEFAULT lango_now(),
  PRIMARY KEY (address, kind)
);

CREATE FUNCTION nas_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- FreeRADIUS' and the listener's tables must follow within 2 s, whoever wrote the row.
  PERFORM pg_notify('lango_nas', coalesce(NEW.nasname, OLD.nasname));
  IF TG_OP = 'UPDATE' AND NEW.nasname <> OLD.nasname THEN
    PERFORM pg_notify('lango_nas', OLD.nasname);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER nas_changed AFTER INSERT OR UPDATE OR DELETE ON nas FOR EACH ROW EXECUTE FUNCTION nas_changed();
