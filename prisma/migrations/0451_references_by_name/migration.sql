-- The reference first, as with receipts (0430): beside other indexes that begin with the company a plan that was made while there were few payments read all of them
-- for one (payment_referred).
DROP INDEX payment_reference;
CREATE UNIQUE INDEX payment_reference ON payment (upper(reference), tenant_id, method);
