-- Double entry, minor units, single currency per account. Rows come only through ledger_post (prisma/functions/ledger.sql) and never change.
-- balance_cents is credits minus debits; an account with floor_cents never falls below it.
CREATE TABLE ledger_account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  code text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('asset', 'liability', 'income', 'expense')),
  currency char(3) NOT NULL,
  subscriber_id bigint REFERENCES subscriber,
  balance_cents bigint NOT NULL DEFAULT 0,
  floor_cents bigint,
  version bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (tenant_id, code, currency),
  CHECK (floor_cents IS NULL OR balance_cents >= floor_cents)
);
CREATE TABLE ledger_transfer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  key text NOT NULL,
  debit_account_id bigint NOT NULL REFERENCES ledger_account,
  credit_account_id bigint NOT NULL REFERENCES ledger_account,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency char(3) NOT NULL,
  kind text NOT NULL,
  memo text NOT NULL DEFAULT '',
  payment_id bigint,
  event_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT lango_now(),
  CHECK (debit_account_id <> credit_account_id),
  UNIQUE (tenant_id, key)
);
CREATE TABLE ledger_entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  transfer_id bigint NOT NULL REFERENCES ledger_transfer,
  account_id bigint NOT NULL REFERENCES ledger_account,
  amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
  previous_balance_cents bigint NOT NULL,
  balance_cents bigint NOT NULL,
  account_version bigint NOT NULL,
  CHECK (balance_cents = previous_balance_cents + amount_cents),
  UNIQUE (account_id, account_version)
);
CREATE INDEX ON ledger_entry (transfer_id);

CREATE FUNCTION ledger_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger rows never change; post a correcting transfer instead';
END $$;
CREATE TRIGGER ledger_transfer_immutable BEFORE UPDATE OR DELETE ON ledger_transfer FOR EACH ROW EXECUTE FUNCTION ledger_immutable();
CREATE TRIGGER ledger_entry_immutable BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_immutable();

CREATE TABLE payment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  subscription_id bigint REFERENCES subscription,
  method text NOT NULL CHECK (method IN ('cash', 'bank', 'cheque', 'mpesa', 'familybank', 'stripe', 'wallet')),
  reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 100),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency char(3) NOT NULL,
  state text NOT NULL CHECK (state IN ('created', 'prompted', 'settled', 'failed', 'unknown', 'refunded')),
  -- How a settled amount was used: for service, and left in the wallet.
  applied_cents bigint NOT NULL DEFAULT 0 CHECK (applied_cents >= 0),
  wallet_cents bigint NOT NULL DEFAULT 0 CHECK (wallet_cents >= 0),
  outcome text,
  received_at timestamptz NOT NULL DEFAULT lango_now(),
  created_by bigint REFERENCES staff,
  created_at timestamptz NOT NULL DEFAULT lango_now()
);
-- One receipt is credited once.
CREATE UNIQUE INDEX payment_reference ON payment (tenant_id, method, upper(reference));
CREATE INDEX ON payment (tenant_id, id DESC);
CREATE INDEX ON payment (subscription_id, id DESC);

CREATE TABLE payment_step (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  payment_id bigint NOT NULL REFERENCES payment ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  step text NOT NULL,
  detail text
);
CREATE INDEX ON payment_step (payment_id, id);
