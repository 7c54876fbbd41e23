-- Money given back: of a payment, or of what lies in a wallet.
CREATE TABLE payment_refund (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  -- NULL: money that lies in the wallet, wherever it came from.
  payment_id bigint REFERENCES payment,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency char(3) NOT NULL,
  -- Out of the till, by bank, a cheque that came back, by the provider, or the provider did it of its own accord and told us.
  way text NOT NULL CHECK (way IN ('cash', 'bank', 'cheque', 'provider', 'told')),
  service text NOT NULL CHECK (service IN ('keep', 'take_back')),
  reason text NOT NULL CHECK (length(reason) BETWEEN 3 AND 300),
  -- asked: waits for a second person. sending: out of the wallet, and not yet proven to have left. failed: it is back in the wallet. refused: nothing was moved.
  state text NOT NULL CHECK (state IN ('asked', 'sending', 'done', 'failed', 'refused')),
  needs_approval boolean NOT NULL,
  -- What of it came back out of sales, and what the customer owes now because it was not there any more.
  credit_cents bigint NOT NULL DEFAULT 0 CHECK (credit_cents >= 0 AND credit_cents <= amount_cents),
  owed_cents bigint NOT NULL DEFAULT 0 CHECK (owed_cents >= 0),
  -- The slip, or the provider's receipt of the refund.
  reference text CHECK (length(reference) BETWEEN 1 AND 100),
  -- The provider's names for the order.
  provider_ref text CHECK (length(provider_ref) <= 200),
  provider_ref2 text CHECK (length(provider_ref2) <= 200),
  code text CHECK (length(code) <= 40),
  code_text text CHECK (length(code_text) <= 300),
  -- Set before the provider is called: what was begun is never sent again.
  sent_at timestamptz,
  due_at timestamptz,
  asks integer NOT NULL DEFAULT 0,
  claimed_until timestamptz,
  done_at timestamptz,
  created_by bigint REFERENCES staff,
  created_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  CHECK (payment_id IS NOT NULL OR way IN ('cash', 'bank') AND service = 'keep')
);
CREATE INDEX payment_refund_payment ON payment_refund (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX payment_refund_newest ON payment_refund (tenant_id, id DESC);
CREATE INDEX payment_refund_subscriber ON payment_refund (subscriber_id, id DESC);
CREATE INDEX payment_refund_due ON payment_refund (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX payment_refund_provider_ref ON payment_refund (tenant_id, provider_ref) WHERE provider_ref IS NOT NULL;
CREATE UNIQUE INDEX payment_refund_reference ON payment_refund (tenant_id, way, upper(reference)) WHERE way = 'told';

SELECT platform_protect_table('payment_refund');
SELECT platform_keep_reference('payment_refund', 'payment_id', 'payment');
SELECT platform_keep_reference('payment_refund', 'subscriber_id', 'subscriber');
SELECT platform_keep_reference('payment_refund', 'created_by', 'staff');
GRANT SELECT, INSERT ON payment_refund TO lango_web;
GRANT UPDATE (state, credit_cents, owed_cents, reference, provider_ref, provider_ref2, code, code_text, sent_at, due_at, asks, claimed_until, done_at) ON payment_refund TO lango_web;
GRANT SELECT ON payment_refund TO lango_jobs;

-- When a cheque is to be cleared, and when it was.
ALTER TABLE payment ADD COLUMN clears_on date, ADD COLUMN cleared_at timestamptz,
  ADD CONSTRAINT payment_clears CHECK (method = 'cheque' OR clears_on IS NULL AND cleared_at IS NULL);
GRANT UPDATE (clears_on, cleared_at) ON payment TO lango_web;
CREATE INDEX payment_uncleared ON payment (tenant_id, clears_on, id) WHERE method = 'cheque' AND cleared_at IS NULL AND state = 'settled';
-- Until now cheques stood in the account of those being cleared for ever.

-- No payment gives back more than it brought, however many ask at once; and what is given back is of its customer and currency.
CREATE FUNCTION payment_refund_fits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE p payment; v_sum bigint;
BEGIN
  IF NEW.payment_id IS NULL THEN RETURN NEW; END IF;
  SELECT * INTO p FROM payment x WHERE x.id = NEW.payment_id AND x.tenant_id = NEW.tenant_id FOR NO KEY UPDATE;
  IF NOT FOUND OR p.state NOT IN ('settled', 'refunded') OR (p.subscriber_id, p.currency) IS DISTINCT FROM (NEW.subscriber_id, NEW.currency) THEN
    RAISE EXCEPTION 'refund of a payment that is not settled, or not theirs' USING ERRCODE = 'LG005';
  END IF;
  SELECT coalesce(sum(r.amount_cents), 0) INTO v_sum FROM payment_refund r
  WHERE r.payment_id = NEW.payment_id AND r.id <> NEW.id AND r.state IN ('asked', 'sending', 'done');
  IF v_sum + NEW.amount_cents > p.amount_cents THEN
    RAISE EXCEPTION 'payment % brought %, and % of it are given back', p.id, p.amount_cents, v_sum + NEW.amount_cents USING ERRCODE = 'LG005';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payment_refund_fits BEFORE INSERT ON payment_refund FOR EACH ROW EXECUTE FUNCTION payment_refund_fits();

-- What may follow what; who, how much and why never change.
CREATE FUNCTION payment_refund_keep_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a refund stays on record' USING ERRCODE = 'LG005';
  END IF;
  IF OLD.state <> NEW.state AND NOT (CASE OLD.state
      WHEN 'asked' THEN NEW.state IN ('sending', 'done', 'refused')
      WHEN 'sending' THEN NEW.state IN ('done', 'failed')
      -- The provider gave it back after all, or took it back days later.
      WHEN 'failed' THEN NEW.state = 'done'
      ELSE false END) THEN
    RAISE EXCEPTION 'a refund that is % cannot become %', OLD.state, NEW.state USING ERRCODE = 'LG005';
  END IF;
  IF (OLD.tenant_id, OLD.subscriber_id, OLD.payment_id, OLD.amount_cents, OLD.currency, OLD.way, OLD.service, OLD.needs_approval, OLD.created_by)
     IS DISTINCT FROM (NEW.tenant_id, NEW.subscriber_id, NEW.payment_id, NEW.amount_cents, NEW.currency, NEW.way, NEW.service, NEW.needs_approval, NEW.created_by)
     OR OLD.state IN ('sending', 'done') AND OLD.credit_cents <> NEW.credit_cents THEN
    RAISE EXCEPTION 'what a refund is does not change' USING ERRCODE = 'LG005';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payment_refund_keep_state BEFORE UPDATE OR DELETE ON payment_refund FOR EACH ROW EXECUTE FUNCTION payment_refund_keep_state();

-- No refund is on its way or done, when its transaction ends, whose money is not out of the wallet in the books, or that nobody agreed to where somebody had to.
CREATE FUNCTION payment_refund_is_booked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.tenant_id = NEW.tenant_id AND t.key = format('refund:%s:out', NEW.id) AND t.amount_cents = NEW.amount_cents) THEN
    RAISE EXCEPTION 'refund % is % and its money is not in the books', NEW.id, NEW.state USING ERRCODE = 'LG005';
  END IF;
  IF NEW.needs_approval AND NOT EXISTS (SELECT FROM approval a WHERE a.tenant_id = NEW.tenant_id AND a.kind = 'payments.refund' AND a.subject_id = NEW.id
      AND a.amount_cents = NEW.amount_cents AND a.state = 'done') THEN
    RAISE EXCEPTION 'nobody agreed to refund %', NEW.id USING ERRCODE = 'LG005';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payment_refund_is_booked AFTER INSERT OR UPDATE OF state ON payment_refund DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.state IN ('sending', 'done')) EXECUTE FUNCTION payment_refund_is_booked();
