-- Where an account with a payment provider was found at fault: what works again there clears it.
ALTER TABLE payment_provider ADD COLUMN fault_in text CHECK (fault_in IN ('prompt', 'list', 'addresses'));
