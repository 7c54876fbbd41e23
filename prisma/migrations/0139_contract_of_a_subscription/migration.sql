-- A customer on a plan with a contract stays until then, or pays the fee. Both as they were when the contract began: a later version changes neither.
ALTER TABLE subscription
  ADD COLUMN contract_ends_at timestamptz,
  ADD COLUMN contract_fee_cents bigint CHECK (contract_fee_cents >= 0);
