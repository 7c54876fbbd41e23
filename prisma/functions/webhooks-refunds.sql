-- What became of a refund is told when the transaction ends: its payment has its new state by then. What goes out of a wallet is of no payment and tells nobody.
CREATE OR REPLACE FUNCTION webhook_of_refund() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM webhook_emit(NEW.tenant_id, CASE NEW.state WHEN 'done' THEN 'payment.refunded' ELSE 'payment.refund_failed' END, 'payment', NEW.payment_id,
    jsonb_build_object('kind', CASE WHEN NEW.created_by IS NULL THEN 'system' ELSE 'staff' END, 'name', NEW.created_name),
    jsonb_build_object('refund_id', NEW.id::text, 'amount_cents', NEW.amount_cents, 'currency', NEW.currency, 'way', NEW.way, 'reason', NEW.reason,
      'reference', NEW.reference, 'credit_cents', NEW.credit_cents, 'owed_cents', NEW.owed_cents, 'failure', NEW.code));
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS webhook_of_refund ON payment_refund;
CREATE CONSTRAINT TRIGGER webhook_of_refund AFTER UPDATE OF state ON payment_refund DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.payment_id IS NOT NULL AND OLD.state <> NEW.state AND NEW.state IN ('done', 'failed')) EXECUTE FUNCTION webhook_of_refund();
