-- Invoices and credit notes. One stands for each transfer that touches sales; it is born without a number in the transaction that sells, and numbered in
-- order after it has committed. Written only by prisma/functions/invoices.sql; what is issued never changes.

-- What the law says a tax is, from a day on, in hundredths of a percent. A company names it, or a rate of its own.
CREATE TABLE invoice_tax_law (
  tax text NOT NULL CHECK (tax IN ('vat', 'excise')),
  starts_on date NOT NULL,
  rate_bp integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 9999),
  PRIMARY KEY (tax, starts_on)
);
INSERT INTO invoice_tax_law (tax, starts_on, rate_bp) VALUES
  ('vat', '1900-01-01', 1600), ('vat', '2020-04-01', 1400), ('vat', '2021-01-01', 1600),
  ('excise', '1900-01-01', 1000), ('excise', '2018-09-21', 1500), ('excise', '2021-07-01', 2000), ('excise', '2023-07-29', 1500);
GRANT SELECT ON invoice_tax_law TO lango_web, lango_jobs;

-- Which taxes a company charges from a day on; none before its first row. rate_bp NULL: as the law says at the time of the sale. 0: not any more.
CREATE TABLE invoice_tax (
  tenant_id bigint NOT NULL REFERENCES tenant,
  tax text NOT NULL CHECK (tax IN ('vat', 'excise')),
  starts_on date NOT NULL,
  rate_bp integer CHECK (rate_bp BETWEEN 0 AND 9999),
  PRIMARY KEY (tenant_id, tax, starts_on)
);

-- The company as it stands on its invoices.
CREATE TABLE invoice_seller (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  legal_name text CHECK (length(legal_name) BETWEEN 1 AND 120),
  pin text CHECK (pin ~ '^[A-Z][0-9]{9}[A-Z]$'),
  branch text NOT NULL DEFAULT '00' CHECK (branch ~ '^[0-9]{2}$'),
  address text CHECK (length(address) <= 300),
  phone text CHECK (length(phone) <= 40),
  email text CHECK (length(email) <= 200),
  invoice_prefix text NOT NULL DEFAULT 'INV-' CHECK (invoice_prefix ~ '^[A-Z0-9/-]{0,12}$'),
  credit_prefix text NOT NULL DEFAULT 'CN-' CHECK (credit_prefix ~ '^[A-Z0-9/-]{0,12}$'),
  footer text CHECK (length(footer) <= 300),
  -- A credit note by hand above this waits for a second person; NULL: never.
  second_person_cents bigint CHECK (second_person_cents >= 0),
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);

-- A customer who needs invoices that the tax office accepts. Their name and PIN are then part of each invoice; of others only the customer is named.
CREATE TABLE invoice_buyer (
  subscriber_id bigint PRIMARY KEY REFERENCES subscriber,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  pin text CHECK (pin ~ '^[A-Z][0-9]{9}[A-Z]$'),
  address text CHECK (length(address) <= 300),
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);

-- The last number of each kind that a company has given.
CREATE TABLE invoice_series (
  tenant_id bigint NOT NULL REFERENCES tenant,
  kind text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  last_number bigint NOT NULL CHECK (last_number >= 0),
  PRIMARY KEY (tenant_id, kind)
);

CREATE TABLE invoice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  kind text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  number bigint CHECK (number > 0),
  number_text text,
  numbered_at timestamptz,
  transfer_id bigint NOT NULL REFERENCES ledger_transfer,
  subscriber_id bigint REFERENCES subscriber,
  subscription_id bigint REFERENCES subscription,
  currency char(3) NOT NULL,
  net_cents bigint NOT NULL CHECK (net_cents >= 0),
  excise_cents bigint NOT NULL CHECK (excise_cents >= 0),
  vat_cents bigint NOT NULL CHECK (vat_cents >= 0),
  total_cents bigint NOT NULL CHECK (total_cents > 0),
  excise_bp integer NOT NULL,
  vat_bp integer NOT NULL,
  -- What a credit note takes back; none where the sale is older than invoices.
  credits_invoice_id bigint REFERENCES invoice,
  reason text CHECK (length(reason) BETWEEN 1 AND 300),
  seller jsonb NOT NULL,
  buyer jsonb,
  issued_at timestamptz NOT NULL,
  -- The wall clock at which it was made: numbers follow it.
  born_at timestamptz NOT NULL,
  created_by bigint REFERENCES staff,
  -- What the tax office's control unit answers, written once.
  control_unit text,
  control_number text,
  control_signature text,
  control_data text,
  control_at timestamptz,
  CHECK (net_cents + excise_cents + vat_cents = total_cents),
  CHECK ((number IS NULL) = (number_text IS NULL) AND (number IS NULL) = (numbered_at IS NULL)),
  CHECK (kind = 'credit_note' OR credits_invoice_id IS NULL),
  CHECK ((kind = 'credit_note') = (reason IS NOT NULL)),
  UNIQUE (tenant_id, kind, number),
  UNIQUE NULLS NOT DISTINCT (transfer_id, credits_invoice_id)
);
-- The last transfer from before there were invoices.
CREATE TABLE invoice_origin (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last_transfer_id bigint NOT NULL
);
INSERT INTO invoice_origin (last_transfer_id) SELECT coalesce(max(id), 0) FROM ledger_transfer;

CREATE INDEX invoice_newest ON invoice (tenant_id, id DESC);
CREATE INDEX invoice_of_subscriber ON invoice (subscriber_id, id DESC);
CREATE INDEX invoice_of_subscription ON invoice (subscription_id, id DESC);
CREATE INDEX invoice_by_day ON invoice (tenant_id, issued_at);
CREATE INDEX invoice_unnumbered ON invoice (tenant_id, kind, born_at, id) WHERE number IS NULL;
CREATE INDEX invoice_credits ON invoice (credits_invoice_id) WHERE credits_invoice_id IS NOT NULL;
CREATE INDEX invoice_number_text ON invoice (tenant_id, upper(number_text) text_pattern_ops);

CREATE TABLE invoice_line (
  invoice_id bigint NOT NULL REFERENCES invoice,
  line_no integer NOT NULL CHECK (line_no BETWEEN 1 AND 100),
  tenant_id bigint NOT NULL,
  -- Excise is on service alone.
  kind text NOT NULL CHECK (kind IN ('service', 'fee')),
  description text NOT NULL CHECK (length(description) BETWEEN 1 AND 200),
  quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0),
  -- What a unit costs and what was left off, as the customer pays it.
  unit_cents bigint NOT NULL CHECK (unit_cents >= 0),
  discount_cents bigint NOT NULL DEFAULT 0 CHECK (discount_cents >= 0),
  discount_name text,
  period_from timestamptz,
  period_to timestamptz,
  -- eTIMS: B 16 %, A exempt, C zero-rated, D outside VAT, E 8 %.
  tax_type char(1) NOT NULL CHECK (tax_type IN ('A', 'B', 'C', 'D', 'E')),
  item_code text,
  item_class text,
  unit_code text NOT NULL DEFAULT 'U',
  net_cents bigint NOT NULL CHECK (net_cents >= 0),
  excise_cents bigint NOT NULL CHECK (excise_cents >= 0),
  vat_cents bigint NOT NULL CHECK (vat_cents >= 0),
  total_cents bigint NOT NULL CHECK (total_cents > 0),
  PRIMARY KEY (invoice_id, line_no),
  CHECK (net_cents + excise_cents + vat_cents = total_cents),
  CHECK (quantity * unit_cents - discount_cents = total_cents),
  CHECK (kind = 'service' OR excise_cents = 0)
);

SELECT platform_protect_table(t) FROM unnest(ARRAY['invoice_tax', 'invoice_seller', 'invoice_buyer', 'invoice_series', 'invoice', 'invoice_line']::regclass[]) t;
SELECT platform_keep_reference('invoice_buyer', 'subscriber_id', 'subscriber');
GRANT SELECT ON invoice, invoice_line, invoice_series TO lango_web, lango_jobs;
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice_tax, invoice_buyer TO lango_web;
GRANT SELECT, INSERT, UPDATE ON invoice_seller TO lango_web;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('invoices.read', 'isp_admin finance support sales'), ('invoices.credit', 'isp_admin finance'), ('invoices.settings', 'isp_admin finance'))
  AS p (permission, roles) ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
