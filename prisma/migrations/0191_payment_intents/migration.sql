-- Payments that a provider is asked for, and money that a provider tells of.

ALTER TABLE payment
  -- What the customer sees in the prompt and a provider tells back: ours, unique, at most 12 letters and digits. It stands in for the receipt (reference) until there is one.
  ADD COLUMN account_ref text CHECK (account_ref ~ '^[A-Z0-9]{6,12}$'),
  -- The provider's names for the order.
  ADD COLUMN provider_ref text CHECK (length(provider_ref) <= 200),
  ADD COLUMN provider_ref2 text CHECK (length(provider_ref2) <= 200),
  -- Where the customer pays, with providers that send them to a page.
  ADD COLUMN provider_url text CHECK (length(provider_url) <= 2000),
  ADD COLUMN receipt text CHECK (length(receipt) BETWEEN 1 AND 100),
  ADD COLUMN phone text,
  -- The provider's own word for the outcome, as it came.
  ADD COLUMN code text CHECK (length(code) <= 40),
  ADD COLUMN code_text text CHECK (length(code_text) <= 300),
  -- Set before the provider is called: an order that was begun is never sent twice.
  ADD COLUMN pushed_at timestamptz,
  ADD COLUMN settled_at timestamptz,
  -- When the provider is to be called again about it: to prompt while `created`, to ask afterwards.
  ADD COLUMN due_at timestamptz,
  ADD COLUMN asks integer NOT NULL DEFAULT 0,
  ADD COLUMN claimed_until timestamptz,
  -- What a call said that is believed only together with the provider's answer.
  ADD COLUMN told_receipt text,
  ADD COLUMN told_cents bigint CHECK (told_cents > 0);
CREATE UNIQUE INDEX payment_account_ref ON payment (tenant_id, account_ref) WHERE account_ref IS NOT NULL;
CREATE UNIQUE INDEX payment_provider_ref ON payment (method, provider_ref, tenant_id) WHERE provider_ref IS NOT NULL;
CREATE INDEX payment_due ON payment (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payment_phone ON payment (tenant_id, phone, id DESC) WHERE phone IS NOT NULL;
CREATE SEQUENCE payment_ref_seq;

-- Each receipt that a provider told of, once. Credited: it is the money of a payment. Waiting: booked to suspense, because nobody knows whose it is.
-- Unproven: told by somebody whom we cannot know for the provider; booked nowhere.
CREATE TABLE payment_notice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  method text NOT NULL CHECK (method IN ('mpesa', 'familybank', 'stripe')),
  receipt text NOT NULL CHECK (length(receipt) BETWEEN 1 AND 100),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency char(3) NOT NULL,
  state text NOT NULL CHECK (state IN ('credited', 'waiting', 'unproven')),
  payment_id bigint REFERENCES payment,
  -- The payer: E.164 digits, a SHA-256 of them, or stars; whichever the provider told.
  payer text CHECK (length(payer) <= 64),
  payer_name text CHECK (length(payer_name) <= 100),
  -- What the customer typed as the account.
  bill_ref text CHECK (length(bill_ref) <= 100),
  source text NOT NULL CHECK (source IN ('callback', 'confirmation', 'list', 'answer')),
  occurred_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  CHECK ((state = 'credited') = (payment_id IS NOT NULL))
);
CREATE UNIQUE INDEX payment_notice_once ON payment_notice (tenant_id, method, upper(receipt));
CREATE INDEX payment_notice_open ON payment_notice (tenant_id, id DESC) WHERE state <> 'credited';
CREATE INDEX payment_notice_payment ON payment_notice (payment_id) WHERE payment_id IS NOT NULL;

CREATE TABLE payment_provider (
  tenant_id bigint NOT NULL REFERENCES tenant,
  provider text NOT NULL CHECK (provider IN ('mpesa', 'familybank', 'stripe')),
  settings jsonb NOT NULL DEFAULT '{}',
  secrets_enc bytea NOT NULL,
  -- Calls that may be made now, of so many a second: prompts, and questions apart from them, so that the one never starves the other.
  per_second integer NOT NULL DEFAULT 5 CHECK (per_second BETWEEN 1 AND 100),
  prompt_room real NOT NULL DEFAULT 5,
  ask_room real NOT NULL DEFAULT 5,
  room_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Why it refused us lately, for those who can repair it.
  fault text CHECK (length(fault) <= 300),
  fault_at timestamptz,
  registered_at timestamptz,
  listed_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, provider)
);

SELECT platform_protect_table(t) FROM unnest(ARRAY['payment_notice', 'payment_provider']::regclass[]) t;
SELECT platform_keep_reference('payment_notice', 'payment_id', 'payment');
GRANT SELECT, INSERT, UPDATE ON payment_notice, payment_provider TO lango_web;
GRANT SELECT ON payment_notice, payment_provider TO lango_jobs;
GRANT UPDATE (amount_cents, reference, account_ref, provider_ref, provider_ref2, provider_url, receipt, code, code_text, pushed_at, settled_at, due_at, asks, claimed_until,
  told_receipt, told_cents, received_at) ON payment TO lango_web;

-- What may follow what. Settled is the end of asking: only a refund leaves it, and who, how much and by which receipt no longer change.
CREATE FUNCTION payment_keep_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> NEW.state AND NOT (CASE OLD.state
      WHEN 'created' THEN NEW.state IN ('prompted', 'unknown', 'failed', 'settled')
      WHEN 'prompted' THEN NEW.state IN ('unknown', 'failed', 'settled')
      WHEN 'unknown' THEN NEW.state IN ('prompted', 'failed', 'settled')
      WHEN 'failed' THEN NEW.state = 'settled'
      WHEN 'settled' THEN NEW.state = 'refunded'
      ELSE false END) THEN
    RAISE EXCEPTION 'a payment that is % cannot become %', OLD.state, NEW.state USING ERRCODE = 'LG003';
  END IF;
  IF OLD.state IN ('settled', 'refunded') AND
     ((OLD.amount_cents, OLD.subscriber_id, OLD.subscription_id, OLD.currency, OLD.method) IS DISTINCT FROM (NEW.amount_cents, NEW.subscriber_id, NEW.subscription_id, NEW.currency, NEW.method)
      OR OLD.receipt IS NOT NULL AND OLD.receipt IS DISTINCT FROM NEW.receipt) THEN
    RAISE EXCEPTION 'a settled payment does not change' USING ERRCODE = 'LG003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payment_keep_state BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION payment_keep_state();

-- No payment is settled whose money is not in the books, when its transaction ends. The owner (restore, seeds) may.
CREATE FUNCTION payment_is_booked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.tenant_id = NEW.tenant_id AND t.key = format('payment:%s:received', NEW.id) AND t.amount_cents = NEW.amount_cents) THEN
    RAISE EXCEPTION 'payment % is settled and its money is not in the books', NEW.id USING ERRCODE = 'LG003';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payment_is_booked AFTER INSERT OR UPDATE OF state ON payment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.state = 'settled' AND current_setting('is_superuser') <> 'on') EXECUTE FUNCTION payment_is_booked();

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, 'payments.settings' FROM staff_role r WHERE r.tenant_id IS NULL AND r.key IN ('super_admin', 'isp_admin') ON CONFLICT DO NOTHING;
