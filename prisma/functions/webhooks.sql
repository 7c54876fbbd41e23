-- Webhooks: which event a change is, what it tells, and who is told. Everything up to the waiting delivery happens in the change's own
-- transaction; control-plane/webhooks sends.

-- Times as the API writes them.
CREATE OR REPLACE FUNCTION webhook_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(date_trunc('milliseconds', p_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The catalogue: which audited action is which event. control-plane/webhooks/catalogue.ts describes them; a test holds the two to each other.
DROP FUNCTION IF EXISTS webhook_actions();
CREATE FUNCTION webhook_actions() RETURNS TABLE (action text, event text) LANGUAGE sql IMMUTABLE AS $$
  VALUES ('subscribers.create', 'subscriber.created'), ('subscribers.change', 'subscriber.updated'), ('subscribers.remove', 'subscriber.removed'),
         ('subscriptions.create', 'subscription.created'), ('subscriptions.change', 'subscription.updated'), ('subscriptions.activate', 'subscription.activated'),
         ('subscriptions.renew', 'subscription.renewed'), ('subscriptions.extend', 'subscription.extended'), ('subscriptions.suspend', 'subscription.suspended'),
         ('subscriptions.resume', 'subscription.resumed'), ('subscriptions.pause', 'subscription.paused'), ('subscriptions.change_plan', 'subscription.plan_changed'),
         ('subscriptions.top_up', 'subscription.topped_up'), ('subscriptions.end', 'subscription.ended'),
         ('payments.post', 'payment.received'),
         ('plans.create', 'plan.created'), ('plans.change', 'plan.updated'), ('plans.archive', 'plan.archived'),
         ('routers.create', 'router.created'), ('routers.change', 'router.updated'), ('routers.delete', 'router.removed'),
         ('monitoring.open', 'router.alert_opened'), ('monitoring.close', 'router.alert_closed'),
         ('vouchers.create-batch', 'voucher.batch_created'), ('vouchers.void-batch', 'voucher.batch_voided'), ('vouchers.redeem', 'voucher.redeemed'), ('vouchers.begin', 'voucher.redeemed')
$$;

-- The thing itself, in the API's words and as it stands in this transaction. Secrets are in none of them.
CREATE OR REPLACE FUNCTION webhook_object(p_tenant_id bigint, p_kind text, p_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN CASE p_kind
    WHEN 'subscriber' THEN (SELECT jsonb_build_object('id', c.id::text, 'name', c.name, 'phone', c.phone, 'email', c.email,
        'created_at', webhook_time(c.created_at), 'updated_at', webhook_time(c.updated_at), 'version', c.version)
      FROM subscriber c WHERE c.id = p_id AND c.tenant_id = p_tenant_id)
    WHEN 'subscription' THEN (SELECT jsonb_build_object('id', s.id::text, 'client_id', c.id::text, 'client_name', c.name, 'client_phone', c.phone, 'client_email', c.email,
        'package_id', p.id::text, 'package_name', p.name, 'price_cents', coalesce(n.price_cents, v.price_cents), 'currency', coalesce(n.currency, v.currency),
        'state', s.state, 'username', s.username, 'starts_at', webhook_time(s.starts_at),
        'expires_at', CASE WHEN s.unused_validities = 0 THEN webhook_time(s.expires_at) END,
        'valid_until', CASE WHEN s.unused_validities = 0 THEN webhook_time(s.valid_until) END,
        'quota_bytes', s.allowance_bytes, 'used_bytes', s.used_bytes, 'topup_bytes', s.topup_bytes, 'suspended_reason', s.suspended_reason,
        'paused_at', webhook_time(s.paused_at), 'created_at', webhook_time(s.created_at), 'updated_at', webhook_time(s.updated_at), 'version', s.version)
      FROM subscription_now s JOIN subscriber c ON c.id = s.subscriber_id JOIN plan_version v ON v.id = s.plan_version_id JOIN plan p ON p.id = v.plan_id
      LEFT JOIN plan_version n ON n.id = s.next_plan_version_id
      WHERE s.id = p_id AND s.tenant_id = p_tenant_id)
    WHEN 'payment' THEN (SELECT jsonb_build_object('id', p.id::text, 'client_id', c.id::text, 'client_name', c.name, 'client_phone', c.phone,
        'subscription_id', p.subscription_id::text, 'username', s.username, 'method', p.method, 'reference', p.reference, 'amount_cents', p.amount_cents,
        'currency', p.currency, 'state', p.state, 'outcome', p.outcome, 'applied_cents', p.applied_cents, 'wallet_cents', p.wallet_cents,
        'received_at', webhook_time(p.received_at), 'created_at', webhook_time(p.created_at))
      FROM payment p JOIN subscriber c ON c.id = p.subscriber_id LEFT JOIN subscription s ON s.id = p.subscription_id
      WHERE p.id = p_id AND p.tenant_id = p_tenant_id)
    WHEN 'plan' THEN (SELECT jsonb_build_object('id', p.id::text, 'name', p.name, 'version', v.version, 'price_cents', v.price_cents, 'currency', v.currency,
        'down_kbps', v.down_kbps, 'up_kbps', v.up_kbps, 'quota_bytes', v.quota_bytes)
      FROM plan p JOIN plan_version v ON v.id = p.current_version_id WHERE p.id = p_id AND p.tenant_id = p_tenant_id)
    WHEN 'nas' THEN (SELECT jsonb_build_object('id', r.id::text, 'name', r.name, 'address', r.nasname, 'type', r.type, 'version', r.version)
      FROM nas r WHERE r.id = p_id AND r.tenant_id = p_tenant_id)
    WHEN 'voucher_batch' THEN (SELECT jsonb_build_object('id', b.id::text, 'cards', (SELECT count(*) FROM voucher o WHERE o.batch_id = b.id))
      FROM voucher_batch b WHERE b.id = p_id AND b.tenant_id = p_tenant_id)
    WHEN 'session' THEN (SELECT jsonb_build_object('id', l.radacctid::text, 'username', l.username, 'subscription_id', l.subscription_id::text,
        'acct_session_id', l.acct_session_id, 'router_id', l.nas_id::text, 'framed_ip', host(l.framed_ip), 'mac', l.mac, 'started_at', webhook_time(l.started_at),
        'stopped_at', webhook_time(l.stopped_at), 'input_bytes', l.input_bytes, 'output_bytes', l.output_bytes)
      FROM session_all l WHERE l.radacctid = p_id AND l.tenant_id = p_tenant_id)
  END;
END $$;

-- Tells all who asked for this event. Costs one look-up where nobody did.
CREATE OR REPLACE FUNCTION webhook_emit(p_tenant_id bigint, p_event text, p_kind text, p_id bigint, p_by jsonb, p_detail jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_event bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM webhook_endpoint e WHERE e.tenant_id = p_tenant_id AND e.state = 'active' AND e.events && ARRAY[p_event, '*']) THEN RETURN; END IF;
  INSERT INTO webhook_event (tenant_id, type, payload)
  VALUES (p_tenant_id, p_event, jsonb_build_object('type', p_event, 'timestamp', webhook_time(lango_now()),
    'data', jsonb_build_object('object', webhook_object(p_tenant_id, p_kind, p_id), 'detail', p_detail, 'by', p_by)))
  RETURNING id INTO v_event;
  INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id)
  SELECT e.tenant_id, e.id, v_event FROM webhook_endpoint e WHERE e.tenant_id = p_tenant_id AND e.state = 'active' AND e.events && ARRAY[p_event, '*'];
  PERFORM job_enqueue('webhooks.send');
END $$;

-- At the end of the transaction that wrote the audit event: commands write it before, between or after what they change.
CREATE OR REPLACE FUNCTION webhook_of_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_event text;
BEGIN
  SELECT a.event INTO v_event FROM webhook_actions() a WHERE a.action = NEW.action;
  IF v_event IS NOT NULL AND NEW.subject_id ~ '^[0-9]{1,18}$' THEN
    PERFORM webhook_emit(NEW.tenant_id, v_event, NEW.subject_type, NEW.subject_id::bigint,
      jsonb_build_object('kind', NEW.actor_kind, 'name', NEW.actor_name), NEW.detail);
  END IF;
  RETURN NULL;
END $$;

-- What the network made of an order: a cut or a change of speed that was proven, or one that we could not bring about.
CREATE OR REPLACE FUNCTION webhook_of_enforcement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM webhook_emit(NEW.tenant_id,
    CASE WHEN NEW.state = 'gave_up' THEN 'enforcement.gave_up' WHEN NEW.kind = 'cut' THEN 'session.cut' ELSE 'session.rate_changed' END,
    'session', NEW.session_id, '{"kind": "system", "name": "network"}',
    jsonb_build_object('enforcement_id', NEW.id::text, 'kind', NEW.kind, 'reason', NEW.reason, 'proven_by', NEW.proven_by, 'attempts', NEW.attempts));
  RETURN NULL;
END $$;

-- The end has come and nobody paid. The alarm is taken back (expiry_due_at becomes empty) by the one who rings it.
CREATE OR REPLACE FUNCTION webhook_of_expiry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM webhook_emit(NEW.tenant_id, 'subscription.expired', 'subscription', NEW.id, '{"kind": "system", "name": "clock"}', '{}');
  RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS webhook_of_audit ON audit_event;
CREATE CONSTRAINT TRIGGER webhook_of_audit AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION webhook_of_audit();
CREATE OR REPLACE TRIGGER webhook_of_enforcement AFTER UPDATE OF state ON enforcement FOR EACH ROW
  WHEN (OLD.state = 'open' AND (NEW.state = 'gave_up' OR NEW.state = 'proven' AND NEW.kind IN ('cut', 'throttle', 'restore'))) EXECUTE FUNCTION webhook_of_enforcement();
CREATE OR REPLACE TRIGGER webhook_of_expiry AFTER UPDATE OF expiry_due_at ON subscription FOR EACH ROW
  WHEN (OLD.expiry_due_at IS NOT NULL AND NEW.expiry_due_at IS NULL AND OLD.status = 'active' AND NEW.status = 'active') EXECUTE FUNCTION webhook_of_expiry();

-- A word to one endpoint alone, so that a person can see it arrive.
CREATE OR REPLACE FUNCTION webhook_test(p_endpoint_id bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE e webhook_endpoint; v_event bigint; v_delivery bigint;
BEGIN
  SELECT * INTO e FROM webhook_endpoint WHERE id = p_endpoint_id AND tenant_id = lango_tenant();
  IF NOT FOUND THEN RETURN NULL; END IF;
  INSERT INTO webhook_event (tenant_id, type, payload)
  VALUES (e.tenant_id, 'webhook.test', jsonb_build_object('type', 'webhook.test', 'timestamp', webhook_time(lango_now()),
    'data', jsonb_build_object('object', jsonb_build_object('id', e.id::text, 'url', e.url), 'detail', '{}'::jsonb, 'by', jsonb_build_object('kind', 'staff', 'name', 'test'))))
  RETURNING id INTO v_event;
  INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id) VALUES (e.tenant_id, e.id, v_event) RETURNING id INTO v_delivery;
  UPDATE webhook_endpoint SET resting_until = NULL WHERE id = e.id;
  PERFORM job_enqueue('webhooks.send');
  RETURN v_delivery;
END $$;
GRANT EXECUTE ON FUNCTION webhook_test(bigint) TO lango_web;

-- What is due now, each delivery for one sender, at most p_each of an endpoint at a time. A sender that dies gives its deliveries back after a minute.
CREATE OR REPLACE FUNCTION webhook_claim(p_limit integer, p_each integer)
RETURNS TABLE (delivery_id bigint, tenant_id bigint, endpoint_id bigint, url text, secret_enc bytea, former_secret_enc bytea, message_id text, type text, payload text, tries integer)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH open AS (
    SELECT e.id, least(p_each, p_each - (SELECT count(*) FROM webhook_delivery b WHERE b.endpoint_id = e.id AND b.state = 'waiting' AND b.claimed_until > clock_timestamp()))::int AS room
    FROM webhook_endpoint e
    WHERE e.state = 'active' AND (e.resting_until IS NULL OR e.resting_until <= lango_now())
      AND e.id IN (SELECT DISTINCT w.endpoint_id FROM webhook_delivery w WHERE w.state = 'waiting' AND w.next_try_at <= lango_now())),
  due AS (
    SELECT d.id FROM open o CROSS JOIN LATERAL (
      SELECT w.id FROM webhook_delivery w
      WHERE w.endpoint_id = o.id AND w.state = 'waiting' AND w.next_try_at <= lango_now() AND (w.claimed_until IS NULL OR w.claimed_until <= clock_timestamp())
      ORDER BY w.id LIMIT greatest(o.room, 0) FOR UPDATE SKIP LOCKED) d
    LIMIT p_limit),
  taken AS (
    UPDATE webhook_delivery w SET claimed_until = clock_timestamp() + interval '1 minute' FROM due WHERE w.id = due.id
    RETURNING w.id, w.tenant_id, w.endpoint_id, w.event_id, w.tries)
  SELECT t.id, t.tenant_id, e.id, e.url, e.secret_enc, CASE WHEN e.former_until > lango_now() THEN e.former_secret_enc END,
         v.message_id, v.type, v.payload::text, t.tries
  FROM taken t JOIN webhook_endpoint e ON e.id = t.endpoint_id JOIN webhook_event v ON v.id = t.event_id
  ORDER BY t.id
$$;
GRANT EXECUTE ON FUNCTION webhook_claim(integer, integer) TO lango_jobs;

-- Writes down one try. p_again: seconds until the next, NULL when there is none. An endpoint that took nothing for p_days ends disabled, and the
-- audit says so. Returns whether that happened now.
CREATE OR REPLACE FUNCTION webhook_record(p_delivery_id bigint, p_delivered boolean, p_gone boolean, p_again double precision, p_days integer,
  p_ms integer, p_status integer, p_fault text, p_request jsonb, p_response jsonb, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE d webhook_delivery; e webhook_endpoint; v_now timestamptz := lango_now();
BEGIN
  SELECT * INTO d FROM webhook_delivery w WHERE w.id = p_delivery_id FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO webhook_attempt (tenant_id, delivery_id, ms, status, fault, request_head, response_head, response_body)
  VALUES (d.tenant_id, d.id, p_ms, p_status, p_fault, p_request, p_response, p_body);
  UPDATE webhook_delivery w SET tries = w.tries + 1, claimed_until = NULL,
    state = CASE WHEN p_delivered THEN 'delivered' WHEN p_again IS NULL THEN 'failed' ELSE 'waiting' END,
    next_try_at = CASE WHEN NOT p_delivered THEN v_now + make_interval(secs => p_again) END,
    ended_at = CASE WHEN p_delivered OR p_again IS NULL THEN v_now END
  WHERE w.id = d.id;
  IF p_delivered THEN
    -- Nothing is written for the hundredth success in a row.
    UPDATE webhook_endpoint SET failing_since = NULL, failures = 0, resting_until = NULL, last_success_at = v_now
    WHERE id = d.endpoint_id AND (failures > 0 OR last_success_at IS NULL OR last_success_at < v_now - interval '10 seconds');
    RETURN false;
  END IF;
  UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, v_now), failures = failures + 1,
    -- From the third failure in a row on: 5 s, doubling up to five minutes.
    resting_until = CASE WHEN failures >= 2 THEN v_now + make_interval(secs => least(300, 5 * power(2, least(failures - 2, 10)))) END
  WHERE id = d.endpoint_id RETURNING * INTO e;
  -- The queue runs on the machine's clock.
  PERFORM job_enqueue('webhooks.send', '{}', now() + greatest(least(make_interval(secs => p_again), e.resting_until - v_now), interval '1 second'), 'webhooks of ' || e.id);
  IF e.state = 'active' AND (p_gone OR e.failing_since < v_now - make_interval(days => p_days)) THEN
    UPDATE webhook_endpoint SET state = 'disabled', updated_at = v_now, version = version + 1 WHERE id = e.id;
    INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
    VALUES (e.tenant_id, 'system', 'webhooks', 'webhooks.disable', 'webhook_endpoint', e.id::text,
      jsonb_build_object('url', e.url, 'why', CASE WHEN p_gone THEN 'gone' ELSE 'failing' END, 'failing_since', webhook_time(e.failing_since)));
    RETURN true;
  END IF;
  RETURN false;
END $$;
GRANT EXECUTE ON FUNCTION webhook_record(bigint, boolean, boolean, double precision, integer, integer, integer, text, jsonb, jsonb, text) TO lango_jobs;

-- Sends again what an endpoint has had, or should have had, in a span of time. Returns how many.
CREATE OR REPLACE FUNCTION webhook_replay(p_endpoint_id bigint, p_since timestamptz, p_until timestamptz, p_failed_only boolean, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_rows integer;
BEGIN
  WITH again AS (
    SELECT d.id FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id
    WHERE d.endpoint_id = p_endpoint_id AND d.tenant_id = lango_tenant() AND d.state <> 'waiting' AND (NOT p_failed_only OR d.state = 'failed')
      AND v.at >= p_since AND v.at < p_until
    ORDER BY d.id LIMIT p_limit FOR UPDATE OF d)
  UPDATE webhook_delivery w SET state = 'waiting', tries = 0, next_try_at = lango_now(), claimed_until = NULL, ended_at = NULL FROM again WHERE w.id = again.id;
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  IF v_rows > 0 THEN PERFORM job_enqueue('webhooks.send'); END IF;
  RETURN v_rows;
END $$;
GRANT EXECUTE ON FUNCTION webhook_replay(bigint, timestamptz, timestamptz, boolean, integer) TO lango_web;
