-- The receipt first: beside payment_notice_told, which begins with company and provider too, a plan that was made while there were few notices took that one,
-- and read every notice of the company for each look-up of one (payment_told).
DROP INDEX payment_notice_once;
CREATE UNIQUE INDEX payment_notice_once ON payment_notice (upper(receipt), tenant_id, method);
