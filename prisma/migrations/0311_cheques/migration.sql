-- How a company takes money by hand. Without a row: service at once, and a cheque is expected to clear in three days.
CREATE TABLE payment_rule (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  -- cleared: a cheque buys nothing, and is in no book, before the bank has paid it.
  cheque_service text NOT NULL DEFAULT 'at_once' CHECK (cheque_service IN ('at_once', 'cleared')),
  cheque_days integer NOT NULL DEFAULT 3 CHECK (cheque_days BETWEEN 0 AND 60),
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);
SELECT platform_protect_table('payment_rule');
GRANT SELECT, INSERT, UPDATE ON payment_rule TO lango_web;

CREATE INDEX payment_cheques ON payment (tenant_id, id DESC) WHERE method = 'cheque';
