-- The amount of an order changes in one way alone: to what the provider says was received, before it is settled (payment_received_cents).
REVOKE UPDATE (amount_cents) ON payment FROM lango_web;
