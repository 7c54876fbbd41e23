-- What is said by itself: receipts, renewals, reminders, ends, suspensions, welcome. Written by the database in the transaction of the change, whichever
-- way it was made; nothing here may stop that change, so whatever goes wrong is a warning in the server's log.

-- How long a purchase of this plan lasts; a month counts as thirty days.
CREATE OR REPLACE FUNCTION message_validity(p_count integer, p_unit text) RETURNS interval LANGUAGE sql IMMUTABLE AS $$
  SELECT p_count * CASE p_unit WHEN 'second' THEN interval '1 second' WHEN 'minute' THEN interval '1 minute' WHEN 'hour' THEN interval '1 hour'
    WHEN 'day' THEN interval '1 day' WHEN 'week' THEN interval '7 days' ELSE interval '30 days' END
$$;

-- The values of a subscription that templates name. No end is told of time that runs from the first login.
CREATE OR REPLACE FUNCTION message_service_values(p_id bigint) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT jsonb_build_object('package', p.name, 'username', s.username, 'price', jsonb_build_object('cents', n.price_cents, 'currency', n.currency),
    'expires', CASE WHEN s.unused_validities = 0 AND s.postpaid_from IS NULL THEN to_char(s.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END)
  FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id JOIN plan p ON p.id = v.plan_id
  JOIN plan_version n ON n.id = coalesce(s.next_plan_version_id, s.plan_version_id)
  WHERE s.id = p_id);
END $$;

-- Says it, unless the company has switched that kind off or a command asked for silence (lango.silent: an import must not welcome ten thousand people).
CREATE OR REPLACE FUNCTION message_automatic(p_tenant_id bigint, p_subscriber_id bigint, p_kind text, p_data jsonb, p_key text, p_subscription_id bigint, p_expires_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_setting('lango.silent', true) = 'on' OR EXISTS (SELECT FROM message_setting s WHERE s.tenant_id = p_tenant_id AND p_kind = ANY (s.silent)) THEN RETURN; END IF;
  PERFORM message_put_subscriber(p_tenant_id, p_subscriber_id, p_kind, p_data, p_key, p_subscription_id, NULL, p_expires_at, NULL);
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'no % was written for subscription %: %', p_kind, p_subscription_id, SQLSTATE;
END $$;

-- Whether a company sends anything at all: the first thing that every trigger asks.
CREATE OR REPLACE FUNCTION message_speaks(p_tenant_id bigint) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN message_can_send(p_tenant_id, 'sms') OR message_can_send(p_tenant_id, 'email');
END $$;

-- Money came in. At the end of its transaction, when it is known what it bought.
CREATE OR REPLACE FUNCTION message_of_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE p payment; v_bought boolean;
BEGIN
  IF NOT message_speaks(NEW.tenant_id) THEN RETURN NULL; END IF;
  SELECT * INTO p FROM payment x WHERE x.id = NEW.id;
  v_bought := p.outcome IN ('activated', 'renewed');
  IF p.outcome = 'invoice_paid' THEN
    PERFORM message_automatic(p.tenant_id, p.subscriber_id, 'invoice_paid', jsonb_build_object('reference', p.reference, 'amount', jsonb_build_object('cents', p.amount_cents, 'currency', p.currency))
      || coalesce((SELECT jsonb_build_object('owed', jsonb_build_object('cents', -a.balance_cents, 'currency', a.currency)) FROM ledger_account a
        WHERE a.tenant_id = p.tenant_id AND a.code = 'receivable:' || p.subscriber_id AND a.currency = p.currency AND a.balance_cents < 0), '{}'),
      'payment:' || p.id, p.subscription_id, NULL);
    RETURN NULL;
  END IF;
  PERFORM message_automatic(p.tenant_id, p.subscriber_id, CASE WHEN v_bought THEN 'payment_received' ELSE 'payment_kept' END,
    coalesce(message_service_values(p.subscription_id), '{}') || jsonb_build_object('reference', p.reference,
      'amount', jsonb_build_object('cents', p.amount_cents, 'currency', p.currency),
      'balance', jsonb_build_object('currency', p.currency, 'cents', coalesce((SELECT a.balance_cents FROM ledger_account a
        WHERE a.tenant_id = p.tenant_id AND a.code = 'wallet:' || p.subscriber_id AND a.currency = p.currency), 0))),
    'payment:' || p.id, p.subscription_id, NULL);
  RETURN NULL;
END $$;

-- Money was given back: told once it has left. A cheque that came back is no gift.
CREATE OR REPLACE FUNCTION message_of_refund() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF message_speaks(NEW.tenant_id) THEN
    PERFORM message_automatic(NEW.tenant_id, NEW.subscriber_id, 'payment_refunded', jsonb_build_object(
      'amount', jsonb_build_object('cents', NEW.amount_cents, 'currency', NEW.currency),
      'reference', coalesce((SELECT p.reference FROM payment p WHERE p.id = NEW.payment_id), NEW.id::text)), 'refund:' || NEW.id, (SELECT p.subscription_id FROM payment p WHERE p.id = NEW.payment_id), NULL);
  END IF;
  RETURN NULL;
END $$;

-- What staff, a bulk run or the wallet did: the audit names it.
CREATE OR REPLACE FUNCTION message_of_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s subscription;
BEGIN
  IF NOT message_speaks(NEW.tenant_id) THEN RETURN NULL; END IF;
  SELECT * INTO s FROM subscription x WHERE x.id = NEW.subject_id::bigint AND x.tenant_id = NEW.tenant_id;
  IF FOUND THEN
    PERFORM message_automatic(s.tenant_id, s.subscriber_id, CASE NEW.action WHEN 'subscriptions.renew' THEN 'renewed' WHEN 'subscriptions.suspend' THEN 'suspended' ELSE 'resumed' END,
      message_service_values(s.id), NULL, s.id, NULL);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION message_of_start() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF message_speaks(NEW.tenant_id) THEN
    PERFORM message_automatic(NEW.tenant_id, NEW.subscriber_id, 'welcome', message_service_values(NEW.id), 'welcome:' || NEW.id, NEW.id, NULL);
  END IF;
  RETURN NULL;
END $$;

-- The end has come and nobody paid. Not for plans of a few hours: who bought an hour knows.
CREATE OR REPLACE FUNCTION message_of_expiry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF message_speaks(NEW.tenant_id) AND EXISTS (SELECT FROM plan_version v WHERE v.id = NEW.plan_version_id AND message_validity(v.validity_count, v.validity_unit) >= interval '6 hours') THEN
    PERFORM message_automatic(NEW.tenant_id, NEW.subscriber_id, 'expired', message_service_values(NEW.id),
      'expired:' || NEW.id || ':' || extract(epoch FROM NEW.expires_at)::bigint, NEW.id, lango_now() + interval '2 days');
  END IF;
  RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS message_of_payment ON payment;
CREATE CONSTRAINT TRIGGER message_of_payment AFTER INSERT OR UPDATE OF state ON payment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.state = 'settled') EXECUTE FUNCTION message_of_payment();
DROP TRIGGER IF EXISTS message_of_refund ON payment_refund;
CREATE CONSTRAINT TRIGGER message_of_refund AFTER INSERT OR UPDATE OF state ON payment_refund DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.state = 'done' AND NEW.way <> 'cheque') EXECUTE FUNCTION message_of_refund();
DROP TRIGGER IF EXISTS message_of_audit ON audit_event;
CREATE CONSTRAINT TRIGGER message_of_audit AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.action IN ('subscriptions.suspend', 'subscriptions.resume') OR NEW.action = 'subscriptions.renew' AND NOT NEW.detail ? 'payment_id') EXECUTE FUNCTION message_of_audit();
DROP TRIGGER IF EXISTS message_of_start ON subscription;
CREATE CONSTRAINT TRIGGER message_of_start AFTER UPDATE OF status ON subscription DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status = 'pending' AND NEW.status = 'active') EXECUTE FUNCTION message_of_start();
CREATE OR REPLACE TRIGGER message_of_expiry AFTER UPDATE OF expiry_due_at ON subscription FOR EACH ROW
  WHEN (OLD.expiry_due_at IS NOT NULL AND NEW.expiry_due_at IS NULL AND OLD.status = 'active' AND NEW.status = 'active' AND NEW.postpaid_from IS NULL)
  EXECUTE FUNCTION message_of_expiry();

-- Reminders of ends that come: 7, 3 and 1 day before, of plans that last at least twice as long; two hours before, of shorter ones from half a day on. Each
-- once; a window of half a day makes up for hours in which nobody worked. Not to those whose wallet will pay. Gives how many.
CREATE OR REPLACE FUNCTION message_remind() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE r record; v_now timestamptz := lango_now(); v_count integer := 0;
BEGIN
  FOR r IN
    SELECT s.id, s.tenant_id, s.subscriber_id, s.expires_at, e.before, 'expiry:' || s.id || ':' || extract(epoch FROM s.expires_at)::bigint || ':' || e.name AS key
    FROM (VALUES ('7d', interval '7 days', interval '14 days', interval '400 years'), ('3d', interval '3 days', interval '6 days', interval '400 years'),
                 ('1d', interval '1 day', interval '2 days', interval '400 years'), ('2h', interval '2 hours', interval '12 hours', interval '2 days')) e (name, before, least, below)
    JOIN subscription s ON s.status = 'active' AND s.expires_at <= v_now + e.before AND s.expires_at > v_now + e.before - least(interval '12 hours', e.before / 2)
    JOIN plan_version v ON v.id = coalesce(s.next_plan_version_id, s.plan_version_id)
    LEFT JOIN ledger_account a ON s.auto_renew AND a.tenant_id = s.tenant_id AND a.code = 'wallet:' || s.subscriber_id AND a.currency = v.currency
    WHERE s.unused_validities = 0 AND message_validity(v.validity_count, v.validity_unit) >= e.least AND message_validity(v.validity_count, v.validity_unit) < e.below
      AND NOT (s.auto_renew AND coalesce(a.balance_cents, 0) >= v.price_cents)
      AND s.tenant_id IN (SELECT t.id FROM tenant t WHERE message_speaks(t.id))
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM message_key k WHERE k.tenant_id = r.tenant_id AND k.key IN (r.key || ':sms', r.key || ':email'));
    PERFORM message_automatic(r.tenant_id, r.subscriber_id, 'expiry_soon',
      message_service_values(r.id) || jsonb_build_object('days', greatest(0, round(extract(epoch FROM r.expires_at - v_now) / 86400))::int), r.key, r.id, r.expires_at);
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;
GRANT EXECUTE ON FUNCTION message_remind() TO lango_jobs;
