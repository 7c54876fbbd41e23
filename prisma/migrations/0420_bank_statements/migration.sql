-- Statements of banks, as files that a person brings. Each line is tied to the movement of our books that it is; state is derived (payment_match), never stored.
CREATE TABLE payment_bank (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  currency char(3) NOT NULL,
  -- How its files are read, as somebody said it last: what each head stands for, the mark before cents, the order of a date.
  reading jsonb NOT NULL DEFAULT '{}',
  created_by bigint REFERENCES staff,
  created_at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE UNIQUE INDEX payment_bank_name ON payment_bank (tenant_id, lower(name));
SELECT platform_protect_table('payment_bank'), platform_keep_reference('payment_bank', 'created_by', 'staff');
GRANT SELECT, INSERT ON payment_bank TO lango_web;
GRANT UPDATE (reading) ON payment_bank TO lango_web;

ALTER TABLE payment_statement DROP CONSTRAINT payment_statement_method_check,
  ADD CONSTRAINT payment_statement_method_check CHECK (method IN ('mpesa', 'familybank', 'stripe', 'bank')),
  ADD COLUMN bank_id bigint REFERENCES payment_bank,
  ADD CONSTRAINT payment_statement_bank CHECK ((method = 'bank') = (bank_id IS NOT NULL));
SELECT platform_keep_reference('payment_statement', 'bank_id', 'payment_bank');

-- Of a bank's line: the movement that it is, which is no other line's. Its receipt is what makes it one of its own: reference, day, amount, account, and which
-- of several alike.
ALTER TABLE payment_statement_row ADD COLUMN transfer_id bigint REFERENCES ledger_transfer;
CREATE UNIQUE INDEX payment_statement_row_transfer ON payment_statement_row (transfer_id) WHERE transfer_id IS NOT NULL;
SELECT platform_keep_reference('payment_statement_row', 'transfer_id', 'ledger_transfer');
GRANT UPDATE (transfer_id) ON payment_statement_row TO lango_web;

-- Money that a bank's statement tells of and that is nobody's yet.
ALTER TABLE payment_notice DROP CONSTRAINT payment_notice_method_check,
  ADD CONSTRAINT payment_notice_method_check CHECK (method IN ('mpesa', 'familybank', 'stripe', 'bank'));

-- Files that wait for their columns to be named, of whichever slice, and what they are about there.
ALTER TABLE import_file ADD COLUMN slice text NOT NULL DEFAULT 'imports', ADD COLUMN subject_id bigint;
-- Runs whose rows are for those alone who may do such work.
ALTER TABLE bulk_run ADD COLUMN private boolean NOT NULL DEFAULT false;
