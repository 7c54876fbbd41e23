-- Who owes what since when, and what is done about it: money is taken from the wallet, people are reminded, service is shut and opened again. What is owed stands
-- in the ledger (receivable); which invoices it is of is derived: money pays the oldest first, so what is still owed is of the newest.

-- Invoices of these customers that are not paid whole, oldest first.
CREATE OR REPLACE FUNCTION postpaid_open(p_ids bigint[]) RETURNS TABLE (
  subscriber_id bigint, invoice_id bigint, number_text text, currency char(3), issued_at timestamptz, due_at timestamptz, total_cents bigint, open_cents bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH owed AS (
    SELECT p.subscriber_id, a.currency, -a.balance_cents AS cents
    FROM postpaid_account p JOIN ledger_account a ON a.tenant_id = p.tenant_id AND a.code = 'receivable:' || p.subscriber_id AND a.balance_cents < 0
    WHERE p.subscriber_id = ANY (p_ids) AND (lango_tenant() IS NULL OR p.tenant_id = lango_tenant())
  ), doc AS (
    SELECT i.subscriber_id, i.id, i.number_text, i.currency, i.issued_at, i.due_at, o.cents,
           i.total_cents - coalesce((SELECT sum(c.total_cents) FROM invoice c WHERE c.credits_invoice_id = i.id), 0)::bigint AS left_cents
    FROM owed o JOIN invoice i ON i.subscriber_id = o.subscriber_id AND i.currency = o.currency AND i.due_at IS NOT NULL AND i.kind = 'invoice'
  ), placed AS (
    SELECT d.*, coalesce(sum(d.left_cents) OVER (PARTITION BY d.subscriber_id, d.currency ORDER BY d.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS newer_cents FROM doc d
  )
  SELECT p.subscriber_id, p.id, p.number_text, p.currency, p.issued_at, p.due_at, p.left_cents, least(p.left_cents, p.cents - p.newer_cents)
  FROM placed p WHERE p.cents > p.newer_cents AND p.left_cents > 0 ORDER BY p.subscriber_id, p.id
$$;
GRANT EXECUTE ON FUNCTION postpaid_open TO lango_web, lango_jobs;

-- Where a customer stands: what is owed (in the currency in which most of it is), since when some of it should have been paid, whether the rules say to shut, and
-- when to look again.
CREATE OR REPLACE FUNCTION postpaid_standing(p_subscriber_id bigint, OUT currency char(3), OUT owed_cents bigint, OUT overdue_cents bigint, OUT due_at timestamptz, OUT must_cut boolean, OUT next_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a postpaid_account;
  s postpaid_setting;
  v_now timestamptz := lango_now();
  v_wait interval;
  v_late bigint;
BEGIN
  SELECT * INTO a FROM postpaid_account x WHERE x.subscriber_id = p_subscriber_id;
  SELECT * INTO s FROM postpaid_setting x WHERE x.tenant_id = a.tenant_id;
  -- No row of its own: three days, whatever the sum.
  v_wait := make_interval(days => CASE WHEN s.tenant_id IS NULL THEN 3 ELSE s.cut_after_days END);
  SELECT o.currency, sum(o.open_cents), coalesce(sum(o.open_cents) FILTER (WHERE o.due_at <= v_now), 0), min(o.due_at), coalesce(sum(o.open_cents) FILTER (WHERE o.due_at + v_wait <= v_now), 0)
  INTO currency, owed_cents, overdue_cents, due_at, v_late
  FROM postpaid_open(ARRAY[p_subscriber_id]) o GROUP BY o.currency ORDER BY 2 DESC LIMIT 1;
  owed_cents := coalesce(owed_cents, 0);
  overdue_cents := coalesce(overdue_cents, 0);
  must_cut := coalesce(v_late > 0 AND overdue_cents >= coalesce(s.cut_least_cents, 0) OR owed_cents > a.credit_limit_cents, false);
  IF owed_cents > 0 THEN
    SELECT min(m.at) INTO next_at FROM (
      SELECT due_at - make_interval(days => d) AS at FROM unnest(ARRAY[7, 3, 1, 0]) AS d
      UNION ALL SELECT due_at + v_wait UNION ALL SELECT a.promised_until
      -- The next invoice that falls due may be what makes it enough.
      UNION ALL SELECT o.due_at + v_wait FROM postpaid_open(ARRAY[p_subscriber_id]) o) m
    WHERE m.at > v_now;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION postpaid_standing TO lango_web, lango_jobs;

-- Takes from the wallet what is owed, as far as it goes, and opens the service again that the debt had shut. The caller works for the customer's company. Gives what was paid.
CREATE OR REPLACE FUNCTION postpaid_pay(p_subscriber_id bigint, p_payment_id bigint DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  d record;
  v_wallet ledger_account;
  v_debt ledger_account;
  v_cents bigint;
  v_all bigint := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM postpaid_account a WHERE a.subscriber_id = p_subscriber_id AND a.tenant_id = v_tenant) THEN RETURN 0; END IF;
  FOR d IN SELECT r.id AS debt, w.id AS wallet FROM ledger_account r JOIN ledger_account w ON w.tenant_id = v_tenant AND w.code = 'wallet:' || p_subscriber_id AND w.currency = r.currency
      WHERE r.tenant_id = v_tenant AND r.code = 'receivable:' || p_subscriber_id ORDER BY r.id LOOP
    PERFORM 1 FROM ledger_lock(ARRAY[d.debt, d.wallet]);
    SELECT * INTO STRICT v_wallet FROM ledger_account a WHERE a.id = d.wallet;
    SELECT * INTO STRICT v_debt FROM ledger_account a WHERE a.id = d.debt;
    v_cents := least(v_wallet.balance_cents, -v_debt.balance_cents);
    CONTINUE WHEN v_cents <= 0;
    PERFORM 1 FROM ledger_post(jsonb_build_array(jsonb_build_object('key', format('postpaid:%s:paid:%s', p_subscriber_id, v_debt.version + 1), 'debit', v_wallet.id, 'credit', v_debt.id,
      'amount_cents', v_cents, 'kind', 'debt_paid', 'payment_id', p_payment_id)));
    v_all := v_all + v_cents;
  END LOOP;
  IF v_all > 0 THEN PERFORM postpaid_review(p_subscriber_id); END IF;
  RETURN v_all;
END $$;
GRANT EXECUTE ON FUNCTION postpaid_pay TO lango_web;

-- Looks at a debt that has changed: opens again what it had shut, if the rules say so no longer, and sets when to look next. Shuts nothing.
CREATE OR REPLACE FUNCTION postpaid_review(p_subscriber_id bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a postpaid_account;
  s record;
  v_ids bigint[];
  v_left boolean;
BEGIN
  SELECT * INTO a FROM postpaid_account x WHERE x.subscriber_id = p_subscriber_id AND x.tenant_id = lango_tenant() FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT * INTO s FROM postpaid_standing(p_subscriber_id);
  IF a.cut_at IS NOT NULL AND (NOT s.must_cut OR a.promised_until > lango_now()) THEN
    -- Somebody may hold one of them at this moment; waiting for them here, behind the accounts, could be in a circle.
    WITH mine AS (SELECT x.id FROM subscription x WHERE x.subscriber_id = a.subscriber_id AND x.postpaid_from IS NOT NULL AND x.status <> 'ended' AND x.expires_at <= lango_now()
                  ORDER BY x.id FOR NO KEY UPDATE SKIP LOCKED),
    opened AS (UPDATE subscription x SET expires_at = '9999-12-31T00:00:00Z', updated_at = lango_now(), version = x.version + 1 FROM mine m WHERE x.id = m.id RETURNING x.id)
    SELECT coalesce(array_agg(o.id), '{}') INTO v_ids FROM opened o;
    PERFORM enforce_subscriptions(v_ids, 'payment');
    SELECT EXISTS (SELECT FROM subscription x WHERE x.subscriber_id = a.subscriber_id AND x.postpaid_from IS NOT NULL AND x.status <> 'ended' AND x.expires_at <= lango_now()) INTO v_left;
    INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
    VALUES (a.tenant_id, 'system', 'postpaid', 'postpaid.restore', 'subscriber', a.subscriber_id::text, jsonb_build_object('subscriptions', to_jsonb(v_ids), 'owed_cents', s.owed_cents));
  END IF;
  UPDATE postpaid_account x SET cut_at = CASE WHEN v_ids IS NOT NULL AND NOT v_left THEN NULL ELSE x.cut_at END,
    -- What was skipped is looked at again at once.
    look_at = CASE WHEN v_left THEN lango_now() ELSE s.next_at END,
    promised_until = CASE WHEN s.owed_cents > 0 THEN x.promised_until END, promise_note = CASE WHEN s.owed_cents > 0 THEN x.promise_note END, updated_at = lango_now()
  WHERE x.subscriber_id = a.subscriber_id;
END $$;
GRANT EXECUTE ON FUNCTION postpaid_review TO lango_web;

-- The last minute of the day on which something is to be paid, for those who read it: due_at is the midnight after it.
CREATE OR REPLACE FUNCTION postpaid_time(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT to_char((p_at - interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

-- What customers have just been billed: the wallet pays what it holds, they are told, and it is noted when to look. Granted to nobody.
CREATE OR REPLACE FUNCTION postpaid_note_debts(p_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r record;
  v_speaks boolean;
BEGIN
  SELECT message_speaks(a.tenant_id) INTO v_speaks FROM postpaid_account a WHERE a.subscriber_id = p_ids[1];
  FOR r IN SELECT a.subscriber_id FROM postpaid_account a JOIN ledger_account w ON w.tenant_id = a.tenant_id AND w.code = 'wallet:' || a.subscriber_id AND w.balance_cents > 0
      WHERE a.subscriber_id = ANY (p_ids) ORDER BY 1 LOOP
    PERFORM postpaid_pay(r.subscriber_id);
  END LOOP;
  -- The first moment that says anything: a week before the oldest is due, or at once where a limit is passed.
  UPDATE postpaid_account a SET look_at = least(a.look_at, greatest(lango_now(), CASE WHEN a.credit_limit_cents < -b.balance_cents THEN lango_now() ELSE i.due_at - interval '7 days' END))
  FROM ledger_account b, postpaid_bill p JOIN invoice i ON i.id = p.invoice_id
  WHERE a.subscriber_id = ANY (p_ids) AND b.tenant_id = a.tenant_id AND b.code = 'receivable:' || a.subscriber_id AND b.balance_cents < 0 AND b.currency = p.currency
    AND p.subscriber_id = a.subscriber_id AND p.period_to = a.billed_until;
  IF NOT v_speaks THEN RETURN; END IF;
  FOR r IN SELECT p.tenant_id, p.subscriber_id, p.invoice_id, p.total_cents, p.currency, i.due_at FROM postpaid_account a
      JOIN postpaid_bill p ON p.subscriber_id = a.subscriber_id AND p.period_to = a.billed_until JOIN invoice i ON i.id = p.invoice_id WHERE a.subscriber_id = ANY (p_ids) LOOP
    PERFORM message_automatic(r.tenant_id, r.subscriber_id, 'invoice_issued', jsonb_build_object('amount', jsonb_build_object('cents', r.total_cents, 'currency', r.currency),
      'due', postpaid_time(r.due_at), 'invoice', r.invoice_id::text), 'invoice:' || r.invoice_id, NULL, NULL);
  END LOOP;
END $$;

-- Looks at debts whose time has come, at most p_limit: takes what the wallet holds first, then reminds, and shuts what the rules say and nobody has promised. What
-- cannot be said is only not said. Gives how many; call it until it says 0.
CREATE OR REPLACE FUNCTION postpaid_look(p_limit integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a postpaid_account;
  v_count integer := 0;
BEGIN
  FOR a IN SELECT * FROM postpaid_account x WHERE x.look_at <= lango_now() ORDER BY x.look_at, x.subscriber_id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED LOOP
    PERFORM set_config('lango.tenant', a.tenant_id::text, true);
    BEGIN
      PERFORM postpaid_pay(a.subscriber_id);
      PERFORM postpaid_review(a.subscriber_id);
      PERFORM postpaid_look_one(a.subscriber_id);
    EXCEPTION WHEN OTHERS THEN
      IF left(SQLSTATE, 2) IN ('40', '53', '57', '58', 'XX') THEN RAISE; END IF;
      -- One that fails holds up nobody, and is tried again.
      RAISE WARNING 'the debt of subscriber % was not looked at: % %', a.subscriber_id, SQLSTATE, SQLERRM;
      UPDATE postpaid_account x SET look_at = lango_now() + interval '1 hour' WHERE x.subscriber_id = a.subscriber_id;
    END;
    v_count := v_count + 1;
  END LOOP;
  PERFORM set_config('lango.tenant', '', true);
  RETURN v_count;
END $$;
GRANT EXECUTE ON FUNCTION postpaid_look TO lango_jobs;

-- Reminds and shuts one customer who was just reviewed. Granted to nobody.
CREATE OR REPLACE FUNCTION postpaid_look_one(p_subscriber_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  a postpaid_account;
  s record;
  v_now timestamptz := lango_now();
  v_days integer;
  v_ids bigint[];
  v_values jsonb;
BEGIN
  SELECT * INTO STRICT a FROM postpaid_account x WHERE x.subscriber_id = p_subscriber_id;
  SELECT * INTO s FROM postpaid_standing(p_subscriber_id);
  IF s.owed_cents = 0 THEN RETURN; END IF;
  v_values := jsonb_build_object('amount', jsonb_build_object('cents', s.owed_cents, 'currency', s.currency), 'due', postpaid_time(s.due_at));
  IF s.must_cut AND a.cut_at IS NULL AND coalesce(a.promised_until <= v_now, true) THEN
    WITH mine AS (SELECT x.id FROM subscription x WHERE x.subscriber_id = a.subscriber_id AND x.postpaid_from IS NOT NULL AND x.status <> 'ended' AND x.expires_at > v_now ORDER BY x.id FOR NO KEY UPDATE),
    -- Over with its grace: who owes has had theirs.
    shut AS (UPDATE subscription x SET expires_at = v_now - make_interval(secs => v.grace_s), updated_at = v_now, version = x.version + 1
             FROM mine m, plan_version v WHERE x.id = m.id AND v.id = x.plan_version_id RETURNING x.id)
    SELECT coalesce(array_agg(h.id), '{}') INTO v_ids FROM shut h;
    PERFORM enforce_subscriptions(v_ids, 'expired');
    UPDATE postpaid_account x SET cut_at = v_now, updated_at = v_now WHERE x.subscriber_id = a.subscriber_id;
    INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
    VALUES (a.tenant_id, 'system', 'postpaid', 'postpaid.cut', 'subscriber', a.subscriber_id::text, jsonb_build_object('subscriptions', to_jsonb(v_ids), 'owed_cents', s.owed_cents, 'due_at', s.due_at));
    PERFORM message_automatic(a.tenant_id, a.subscriber_id, 'service_cut', v_values, format('cut:%s:%s', a.subscriber_id, extract(epoch FROM s.due_at)::bigint), NULL, v_now + interval '2 days');
    RETURN;
  END IF;
  -- The step that has just come: 7, 3 and 1 days before, and on the day itself. One that is half a day old is not said any more.
  SELECT d INTO v_days FROM unnest(ARRAY[0, 1, 3, 7]) AS d WHERE s.due_at - make_interval(days => d) BETWEEN v_now - interval '12 hours' AND v_now ORDER BY d LIMIT 1;
  IF v_days IS NOT NULL AND message_speaks(a.tenant_id) THEN
    PERFORM message_automatic(a.tenant_id, a.subscriber_id, 'invoice_due', v_values || jsonb_build_object('days', v_days),
      format('owed:%s:%s:%s', a.subscriber_id, extract(epoch FROM s.due_at)::bigint, v_days), NULL, s.due_at + interval '2 days');
  END IF;
END $$;

-- Gives up what a customer owes: from what is owed to debts written off. Nothing is owed then, so what the debt had shut opens again: end the service first if it should not.
CREATE OR REPLACE FUNCTION postpaid_write_off(p_subscriber_id bigint, p_reason text) RETURNS TABLE (currency char(3), amount_cents bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  d record;
  v_bad bigint;
  v_debt ledger_account;
BEGIN
  FOR d IN SELECT r.id, r.currency AS code FROM ledger_account r JOIN postpaid_account a ON a.subscriber_id = p_subscriber_id AND a.tenant_id = v_tenant
      WHERE r.tenant_id = v_tenant AND r.code = 'receivable:' || p_subscriber_id ORDER BY r.id LOOP
    v_bad := ledger_account_for('bad_debts', d.code);
    PERFORM 1 FROM ledger_lock(ARRAY[d.id, v_bad]);
    SELECT * INTO STRICT v_debt FROM ledger_account x WHERE x.id = d.id;
    CONTINUE WHEN v_debt.balance_cents >= 0;
    PERFORM 1 FROM ledger_post(jsonb_build_array(jsonb_build_object('key', format('postpaid:%s:written_off:%s', p_subscriber_id, v_debt.version + 1), 'debit', v_bad, 'credit', v_debt.id,
      'amount_cents', -v_debt.balance_cents, 'kind', 'write_off', 'memo', left(p_reason, 300))));
    currency := d.code;
    amount_cents := -v_debt.balance_cents;
    RETURN NEXT;
  END LOOP;
  PERFORM postpaid_review(p_subscriber_id);
END $$;
GRANT EXECUTE ON FUNCTION postpaid_write_off TO lango_web;
