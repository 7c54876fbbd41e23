-- What a login must know of a subscription, gathered in one row: what is constant between two changes of it. It is derived (prisma/functions/subscription-card.sql
-- keeps it, in the transaction of each change), so that a login reads four rows instead of nine; the password stays in radcheck alone.
CREATE TABLE access_card (
  tenant_id bigint NOT NULL,
  username text NOT NULL,
  subscription_id bigint NOT NULL,
  status text NOT NULL,
  expires_at timestamptz,
  grace_s integer NOT NULL,
  cycle_no integer NOT NULL,
  allowance_bytes bigint,
  on_quota text NOT NULL,
  mac_lock text,
  simultaneous_use integer NOT NULL,
  interim_s integer NOT NULL,
  throttle_rate text,
  -- What the router is told while all is well: the subscription's own items (radreply) and the plan's (radgroupreply), as FreeRADIUS reads them.
  item_names text[] NOT NULL,
  item_values text[] NOT NULL,
  item_ops text[] NOT NULL,
  PRIMARY KEY (tenant_id, username)
) WITH (fillfactor = 80);
CREATE INDEX ON access_card (subscription_id);
SELECT platform_protect_table('access_card');

-- Whether a company may serve is part of what routers are told apart by.
CREATE FUNCTION access_company_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('lango_nas', '');
  RETURN NULL;
END $$;
CREATE TRIGGER access_company_changed AFTER UPDATE OF status ON tenant FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION access_company_changed();
