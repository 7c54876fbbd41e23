-- Messages: how one is asked for, who takes it up, and what is written down of it. control-plane/messages sends. What happens by itself
-- (receipts, reminders) is in messages-events.sql.

-- What can be said: topic (what a person may mute; NULL cannot be), urgency, whether it is said by itself. control-plane/messages/catalogue.ts describes
-- each; a test holds the two to each other.
DROP FUNCTION IF EXISTS message_kinds();
CREATE FUNCTION message_kinds() RETURNS TABLE (kind text, topic text, urgency text, automatic boolean) LANGUAGE sql IMMUTABLE AS $$
  VALUES ('code', NULL, 'now', false), ('invitation', NULL, 'now', false), ('joined', NULL, 'now', false), ('test', NULL, 'now', false), ('router_alert', NULL, 'now', false),
         ('notice', 'news', 'day', false),
         ('welcome', 'service', 'now', true),
         ('payment_received', 'payments', 'now', true), ('payment_kept', 'payments', 'now', true), ('payment_refunded', 'payments', 'now', true), ('renewed', 'payments', 'now', true),
         ('expiry_soon', 'expiry', 'day', true), ('expired', 'expiry', 'now', true),
         ('suspended', 'service', 'now', true), ('resumed', 'service', 'now', true),
         ('invoice_issued', 'payments', 'day', true), ('invoice_due', 'expiry', 'day', true), ('invoice_paid', 'payments', 'now', true),
         ('service_cut', 'service', 'now', true)
$$;
GRANT EXECUTE ON FUNCTION message_kinds() TO lango_web, lango_jobs;

-- Whether a company can send on a channel at all. Asked for every payment, so its plan is kept (docs/decisions/0009).
CREATE OR REPLACE FUNCTION message_can_send(p_tenant_id bigint, p_channel text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM message_provider p WHERE p.tenant_id = p_tenant_id AND p.channel = p_channel AND p.enabled)
    OR p_channel = 'email' AND EXISTS (SELECT FROM message_relay);
END $$;

-- The first moment from p_at on at which the company's quiet hours allow a reminder.
CREATE OR REPLACE FUNCTION message_open_at(p_tenant_id bigint, p_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN x.quiet THEN (x.wall::date + x.until + CASE WHEN x.wall::time >= x.until THEN interval '1 day' ELSE interval '0' END) AT TIME ZONE x.timezone ELSE p_at END
  FROM (SELECT t.timezone, p_at AT TIME ZONE t.timezone AS wall, coalesce(s.quiet_until, '07:00') AS until,
          CASE WHEN coalesce(s.quiet_from, '21:00') <= coalesce(s.quiet_until, '07:00')
            THEN (p_at AT TIME ZONE t.timezone)::time >= coalesce(s.quiet_from, '21:00') AND (p_at AT TIME ZONE t.timezone)::time < coalesce(s.quiet_until, '07:00')
            ELSE (p_at AT TIME ZONE t.timezone)::time >= coalesce(s.quiet_from, '21:00') OR (p_at AT TIME ZONE t.timezone)::time < coalesce(s.quiet_until, '07:00') END AS quiet
        FROM tenant t LEFT JOIN message_setting s ON s.tenant_id = t.id WHERE t.id = p_tenant_id) x
$$;

-- Writes one message, in the transaction that has something to say. Outcomes: queued; said_already (the key was used); no_provider (this company
-- has nobody who carries the channel). Nothing here may stop the caller: a message is never worth more than what it tells of. Granted to nobody.
CREATE OR REPLACE FUNCTION message_put(p_tenant_id bigint, p_kind text, p_channel text, p_recipient text, p_locale text, p_data jsonb, p_key text,
  p_subscriber_id bigint, p_subscription_id bigint, p_staff_id bigint, p_due_at timestamptz, p_expires_at timestamptz, p_words text, p_data_enc bytea)
RETURNS TABLE (outcome text, id bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint; v_urgency text;
BEGIN
  IF NOT message_can_send(p_tenant_id, p_channel) THEN RETURN QUERY SELECT 'no_provider', NULL::bigint; RETURN; END IF;
  SELECT k.urgency INTO STRICT v_urgency FROM message_kinds() k WHERE k.kind = p_kind;
  v_id := nextval('message_id_seq');
  IF p_key IS NOT NULL THEN
    INSERT INTO message_key (tenant_id, key, message_id) VALUES (p_tenant_id, p_key || ':' || p_channel, v_id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RETURN QUERY SELECT 'said_already', k.message_id FROM message_key k WHERE k.tenant_id = p_tenant_id AND k.key = p_key || ':' || p_channel;
      RETURN;
    END IF;
  END IF;
  INSERT INTO message (id, tenant_id, kind, urgency, channel, recipient, locale, subscriber_id, subscription_id, staff_id, data, data_enc, words, due_at, expires_at)
  VALUES (v_id, p_tenant_id, p_kind, v_urgency, p_channel, p_recipient,
    coalesce(p_locale, (SELECT s.locale FROM message_setting s WHERE s.tenant_id = p_tenant_id), 'en'),
    p_subscriber_id, p_subscription_id, p_staff_id, coalesce(p_data, '{}'), p_data_enc, p_words, coalesce(p_due_at, lango_now()), p_expires_at);
  -- What is due later is found by the minute's job.
  IF p_due_at IS NULL OR p_due_at <= lango_now() THEN PERFORM job_enqueue('messages.send'); END IF;
  RETURN QUERY SELECT 'queued', v_id;
END $$;

-- The door for the console and the API: one message to one address.
CREATE OR REPLACE FUNCTION message_enqueue(p_kind text, p_channel text, p_recipient text, p_locale text, p_data jsonb, p_key text,
  p_subscriber_id bigint, p_subscription_id bigint, p_staff_id bigint, p_due_at timestamptz, p_expires_at timestamptz, p_words text, p_data_enc bytea)
RETURNS TABLE (outcome text, id bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF lango_tenant() IS NULL THEN RAISE EXCEPTION 'message_enqueue works for one company: set lango.tenant first'; END IF;
  RETURN QUERY SELECT m.outcome, m.id FROM message_put(lango_tenant(), p_kind, p_channel, p_recipient, p_locale, p_data, p_key,
    (SELECT c.id FROM subscriber c WHERE c.id = p_subscriber_id AND c.tenant_id = lango_tenant()),
    (SELECT s.id FROM subscription s WHERE s.id = p_subscription_id AND s.tenant_id = lango_tenant()), p_staff_id, p_due_at, p_expires_at, p_words, p_data_enc) m;
END $$;
GRANT EXECUTE ON FUNCTION message_enqueue(text, text, text, text, jsonb, text, bigint, bigint, bigint, timestamptz, timestamptz, text, bytea) TO lango_web;

-- Tells a customer, on the channels that they want: SMS first, e-mail where there is no SMS, both for those who asked for both. Nothing to those who
-- muted the topic, are erased, or share an account of guests. Gives one row per channel; none when there was nobody to tell. Granted to nobody.
CREATE OR REPLACE FUNCTION message_put_subscriber(p_tenant_id bigint, p_subscriber_id bigint, p_kind text, p_data jsonb, p_key text,
  p_subscription_id bigint, p_staff_id bigint, p_expires_at timestamptz, p_words text)
RETURNS TABLE (outcome text, id bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE c subscriber; f message_preference; v_topic text; v_want text; v_channel text; v_data jsonb;
BEGIN
  SELECT * INTO c FROM subscriber s WHERE s.id = p_subscriber_id AND s.tenant_id = p_tenant_id AND s.erased_at IS NULL AND NOT s.is_guests;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT k.topic INTO v_topic FROM message_kinds() k WHERE k.kind = p_kind;
  SELECT * INTO f FROM message_preference x WHERE x.subscriber_id = c.id;
  IF v_topic = ANY (f.muted) THEN RETURN QUERY SELECT 'muted', NULL::bigint; RETURN; END IF;
  v_want := coalesce(f.channel, CASE WHEN c.email IS NULL OR message_can_send(p_tenant_id, 'sms') THEN 'sms' ELSE 'email' END);
  v_data := jsonb_build_object('name', c.name) || coalesce(p_data, '{}');
  FOREACH v_channel IN ARRAY ARRAY['sms', 'email'] LOOP
    CONTINUE WHEN v_want NOT IN (v_channel, 'both') OR v_channel = 'email' AND c.email IS NULL;
    RETURN QUERY SELECT m.outcome, m.id FROM message_put(p_tenant_id, p_kind, v_channel, CASE v_channel WHEN 'sms' THEN c.phone ELSE c.email END, f.locale, v_data,
      p_key, c.id, p_subscription_id, p_staff_id, NULL, p_expires_at, p_words, NULL) m;
  END LOOP;
END $$;

-- The same for the console and the API.
CREATE OR REPLACE FUNCTION message_tell(p_subscriber_id bigint, p_kind text, p_data jsonb, p_key text, p_subscription_id bigint, p_staff_id bigint,
  p_expires_at timestamptz, p_words text)
RETURNS TABLE (outcome text, id bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF lango_tenant() IS NULL THEN RAISE EXCEPTION 'message_tell works for one company: set lango.tenant first'; END IF;
  RETURN QUERY SELECT m.outcome, m.id FROM message_put_subscriber(lango_tenant(), p_subscriber_id, p_kind, p_data, p_key,
    (SELECT s.id FROM subscription s WHERE s.id = p_subscription_id AND s.tenant_id = lango_tenant()), p_staff_id, p_expires_at, p_words) m;
END $$;
GRANT EXECUTE ON FUNCTION message_tell(bigint, text, jsonb, text, bigint, bigint, timestamptz, text) TO lango_web;

-- Whether a channel is carried, for pages that must say so before somebody waits for a code.
CREATE OR REPLACE FUNCTION message_ready(p_channel text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(message_can_send(lango_tenant(), p_channel), false)
$$;
GRANT EXECUTE ON FUNCTION message_ready(text) TO lango_web;

-- Why a message that is due is not to be sent now: interrupted, too_late, outdated, quiet; NULL when it is. Granted to nobody.
CREATE OR REPLACE FUNCTION message_hindrance(m message) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE
    WHEN m.begun THEN 'interrupted'
    WHEN m.expires_at <= lango_now() THEN 'too_late'
    -- A reminder of an end that is no longer the end: they paid meanwhile.
    WHEN m.kind = 'expiry_soon' AND NOT EXISTS (SELECT FROM subscription x WHERE x.id = m.subscription_id AND x.status = 'active' AND x.expires_at = (m.data->>'expires')::timestamptz) THEN 'outdated'
    WHEN m.urgency = 'day' AND message_open_at(m.tenant_id, lango_now()) > lango_now() THEN 'quiet'
  END
$$;

-- What is due now, each for one sender: company by company, no more than its limits allow, what is urgent first. A sender that dies gives back what it had
-- not begun; what it had begun may have been sent, and is not sent again by itself. p_each: the most of one company at a time, of which p_held (company:
-- count) are with the sender already, so that a company whose carrier does not answer holds up no other.
DROP FUNCTION IF EXISTS message_claim(integer);
CREATE OR REPLACE FUNCTION message_claim(p_limit integer, p_each integer DEFAULT NULL, p_held jsonb DEFAULT '{}')
RETURNS TABLE (id bigint, tenant_id bigint, kind text, channel text, recipient text, locale text, data jsonb, data_enc bytea, words text, tries integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE v_tenant bigint; v_now timestamptz := lango_now(); v_room integer; v_left integer := p_limit; v_taken integer; s message_setting; g message_meter; m message; v_why text; v_day date;
BEGIN
  FOR v_tenant IN SELECT t.id FROM tenant t WHERE EXISTS (SELECT FROM message w WHERE w.tenant_id = t.id AND w.state = 'waiting' AND w.due_at <= v_now)
    AND coalesce((p_held ->> t.id::text)::integer < p_each, true) ORDER BY random() LOOP
    EXIT WHEN v_left < 1;
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtextextended('message claim ' || v_tenant, 0));
    SELECT * INTO s FROM message_setting x WHERE x.tenant_id = v_tenant;
    SELECT (v_now AT TIME ZONE t.timezone)::date INTO v_day FROM tenant t WHERE t.id = v_tenant;
    SELECT * INTO g FROM message_meter x WHERE x.tenant_id = v_tenant FOR UPDATE;
    v_room := least(v_left, p_each - coalesce((p_held ->> v_tenant::text)::integer, 0),
      coalesce(s.per_minute, 120) - CASE WHEN g.minute = date_trunc('minute', v_now) THEN g.minute_count ELSE 0 END,
      coalesce(s.per_day, 10000) - CASE WHEN g.day = v_day THEN g.day_count ELSE 0 END);
    CONTINUE WHEN v_room < 1;
    v_taken := 0;
    -- What is not worth sending makes no room smaller: the next one is looked at, up to a bound, so that message_next is walked and nothing is sorted.
    FOR m IN
      SELECT w.* FROM message w
      WHERE w.tenant_id = v_tenant AND w.state = 'waiting' AND w.due_at <= v_now AND (w.claimed_until IS NULL OR w.claimed_until <= clock_timestamp())
      ORDER BY w.urgency DESC, w.id LIMIT v_room + 40 FOR UPDATE SKIP LOCKED
    LOOP
      v_why := message_hindrance(m);
      IF v_why = 'quiet' THEN
        UPDATE message w SET due_at = message_open_at(v_tenant, v_now) WHERE w.created_at = m.created_at AND w.id = m.id;
      ELSIF v_why IS NOT NULL THEN
        UPDATE message w SET state = CASE v_why WHEN 'interrupted' THEN 'unknown' ELSE 'dropped' END, error = v_why, due_at = NULL, claimed_until = NULL, ended_at = v_now, data_enc = NULL
        WHERE w.created_at = m.created_at AND w.id = m.id;
      ELSE
        UPDATE message w SET claimed_until = clock_timestamp() + interval '2 minutes', begun = false WHERE w.created_at = m.created_at AND w.id = m.id;
        RETURN QUERY SELECT m.id, m.tenant_id, m.kind, m.channel, m.recipient, m.locale, m.data, m.data_enc, m.words, m.tries;
        v_taken := v_taken + 1;
      END IF;
      EXIT WHEN v_taken >= v_room;
    END LOOP;
    v_left := v_left - v_taken;
    IF v_taken > 0 THEN
      INSERT INTO message_meter AS x (tenant_id, minute, minute_count, day, day_count) VALUES (v_tenant, date_trunc('minute', v_now), v_taken, v_day, v_taken)
      ON CONFLICT (tenant_id) DO UPDATE SET
        minute_count = CASE WHEN x.minute = excluded.minute THEN x.minute_count ELSE 0 END + v_taken, minute = excluded.minute,
        day_count = CASE WHEN x.day = excluded.day THEN x.day_count ELSE 0 END + v_taken, day = excluded.day;
    END IF;
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION message_claim(integer, integer, jsonb) TO lango_jobs;

-- A carrier is being called now. False when the claim is another's by now: then it must not be called.
CREATE OR REPLACE FUNCTION message_begin(p_id bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE message SET begun = true, claimed_until = clock_timestamp() + interval '2 minutes' WHERE id = p_id AND state = 'waiting' AND NOT begun AND claimed_until > clock_timestamp();
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION message_begin(bigint) TO lango_jobs;

-- The best that carriers have told of a message. Reports come late, twice and out of order; what is better known is never taken back.
CREATE OR REPLACE FUNCTION message_apply_reports(p_tenant_id bigint, p_provider text, p_ref text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE r message_report; m message;
BEGIN
  SELECT * INTO r FROM message_report x WHERE x.tenant_id = p_tenant_id AND x.provider = p_provider AND x.provider_ref = p_ref
  ORDER BY CASE x.state WHEN 'delivered' THEN 3 WHEN 'failed' THEN 2 ELSE 1 END DESC, x.id LIMIT 1;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE message x SET state = r.state, provider_status = r.status, error = CASE r.state WHEN 'failed' THEN r.error END, error_detail = CASE r.state WHEN 'failed' THEN r.detail END,
    ended_at = CASE WHEN r.state <> 'sent' THEN lango_now() END
  WHERE x.tenant_id = p_tenant_id AND x.provider = p_provider AND x.provider_ref = p_ref
    AND CASE r.state WHEN 'delivered' THEN x.state IN ('sent', 'unknown', 'failed') WHEN 'failed' THEN x.state IN ('sent', 'unknown') ELSE x.state = 'unknown' END
  RETURNING * INTO m;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM pg_notify('lango_live', jsonb_build_object('tenant', p_tenant_id::text, 'topic', 'message', 'id', m.id::text)::text);
  RETURN true;
END $$;

-- Takes a report of a carrier. A second one of the same words changes nothing.
CREATE OR REPLACE FUNCTION message_take_report(p_provider text, p_ref text, p_status text, p_state text, p_error text, p_detail text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO message_report (tenant_id, provider, provider_ref, status, state, error, detail)
  VALUES (lango_tenant(), p_provider, p_ref, p_status, p_state, p_error, p_detail) ON CONFLICT DO NOTHING;
  RETURN message_apply_reports(lango_tenant(), p_provider, p_ref);
END $$;
GRANT EXECUTE ON FUNCTION message_take_report(text, text, text, text, text, text) TO lango_web;

-- Writes down one call of a carrier. p_outcome: accepted, refused (for good), again (certainly not sent; p_again_s until the next try, NULL when there is
-- none), unknown (it may have been sent). The words as they were sent are kept, unless they hold a code or a key (p_body NULL).
CREATE OR REPLACE FUNCTION message_record(p_id bigint, p_outcome text, p_provider text, p_ms integer, p_ref text, p_status text, p_error text, p_detail text,
  p_again_s double precision, p_subject text, p_body text, p_segments integer, p_cost_micros bigint, p_cost_currency text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE m message; v_now timestamptz := lango_now(); v_state text;
BEGIN
  SELECT * INTO m FROM message x WHERE x.id = p_id FOR UPDATE;
  IF NOT FOUND OR m.state NOT IN ('waiting', 'unknown') THEN RETURN; END IF;
  v_state := CASE p_outcome WHEN 'accepted' THEN 'sent' WHEN 'unknown' THEN 'unknown' WHEN 'again' THEN CASE WHEN p_again_s IS NULL THEN 'failed' ELSE 'waiting' END ELSE 'failed' END;
  IF p_provider IS NOT NULL THEN
    INSERT INTO message_attempt (tenant_id, message_id, provider, outcome, error, detail, ms) VALUES (m.tenant_id, m.id, p_provider, p_outcome, p_error, p_detail, p_ms);
    UPDATE message_provider x SET fault = CASE WHEN p_outcome = 'accepted' THEN NULL ELSE p_error END, fault_at = CASE WHEN p_outcome = 'accepted' THEN NULL ELSE v_now END
    WHERE x.tenant_id = m.tenant_id AND x.provider = p_provider
      AND CASE WHEN p_outcome = 'accepted' THEN x.fault IS NOT NULL ELSE p_error IN ('credentials', 'balance', 'sender') AND x.fault IS DISTINCT FROM p_error END;
  END IF;
  UPDATE message x SET state = v_state, tries = x.tries + 1, begun = false, claimed_until = NULL, error = CASE WHEN v_state <> 'sent' THEN p_error END,
    error_detail = CASE WHEN v_state <> 'sent' THEN p_detail END,
    due_at = CASE WHEN v_state = 'waiting' THEN v_now + make_interval(secs => p_again_s) END,
    provider = coalesce(p_provider, x.provider), provider_ref = CASE WHEN p_outcome = 'accepted' THEN p_ref ELSE x.provider_ref END, provider_status = p_status,
    subject = p_subject, body = p_body, segments = p_segments, cost_micros = p_cost_micros, cost_currency = p_cost_currency,
    sent_at = CASE WHEN v_state IN ('sent', 'unknown') THEN v_now END, ended_at = CASE WHEN v_state IN ('failed', 'unknown') THEN v_now END,
    -- A code is kept only while it must still be sent.
    data_enc = CASE WHEN v_state = 'waiting' THEN x.data_enc END
  WHERE x.created_at = m.created_at AND x.id = m.id;
  IF p_outcome = 'accepted' AND p_ref IS NOT NULL THEN PERFORM message_apply_reports(m.tenant_id, p_provider, p_ref); END IF;
  -- The queue runs on the machine's clock.
  IF v_state = 'waiting' THEN PERFORM job_enqueue('messages.send', '{}', now() + make_interval(secs => greatest(p_again_s, 1)), 'messages of ' || m.tenant_id); END IF;
  PERFORM pg_notify('lango_live', jsonb_build_object('tenant', m.tenant_id::text, 'topic', 'message', 'id', m.id::text)::text);
END $$;
GRANT EXECUTE ON FUNCTION message_record(bigint, text, text, integer, text, text, text, text, double precision, text, text, integer, bigint, text) TO lango_jobs;

-- Another carrier is asked in the same go: what the one before said is kept.
CREATE OR REPLACE FUNCTION message_passed_on(p_id bigint, p_provider text, p_ms integer, p_error text, p_detail text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO message_attempt (tenant_id, message_id, provider, outcome, error, detail, ms) SELECT m.tenant_id, m.id, p_provider, 'again', p_error, p_detail, p_ms FROM message m WHERE m.id = p_id;
  UPDATE message_provider x SET fault = p_error, fault_at = lango_now() FROM message m
  WHERE m.id = p_id AND x.tenant_id = m.tenant_id AND x.provider = p_provider AND p_error IN ('credentials', 'balance', 'sender');
END $$;
GRANT EXECUTE ON FUNCTION message_passed_on(bigint, text, integer, text, text) TO lango_jobs;

-- Forgets the texts of messages that are older than that; that they were sent, to whom and at what price, stays in the books. Gives how many.
CREATE OR REPLACE FUNCTION message_forget(p_older interval, p_limit integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_rows integer;
BEGIN
  UPDATE message m SET subject = NULL, body = NULL, words = NULL, data = '{}', data_enc = NULL
  FROM (SELECT o.created_at, o.id FROM message o WHERE o.created_at < lango_now() - p_older AND (o.body IS NOT NULL OR o.data <> '{}') LIMIT p_limit) old
  WHERE m.created_at = old.created_at AND m.id = old.id;
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  RETURN v_rows;
END $$;
GRANT EXECUTE ON FUNCTION message_forget(interval, integer) TO lango_jobs;

-- Sends again what failed or of which nothing is known. What held a code or a key is not: it is over, and what it said is
-- forgotten. Gives how many.
CREATE OR REPLACE FUNCTION message_retry(p_ids bigint[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_rows integer;
BEGIN
  UPDATE message m SET state = 'waiting', due_at = lango_now(), tries = 0, error = NULL, error_detail = NULL, provider_ref = NULL, provider_status = NULL, ended_at = NULL,
    sent_at = NULL, expires_at = NULL, claimed_until = NULL, begun = false
  WHERE m.id = ANY (p_ids) AND m.tenant_id = lango_tenant() AND m.state IN ('failed', 'unknown', 'dropped') AND (m.data <> '{}' OR m.body IS NOT NULL);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  IF v_rows > 0 THEN PERFORM job_enqueue('messages.send'); END IF;
  RETURN v_rows;
END $$;
GRANT EXECUTE ON FUNCTION message_retry(bigint[]) TO lango_web;
