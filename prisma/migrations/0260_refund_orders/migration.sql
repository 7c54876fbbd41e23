-- What was approved and turned out to be impossible when it was to be done.
ALTER TABLE approval DROP CONSTRAINT approval_state_check, ADD CONSTRAINT approval_state_check CHECK (state IN ('asked', 'approved', 'refused', 'expired', 'done', 'void'));
ALTER TABLE approval DROP CONSTRAINT approval_check1, ADD CONSTRAINT approval_decided CHECK ((decided_by IS NOT NULL) = (state IN ('approved', 'refused', 'done', 'void')));
CREATE OR REPLACE FUNCTION approval_keep_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_free text[] := ARRAY['state', 'decided_by', 'decided_name', 'decided_at', 'note', 'done_at'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'what was asked for stays on record' USING ERRCODE = 'LG004';
  END IF;
  IF NOT (OLD.state = 'asked' AND NEW.state IN ('approved', 'refused', 'expired') OR OLD.state = 'approved' AND NEW.state IN ('done', 'void')) THEN
    RAISE EXCEPTION 'what is % cannot become %', OLD.state, NEW.state USING ERRCODE = 'LG004';
  END IF;
  IF to_jsonb(NEW) - v_free <> to_jsonb(OLD) - v_free OR OLD.decided_by IS NOT NULL AND OLD.decided_by IS DISTINCT FROM NEW.decided_by THEN
    RAISE EXCEPTION 'what was asked for, and who decided, does not change' USING ERRCODE = 'LG004';
  END IF;
  RETURN NEW;
END $$;
-- The provider's name for the question that was asked about a refund: its answer comes by a call of its own.
ALTER TABLE payment_refund ADD COLUMN ask_ref text CHECK (length(ask_ref) <= 200);
CREATE INDEX payment_refund_ask_ref ON payment_refund (tenant_id, ask_ref) WHERE ask_ref IS NOT NULL;
GRANT UPDATE (ask_ref) ON payment_refund TO lango_web;
