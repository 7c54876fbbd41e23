-- A limit that nothing held to: whoever may credit an invoice may credit all of it.
ALTER TABLE invoice_seller DROP COLUMN second_person_cents;
