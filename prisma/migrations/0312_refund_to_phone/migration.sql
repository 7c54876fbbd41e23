-- Money given back to a phone by M-Pesa (B2C): of a payment that cannot be reversed, or out of a wallet.
DO $$
DECLARE c record;
BEGIN
  FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'payment_refund'::regclass AND contype = 'c'
    AND (pg_get_constraintdef(oid) LIKE '%payment_id IS NOT NULL%' OR conname = 'payment_refund_way_check')
  LOOP
    EXECUTE format('ALTER TABLE payment_refund DROP CONSTRAINT %I', c.conname);
  END LOOP;
END $$;
ALTER TABLE payment_refund
  ADD COLUMN phone text CHECK (phone ~ '^\+254[17][0-9]{8}$'),
  ADD CONSTRAINT payment_refund_way_check CHECK (way IN ('cash', 'bank', 'cheque', 'provider', 'told', 'float', 'mpesa')),
  ADD CONSTRAINT payment_refund_of_wallet CHECK (payment_id IS NOT NULL OR way IN ('cash', 'bank', 'mpesa') AND service = 'keep'),
  ADD CONSTRAINT payment_refund_phone CHECK ((way = 'mpesa') = (phone IS NOT NULL));
