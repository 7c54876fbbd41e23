-- What a reseller sold goes back to where it came from.
ALTER TABLE payment_refund DROP CONSTRAINT payment_refund_way_check;
ALTER TABLE payment_refund ADD CONSTRAINT payment_refund_way_check CHECK (way IN ('cash', 'bank', 'cheque', 'provider', 'told', 'float'));
