-- What a provider says went through its account, held against what stands in the books. State is derived (payment_match), never stored.
CREATE TABLE payment_statement (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  method text NOT NULL CHECK (method IN ('mpesa', 'familybank', 'stripe')),
  -- file: uploaded by a person. list: read from the provider itself.
  source text NOT NULL CHECK (source IN ('file', 'list')),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- Of the file; of a list its account and day: the same is taken in once.
  mark text NOT NULL CHECK (length(mark) <= 100),
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  -- Lines that are also on a statement taken in before.
  known_rows integer NOT NULL DEFAULT 0,
  created_by bigint REFERENCES staff,
  created_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (tenant_id, method, mark)
);
CREATE INDEX payment_statement_newest ON payment_statement (tenant_id, id DESC);

CREATE TABLE payment_statement_row (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL,
  statement_id bigint NOT NULL REFERENCES payment_statement,
  method text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('payment', 'reversal', 'fee', 'moved', 'other')),
  receipt text NOT NULL CHECK (length(receipt) BETWEEN 1 AND 100),
  -- Into the account above zero, out of it below.
  amount_cents bigint NOT NULL CHECK (amount_cents <> 0),
  currency char(3) NOT NULL,
  at timestamptz NOT NULL,
  -- Of a reversal: the receipt that it takes back.
  linked text CHECK (length(linked) <= 100),
  payer text CHECK (length(payer) <= 200),
  bill_ref text CHECK (length(bill_ref) <= 100),
  details text CHECK (length(details) <= 300),
  -- What a person called it where nothing else explains it.
  named text CHECK (length(named) BETWEEN 3 AND 300),
  named_by text,
  named_at timestamptz
);
-- A charge stands under the receipt of what it is for.
CREATE UNIQUE INDEX payment_statement_row_once ON payment_statement_row (tenant_id, method, upper(receipt), kind, amount_cents);
CREATE INDEX payment_statement_row_statement ON payment_statement_row (statement_id, id);

SELECT platform_protect_table(t) FROM unnest(ARRAY['payment_statement', 'payment_statement_row']::regclass[]) t;
SELECT platform_keep_reference('payment_statement', 'created_by', 'staff'), platform_keep_reference('payment_statement_row', 'statement_id', 'payment_statement');
GRANT SELECT, INSERT ON payment_statement, payment_statement_row TO lango_web;
GRANT UPDATE (known_rows) ON payment_statement TO lango_web;
GRANT UPDATE (named, named_by, named_at) ON payment_statement_row TO lango_web;
GRANT SELECT ON payment_statement, payment_statement_row TO lango_jobs;
CREATE INDEX payment_notice_told ON payment_notice (tenant_id, method, coalesce(occurred_at, created_at));
