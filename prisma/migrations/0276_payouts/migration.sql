-- Commission paid out, in runs that a second person agrees to. An order to a provider is sent once: sent_at stands before it is called.
CREATE TABLE reseller_payout_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  method text NOT NULL CHECK (method IN ('mpesa', 'hand')),
  state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'approved', 'refused')),
  total_cents bigint NOT NULL CHECK (total_cents > 0),
  currency char(3) NOT NULL,
  created_by bigint REFERENCES staff,
  created_name text NOT NULL,
  decided_name text,
  created_at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE INDEX reseller_payout_run_newest ON reseller_payout_run (tenant_id, id DESC);

CREATE TABLE reseller_payout (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  run_id bigint NOT NULL REFERENCES reseller_payout_run,
  reseller_id bigint NOT NULL REFERENCES reseller,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency char(3) NOT NULL,
  phone text NOT NULL,
  -- waiting: for the second person. sending: the money is set aside. unknown: nobody can say yet. paid is the end.
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'unknown', 'paid', 'failed', 'cancelled')),
  -- Our name for the order, the provider's, and its name for our last question about it.
  originator uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  conversation text CHECK (length(conversation) <= 200),
  ask_ref text CHECK (length(ask_ref) <= 200),
  reference text CHECK (length(reference) BETWEEN 1 AND 100),
  code text CHECK (length(code) <= 40),
  code_text text CHECK (length(code_text) <= 300),
  sent_at timestamptz,
  due_at timestamptz,
  claimed_until timestamptz,
  asks integer NOT NULL DEFAULT 0,
  paid_at timestamptz
);
CREATE INDEX reseller_payout_of_run ON reseller_payout (run_id, id);
CREATE INDEX reseller_payout_of_reseller ON reseller_payout (reseller_id, id DESC);
CREATE INDEX reseller_payout_due ON reseller_payout (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX reseller_payout_conversation ON reseller_payout (tenant_id, conversation) WHERE conversation IS NOT NULL;
CREATE INDEX reseller_payout_ask_ref ON reseller_payout (tenant_id, ask_ref) WHERE ask_ref IS NOT NULL;
-- One payout of a reseller is open at a time.
CREATE UNIQUE INDEX reseller_payout_open ON reseller_payout (reseller_id) WHERE state IN ('waiting', 'sending', 'unknown');

CREATE TABLE reseller_payout_step (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  payout_id bigint NOT NULL REFERENCES reseller_payout,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  step text NOT NULL,
  detail text CHECK (length(detail) <= 400)
);
CREATE INDEX reseller_payout_step_of ON reseller_payout_step (payout_id, id);

SELECT platform_protect_table(t) FROM unnest(ARRAY['reseller_payout_run', 'reseller_payout', 'reseller_payout_step']::regclass[]) t;
SELECT platform_keep_reference('reseller_payout_run', 'created_by', 'staff'), platform_keep_reference('reseller_payout', 'run_id', 'reseller_payout_run'),
       platform_keep_reference('reseller_payout', 'reseller_id', 'reseller'), platform_keep_reference('reseller_payout_step', 'payout_id', 'reseller_payout');
SELECT platform_open_to_reseller('reseller_payout', 'reseller_id = lango_reseller()');
GRANT SELECT, INSERT, UPDATE ON reseller_payout_run, reseller_payout TO lango_web;
GRANT SELECT, INSERT ON reseller_payout_step TO lango_web;

-- paid is the end, and what is paid to whom never changes.
CREATE FUNCTION reseller_payout_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> NEW.state AND NOT (CASE OLD.state
      WHEN 'waiting' THEN NEW.state IN ('sending', 'failed', 'cancelled')
      WHEN 'sending' THEN NEW.state IN ('unknown', 'paid', 'failed')
      WHEN 'unknown' THEN NEW.state IN ('paid', 'failed')
      WHEN 'failed' THEN NEW.state = 'paid'
      ELSE false END) THEN
    RAISE EXCEPTION 'a payout that is % cannot become %', OLD.state, NEW.state USING ERRCODE = 'LG003';
  END IF;
  IF (OLD.reseller_id, OLD.amount_cents, OLD.currency, OLD.originator) IS DISTINCT FROM (NEW.reseller_id, NEW.amount_cents, NEW.currency, NEW.originator) THEN
    RAISE EXCEPTION 'what is paid out, and to whom, does not change' USING ERRCODE = 'LG003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reseller_payout_keep BEFORE UPDATE ON reseller_payout FOR EACH ROW EXECUTE FUNCTION reseller_payout_keep();

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, 'resellers.pay' FROM staff_role r WHERE r.tenant_id IS NULL AND r.key IN ('super_admin', 'isp_admin', 'finance') ON CONFLICT DO NOTHING;
