-- Billing after the period. docs/reference/postpaid.md tells the rules; control-plane/postpaid/ is the slice. Debts: postpaid-debts.sql.

-- What a part [a, b) of a period [from, to) costs of the price of the whole, to the nearest cent. Parts that follow each other make the whole exactly, however a
-- period is cut: each is the difference of two rounded sums, counted from the beginning.
CREATE OR REPLACE FUNCTION postpaid_share(p_price_cents bigint, p_from timestamptz, p_to timestamptz, p_a timestamptz, p_b timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (round(p_price_cents * extract(epoch FROM p_b - p_from) / extract(epoch FROM p_to - p_from))
        - round(p_price_cents * extract(epoch FROM p_a - p_from) / extract(epoch FROM p_to - p_from)))::bigint
$$;
GRANT EXECUTE ON FUNCTION postpaid_share TO lango_web, lango_jobs;

-- The first midnight of the company's zone after p_after that begins that day of a month (1 to 28, so every month has it).
CREATE OR REPLACE FUNCTION postpaid_next(p_after timestamptz, p_billing_day integer, p_timezone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT min(c.at) FROM generate_series(0, 2) AS n,
    LATERAL (SELECT ((date_trunc('month', p_after AT TIME ZONE p_timezone) + make_interval(months => n, days => p_billing_day - 1)) AT TIME ZONE p_timezone) AS at) c
  WHERE c.at > p_after
$$;
GRANT EXECUTE ON FUNCTION postpaid_next TO lango_web, lango_jobs;

-- Writes down what runs, whoever changes a subscription. Served is what is active and not shut for its debt; a pause or a suspension is not billed.
-- lango.postpaid_at: the moment that billing says a change at renewal happened, which is the period's end and not the minute in which the job came by.
CREATE OR REPLACE FUNCTION postpaid_spans() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_at timestamptz := coalesce(nullif(current_setting('lango.postpaid_at', true), '')::timestamptz, lango_now());
  v_served boolean := NEW.postpaid_from IS NOT NULL AND NEW.status = 'active' AND NEW.expires_at > lango_now();
  v_start timestamptz := greatest(v_at, NEW.postpaid_from);
  o postpaid_span;
BEGIN
  SELECT * INTO o FROM postpaid_span s WHERE s.subscription_id = NEW.id AND s.ends_at IS NULL;
  IF FOUND AND v_served AND o.plan_version_id = NEW.plan_version_id THEN RETURN NULL; END IF;
  IF o.id IS NOT NULL AND o.starts_at >= v_at THEN
    DELETE FROM postpaid_span s WHERE s.id = o.id;
  ELSIF o.id IS NOT NULL THEN
    UPDATE postpaid_span s SET ends_at = v_at WHERE s.id = o.id;
  END IF;
  IF v_served THEN
    INSERT INTO postpaid_span (tenant_id, subscriber_id, subscription_id, plan_version_id, starts_at) VALUES (NEW.tenant_id, NEW.subscriber_id, NEW.id, NEW.plan_version_id, v_start);
    -- An account that had nothing to bill begins anew; what lies before was billed, or was nothing.
    UPDATE postpaid_account a SET billed_until = greatest(a.billed_until, date_trunc('second', v_start)),
      bill_at = postpaid_next(greatest(a.billed_until, date_trunc('second', v_start)), a.billing_day, t.timezone)
    FROM tenant t WHERE a.subscriber_id = NEW.subscriber_id AND a.bill_at IS NULL AND t.id = a.tenant_id;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER postpaid_spans AFTER UPDATE OF status, plan_version_id, expires_at, postpaid_from ON subscription FOR EACH ROW
  WHEN (OLD.postpaid_from IS NOT NULL OR NEW.postpaid_from IS NOT NULL) EXECUTE FUNCTION postpaid_spans();

-- What accounts are to pay for the period that ends at bill_at, part by part. Stretches of one service on one version that touch each other are one part.
-- The months of one price are whole: a period is the whole from the billing day before to this one, also where the account began in its middle.
CREATE OR REPLACE FUNCTION postpaid_due(p_ids bigint[]) RETURNS TABLE (
  subscriber_id bigint, whole_from timestamptz, period_from timestamptz, period_to timestamptz, subscription_id bigint, plan_version_id bigint, currency char(3), price_cents bigint,
  starts_at timestamptz, ends_at timestamptz, amount_cents bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH account AS (
    SELECT a.subscriber_id, a.billed_until, a.bill_at, ((a.bill_at AT TIME ZONE t.timezone) - interval '1 month') AT TIME ZONE t.timezone AS whole_from, t.id AS tenant_id
    FROM postpaid_account a JOIN tenant t ON t.id = a.tenant_id WHERE a.subscriber_id = ANY (p_ids)
  ), clipped AS (
    SELECT a.*, s.subscription_id, s.plan_version_id, greatest(s.starts_at, a.billed_until) AS starts_at, least(coalesce(s.ends_at, a.bill_at), a.bill_at) AS ends_at
    FROM account a JOIN postpaid_span s ON s.subscriber_id = a.subscriber_id AND s.starts_at < a.bill_at AND (s.ends_at IS NULL OR s.ends_at > a.billed_until)
  ), numbered AS (
    SELECT c.*, sum(CASE WHEN c.starts_at = c.before AND c.plan_version_id = c.before_version THEN 0 ELSE 1 END) OVER (PARTITION BY c.subscription_id ORDER BY c.starts_at) AS part
    FROM (SELECT x.*, lag(x.ends_at) OVER w AS before, lag(x.plan_version_id) OVER w AS before_version FROM clipped x WINDOW w AS (PARTITION BY x.subscription_id ORDER BY x.starts_at)) c
  ), part AS (
    SELECT n.subscriber_id, n.tenant_id, n.whole_from, n.billed_until, n.bill_at, n.subscription_id, n.plan_version_id, min(n.starts_at) AS starts_at, max(n.ends_at) AS ends_at
    FROM numbered n GROUP BY n.subscriber_id, n.tenant_id, n.whole_from, n.billed_until, n.bill_at, n.subscription_id, n.plan_version_id, n.part
  )
  SELECT p.subscriber_id, p.whole_from, p.billed_until, p.bill_at, p.subscription_id, p.plan_version_id, v.currency, v.price_cents, p.starts_at, p.ends_at,
    postpaid_share(v.price_cents, p.whole_from, p.bill_at, p.starts_at, p.ends_at)
  FROM part p JOIN plan_version v ON v.id = p.plan_version_id
$$;

-- Of each account what its bill comes to, and why it cannot be made. The sum is made a second time, exactly and without parts; the two may differ by half a cent a part.
CREATE OR REPLACE FUNCTION postpaid_weigh(p_ids bigint[]) RETURNS TABLE (
  subscriber_id bigint, period_from timestamptz, period_to timestamptz, currency char(3), total_cents bigint, full_cents bigint, lines integer, fault text, detail jsonb
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH due AS (SELECT * FROM postpaid_due(p_ids)),
  total AS (
    SELECT d.subscriber_id, count(*) FILTER (WHERE d.amount_cents > 0)::integer AS lines, count(DISTINCT d.currency) AS currencies, min(d.currency) AS currency,
      sum(d.amount_cents)::bigint AS total_cents, min(d.amount_cents) AS least
    FROM due d GROUP BY 1
  ), exact AS (
    SELECT s.subscriber_id, sum(v.price_cents * extract(epoch FROM least(coalesce(s.ends_at, a.bill_at), a.bill_at) - greatest(s.starts_at, a.billed_until))
        / extract(epoch FROM a.bill_at - ((a.bill_at AT TIME ZONE t.timezone) - interval '1 month') AT TIME ZONE t.timezone)) AS cents
    FROM postpaid_account a JOIN tenant t ON t.id = a.tenant_id
    JOIN postpaid_span s ON s.subscriber_id = a.subscriber_id AND s.starts_at < a.bill_at AND (s.ends_at IS NULL OR s.ends_at > a.billed_until)
    JOIN plan_version v ON v.id = s.plan_version_id
    WHERE a.subscriber_id = ANY (p_ids) GROUP BY 1
  ), service AS (
    SELECT d.subscriber_id, d.subscription_id, max(d.price_cents) AS price_cents, sum(d.ends_at - d.starts_at) AS served, max(d.period_to) - min(d.period_from) AS period FROM due d GROUP BY 1, 2
  ), whole AS (
    SELECT s.subscriber_id, sum(s.price_cents)::bigint AS full_cents, bool_or(s.served > s.period) AS overlaps FROM service s GROUP BY 1
  )
  SELECT a.subscriber_id, a.billed_until, a.bill_at, t.currency, coalesce(t.total_cents, 0), coalesce(w.full_cents, 0), coalesce(t.lines, 0),
    CASE WHEN t.currencies > 1 THEN 'currency'
         WHEN t.lines > 100 THEN 'too_many_lines'
         WHEN w.overlaps THEN 'overlap'
         WHEN t.least < 0 OR abs(t.total_cents - e.cents) > 1 + t.lines THEN 'differs'
         WHEN a.allowed_once THEN NULL
         WHEN t.total_cents > s.most_cents THEN 'too_much'
         WHEN t.total_cents > u.usual_cents * coalesce(s.unusual_factor, 3) THEN 'unusual' END,
    jsonb_build_object('total_cents', coalesce(t.total_cents, 0), 'exact_cents', round(coalesce(e.cents, 0), 2), 'usual_cents', u.usual_cents, 'lines', coalesce(t.lines, 0),
      'most_cents', s.most_cents, 'currency', t.currency)
  FROM postpaid_account a
  LEFT JOIN total t ON t.subscriber_id = a.subscriber_id
  LEFT JOIN exact e ON e.subscriber_id = a.subscriber_id
  LEFT JOIN whole w ON w.subscriber_id = a.subscriber_id
  LEFT JOIN postpaid_setting s ON s.tenant_id = a.tenant_id
  LEFT JOIN LATERAL (SELECT max(b.full_cents) AS usual_cents
    FROM (SELECT x.full_cents FROM postpaid_bill x WHERE x.subscriber_id = a.subscriber_id AND x.total_cents > 0 ORDER BY x.period_from DESC LIMIT 3) b) u ON true
  WHERE a.subscriber_id = ANY (p_ids)
$$;

-- Bills these accounts of the caller's company, which holds their locks: each is parked with its reason, or has its period billed, posted and invoiced.
-- Everything about them stands when this returns, so that a fault of one is found here and not at the end of the transaction. Granted to nobody.
CREATE OR REPLACE FUNCTION postpaid_bill_some(p_run postpaid_run, p_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_tenant bigint := p_run.tenant_id;
  v_timezone text := (SELECT t.timezone FROM tenant t WHERE t.id = v_tenant);
  v_billed bigint[];
BEGIN
  SET CONSTRAINTS ALL DEFERRED;
  WITH weighed AS (SELECT * FROM postpaid_weigh(p_ids)),
  parked AS (
    UPDATE postpaid_account a SET parked_at = lango_now(), parked_reason = w.fault, parked_detail = w.detail, parked_run_id = p_run.id, updated_at = lango_now(), version = a.version + 1
    FROM weighed w WHERE w.subscriber_id = a.subscriber_id AND w.fault IS NOT NULL
  ), bill AS (
    INSERT INTO postpaid_bill (subscriber_id, period_from, period_to, tenant_id, run_id, currency, total_cents, full_cents)
    SELECT w.subscriber_id, w.period_from, w.period_to, v_tenant, p_run.id, w.currency, w.total_cents, w.full_cents FROM weighed w WHERE w.fault IS NULL
    RETURNING postpaid_bill.subscriber_id
  )
  SELECT coalesce(array_agg(b.subscriber_id ORDER BY b.subscriber_id), '{}') INTO v_billed FROM bill b;
  IF v_billed = '{}' THEN RETURN; END IF;
  INSERT INTO postpaid_line (subscriber_id, period_from, line_no, tenant_id, subscription_id, plan_version_id, starts_at, ends_at, amount_cents)
  SELECT d.subscriber_id, d.period_from, row_number() OVER (PARTITION BY d.subscriber_id ORDER BY d.subscription_id, d.starts_at), v_tenant, d.subscription_id, d.plan_version_id,
         d.starts_at, d.ends_at, d.amount_cents
  FROM postpaid_due(v_billed) d WHERE d.amount_cents > 0;
  PERFORM postpaid_turn(v_billed, v_timezone);
  PERFORM postpaid_issue(v_tenant, v_billed, v_timezone);
  -- The period is over. An account with nothing to bill, and nothing running, rests.
  UPDATE postpaid_account a SET billed_until = a.bill_at, allowed_once = false, updated_at = lango_now(),
    bill_at = CASE WHEN EXISTS (SELECT FROM postpaid_span s WHERE s.subscriber_id = a.subscriber_id AND (s.ends_at IS NULL OR s.ends_at > a.bill_at))
                   THEN postpaid_next(a.bill_at, a.billing_day, v_timezone) END
  WHERE a.subscriber_id = ANY (v_billed);
  PERFORM postpaid_note_debts(v_billed);
  PERFORM postpaid_post_sales(v_tenant, v_billed);
  SET CONSTRAINTS ALL IMMEDIATE;
END $$;

-- A new month: data that was bought by the month comes back, and plans that were chosen for the next purchase begin with the period. Granted to nobody.
CREATE OR REPLACE FUNCTION postpaid_turn(p_ids bigint[], p_timezone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s record; v_ids bigint[] := '{}';
BEGIN
  FOR s IN
    SELECT x.id, x.next_plan_version_id, x.cycle_no, a.bill_at, n.quota_bytes
    FROM subscription x JOIN postpaid_account a ON a.subscriber_id = x.subscriber_id
    JOIN plan_version n ON n.id = coalesce(x.next_plan_version_id, x.plan_version_id)
    WHERE x.subscriber_id = ANY (p_ids) AND x.postpaid_from < a.bill_at AND x.status = 'active' AND (n.quota_bytes IS NOT NULL OR n.fair_use IS NOT NULL OR x.next_plan_version_id IS NOT NULL)
    ORDER BY x.id FOR NO KEY UPDATE OF x
  LOOP
    UPDATE usage_cycle u SET ended_at = lango_now() WHERE u.subscription_id = s.id AND u.cycle_no = s.cycle_no AND u.ended_at IS NULL;
    PERFORM set_config('lango.postpaid_at', s.bill_at::text, true);
    UPDATE subscription x SET plan_version_id = coalesce(s.next_plan_version_id, x.plan_version_id), next_plan_version_id = NULL, quota_bytes = s.quota_bytes, topup_bytes = 0,
      cycle_no = x.cycle_no + 1, updated_at = lango_now(), version = x.version + 1 WHERE x.id = s.id;
    PERFORM set_config('lango.postpaid_at', '', true);
    INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at) SELECT x.id, x.cycle_no, x.tenant_id, lango_now() FROM subscription x WHERE x.id = s.id ON CONFLICT DO NOTHING;
    v_ids := v_ids || s.id;
  END LOOP;
  IF v_ids <> '{}' THEN PERFORM enforce_subscriptions(v_ids, 'cycle_turned'); END IF;
END $$;

-- Posts and invoices what the bills of these accounts come to: what is owed on one side, sales on the other. Set by set, with the same rows as ledger_post and
-- invoice_issue would write one by one (ledger_verify and invoice_verify recompute them). Granted to nobody.
CREATE OR REPLACE FUNCTION postpaid_issue(p_tenant bigint, p_ids bigint[], p_timezone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_born timestamptz;
  v_issued timestamptz;
  v_excise integer;
  v_vat integer;
  v_currency char(3);
BEGIN
  FOR v_currency IN SELECT DISTINCT b.currency FROM postpaid_bill b JOIN postpaid_account a ON a.subscriber_id = b.subscriber_id AND a.billed_until = b.period_from
      WHERE b.subscriber_id = ANY (p_ids) AND b.total_cents > 0 ORDER BY 1 LOOP
    PERFORM postpaid_post(p_tenant, p_ids, v_currency);
  END LOOP;
  v_born := invoice_moment(p_tenant);
  v_issued := v_born + (lango_now() - now());
  v_excise := invoice_rate(p_tenant, 'excise', (v_issued AT TIME ZONE p_timezone)::date);
  v_vat := invoice_rate(p_tenant, 'vat', (v_issued AT TIME ZONE p_timezone)::date);
  WITH bill AS (
    SELECT b.*, t.id AS transfer_id,
      ((v_issued AT TIME ZONE p_timezone)::date + 1 + a.terms_days)::timestamp AT TIME ZONE p_timezone AS due_at
    FROM postpaid_bill b JOIN postpaid_account a ON a.subscriber_id = b.subscriber_id AND a.billed_until = b.period_from
    JOIN ledger_transfer t ON t.tenant_id = p_tenant AND t.key = postpaid_key(b.subscriber_id, b.period_from)
    WHERE b.subscriber_id = ANY (p_ids) AND b.total_cents > 0
  ), line AS (
    SELECT b.transfer_id, l.*, p.name AS plan_name, s.net_cents, s.excise_cents, s.vat_cents
    FROM bill b JOIN postpaid_line l ON l.subscriber_id = b.subscriber_id AND l.period_from = b.period_from
    JOIN plan_version v ON v.id = l.plan_version_id JOIN plan p ON p.id = v.plan_id, invoice_split(l.amount_cents, v_excise, v_vat) s
  ), made AS (
    INSERT INTO invoice (tenant_id, kind, transfer_id, subscriber_id, subscription_id, currency, net_cents, excise_cents, vat_cents, total_cents, excise_bp, vat_bp, seller, buyer,
                         issued_at, born_at, due_at)
    SELECT p_tenant, 'invoice', b.transfer_id, b.subscriber_id, x.subscription_id, b.currency, x.net_cents, x.excise_cents, x.vat_cents, b.total_cents, v_excise, v_vat,
           invoice_seller_of(p_tenant),
           (SELECT jsonb_strip_nulls(jsonb_build_object('name', y.name, 'pin', y.pin, 'address', y.address)) FROM invoice_buyer y WHERE y.subscriber_id = b.subscriber_id),
           v_issued, v_born, b.due_at
    FROM bill b JOIN (SELECT l.transfer_id, sum(l.net_cents) AS net_cents, sum(l.excise_cents) AS excise_cents, sum(l.vat_cents) AS vat_cents,
                        CASE WHEN count(DISTINCT l.subscription_id) = 1 THEN min(l.subscription_id) END AS subscription_id FROM line l GROUP BY 1) x ON x.transfer_id = b.transfer_id
    ORDER BY b.subscriber_id
    RETURNING id, transfer_id, subscriber_id
  ), lines AS (
    INSERT INTO invoice_line (invoice_id, line_no, tenant_id, kind, description, unit_cents, period_from, period_to, tax_type, net_cents, excise_cents, vat_cents, total_cents)
    SELECT m.id, l.line_no, p_tenant, 'service', left(l.plan_name, 200), l.amount_cents, l.starts_at, l.ends_at,
           CASE WHEN v_vat = 0 THEN 'D' WHEN v_vat = 800 THEN 'E' ELSE 'B' END, l.net_cents, l.excise_cents, l.vat_cents, l.amount_cents
    FROM made m JOIN line l ON l.transfer_id = m.transfer_id
  )
  UPDATE postpaid_bill b SET invoice_id = m.id FROM made m JOIN postpaid_account a ON a.subscriber_id = m.subscriber_id
  WHERE b.subscriber_id = m.subscriber_id AND b.period_from = a.billed_until;
END $$;

-- The ledger's name of a billed period.
CREATE OR REPLACE FUNCTION postpaid_key(p_subscriber_id bigint, p_from timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT format('postpaid:%s:%s', p_subscriber_id, extract(epoch FROM p_from)::bigint) $$;

-- The transfers of these bills and the customers' side of them: accounts locked in the order of their ids. Granted to nobody.
CREATE OR REPLACE FUNCTION postpaid_post(p_tenant bigint, p_ids bigint[], p_currency char(3)) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_sales bigint := ledger_account_for('sales', p_currency);
  v_receivables bigint[];
BEGIN
  INSERT INTO ledger_account (tenant_id, code, name, kind, currency, subscriber_id)
  SELECT p_tenant, 'receivable:' || i, c.name, c.kind, p_currency, i FROM unnest(p_ids) AS i, ledger_chart() c WHERE c.code = 'receivable'
    AND NOT EXISTS (SELECT FROM ledger_account x WHERE x.tenant_id = p_tenant AND x.code = 'receivable:' || i AND x.currency = p_currency)
  ON CONFLICT (tenant_id, code, currency) DO NOTHING;
  SELECT array_agg(x.id) INTO v_receivables FROM ledger_account x WHERE x.tenant_id = p_tenant AND x.currency = p_currency AND x.code = ANY (ARRAY(SELECT 'receivable:' || i FROM unnest(p_ids) AS i));
  PERFORM 1 FROM ledger_account x WHERE x.id = ANY (v_receivables) ORDER BY x.id FOR NO KEY UPDATE;
  WITH bill AS (
    SELECT b.subscriber_id, b.total_cents, b.period_from, b.period_to, r.id AS receivable
    FROM postpaid_bill b JOIN postpaid_account a ON a.subscriber_id = b.subscriber_id AND a.billed_until = b.period_from
    JOIN ledger_account r ON r.id = ANY (v_receivables) AND r.subscriber_id = b.subscriber_id
    WHERE b.subscriber_id = ANY (p_ids) AND b.total_cents > 0 AND b.currency = p_currency
  ), moved AS (
    INSERT INTO ledger_transfer (tenant_id, key, debit_account_id, credit_account_id, amount_cents, currency, kind, event_at)
    SELECT p_tenant, postpaid_key(b.subscriber_id, b.period_from), b.receivable, v_sales, b.total_cents, p_currency, 'sale', b.period_to FROM bill b ORDER BY b.subscriber_id
    RETURNING id, debit_account_id, amount_cents
  ), entry AS (
    INSERT INTO ledger_entry (tenant_id, transfer_id, account_id, amount_cents, previous_balance_cents, balance_cents, account_version)
    SELECT p_tenant, m.id, a.id, -m.amount_cents, a.balance_cents, a.balance_cents - m.amount_cents, a.version + 1
    FROM moved m JOIN ledger_account a ON a.id = m.debit_account_id
  )
  UPDATE ledger_account a SET balance_cents = a.balance_cents - m.amount_cents, version = a.version + 1 FROM moved m WHERE a.id = m.debit_account_id;
END $$;

-- The other side of them. All of a company's money goes through sales, so it is locked last, when nothing else is left to do.
CREATE OR REPLACE FUNCTION postpaid_post_sales(p_tenant bigint, p_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_transfers bigint[];
BEGIN
  SELECT array_agg(t.id) INTO v_transfers
  FROM postpaid_bill b JOIN postpaid_account a ON a.subscriber_id = b.subscriber_id AND a.billed_until = b.period_to
  JOIN ledger_transfer t ON t.tenant_id = p_tenant AND t.key = postpaid_key(b.subscriber_id, b.period_from) WHERE b.subscriber_id = ANY (p_ids);
  PERFORM ledger_book_busy(coalesce(v_transfers, '{}'));
END $$;

-- Companies that have something to bill.
CREATE OR REPLACE FUNCTION postpaid_tenants_due() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT a.tenant_id FROM postpaid_account a WHERE a.parked_at IS NULL AND a.bill_at <= lango_now()
$$;
GRANT EXECUTE ON FUNCTION postpaid_tenants_due TO lango_jobs;

-- The company's run of today, begun or gone on with.
CREATE OR REPLACE FUNCTION postpaid_run_open(p_tenant bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint; v_due integer;
BEGIN
  SELECT count(*) INTO v_due FROM postpaid_account a WHERE a.tenant_id = p_tenant AND a.parked_at IS NULL AND a.bill_at <= lango_now();
  INSERT INTO postpaid_run AS r (tenant_id, day, due)
  SELECT t.id, (lango_now() AT TIME ZONE t.timezone)::date, v_due FROM tenant t WHERE t.id = p_tenant
  -- Gone on with: what was worked already counts too.
  ON CONFLICT (tenant_id, day) DO UPDATE SET ended_at = NULL, due = excluded.due + (SELECT count(*) FROM postpaid_bill b WHERE b.run_id = r.id)
    + (SELECT count(*) FROM postpaid_account a WHERE a.parked_run_id = r.id AND a.parked_at IS NOT NULL)
  RETURNING id INTO v_id;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION postpaid_run_open TO lango_jobs;

-- Works at most p_limit accounts of a run, in one transaction; gives how many, 0 when none is due any more. Many may work one run. A fault among them is looked
-- for one by one, and the account that has it is parked: it blocks nobody.
CREATE OR REPLACE FUNCTION postpaid_run_some(p_run_id bigint, p_limit integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r postpaid_run;
  v_ids bigint[];
  v_id bigint;
BEGIN
  SELECT * INTO STRICT r FROM postpaid_run x WHERE x.id = p_run_id;
  PERFORM set_config('lango.tenant', r.tenant_id::text, true);
  SELECT coalesce(array_agg(d.subscriber_id ORDER BY d.subscriber_id), '{}') INTO v_ids FROM (
    SELECT a.subscriber_id FROM postpaid_account a WHERE a.tenant_id = r.tenant_id AND a.parked_at IS NULL AND a.bill_at <= lango_now()
    ORDER BY a.bill_at, a.subscriber_id LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) d;
  IF v_ids = '{}' THEN RETURN 0; END IF;
  BEGIN
    PERFORM postpaid_bill_some(r, v_ids);
  EXCEPTION WHEN OTHERS THEN
    -- Not the fault of an account: the whole is tried again.
    IF left(SQLSTATE, 2) IN ('40', '53', '57', '58', 'XX') THEN RAISE; END IF;
    FOREACH v_id IN ARRAY v_ids LOOP
      BEGIN
        PERFORM postpaid_bill_some(r, ARRAY[v_id]);
      EXCEPTION WHEN OTHERS THEN
        IF left(SQLSTATE, 2) IN ('40', '53', '57', '58', 'XX') THEN RAISE; END IF;
        UPDATE postpaid_account a SET parked_at = lango_now(), parked_reason = 'failed', parked_detail = jsonb_build_object('state', SQLSTATE, 'message', left(SQLERRM, 300)),
          parked_run_id = r.id, updated_at = lango_now(), version = a.version + 1 WHERE a.subscriber_id = v_id;
      END;
    END LOOP;
  END;
  RETURN cardinality(v_ids);
END $$;
GRANT EXECUTE ON FUNCTION postpaid_run_some TO lango_jobs;

-- Ends a run, if nothing is due.
CREATE OR REPLACE FUNCTION postpaid_run_close(p_run_id bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE postpaid_run r SET ended_at = lango_now() WHERE r.id = p_run_id AND r.ended_at IS NULL
    AND NOT EXISTS (SELECT FROM postpaid_account a WHERE a.tenant_id = r.tenant_id AND a.parked_at IS NULL AND a.bill_at <= lango_now())
$$;
GRANT EXECUTE ON FUNCTION postpaid_run_close TO lango_jobs;

-- Recomputes what was billed from what ran, and compares it with the lines, the invoices and the books: no row means that it is right. p_tenant NULL: all companies.
CREATE OR REPLACE FUNCTION postpaid_verify(p_tenant bigint DEFAULT NULL) RETURNS TABLE (problem text, tenant_id bigint, subscriber_id bigint, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH bill AS (SELECT b.*, t.timezone FROM postpaid_bill b JOIN tenant t ON t.id = b.tenant_id WHERE p_tenant IS NULL OR b.tenant_id = p_tenant),
  line AS (SELECT l.subscriber_id, l.period_from, sum(l.amount_cents)::bigint AS cents, count(*) AS lines FROM postpaid_line l GROUP BY 1, 2),
  ran AS (
    SELECT b.subscriber_id, b.period_from, sum(v.price_cents * extract(epoch FROM least(coalesce(s.ends_at, b.period_to), b.period_to) - greatest(s.starts_at, b.period_from))
        / extract(epoch FROM b.period_to - ((b.period_to AT TIME ZONE b.timezone) - interval '1 month') AT TIME ZONE b.timezone)) AS cents
    FROM bill b JOIN postpaid_span s ON s.subscriber_id = b.subscriber_id AND s.starts_at < b.period_to AND (s.ends_at IS NULL OR s.ends_at > b.period_from)
    JOIN plan_version v ON v.id = s.plan_version_id GROUP BY 1, 2)
  SELECT 'lines do not make the bill', b.tenant_id, b.subscriber_id, coalesce(l.cents, 0), b.total_cents FROM bill b LEFT JOIN line l USING (subscriber_id, period_from)
    WHERE coalesce(l.cents, 0) <> b.total_cents
  UNION ALL SELECT 'what ran costs another sum', b.tenant_id, b.subscriber_id, round(coalesce(r.cents, 0))::bigint, b.total_cents
    FROM bill b LEFT JOIN ran r USING (subscriber_id, period_from) LEFT JOIN line l USING (subscriber_id, period_from) WHERE abs(b.total_cents - coalesce(r.cents, 0)) > 1 + coalesce(l.lines, 0)
  UNION ALL SELECT 'the invoice differs from the bill', b.tenant_id, b.subscriber_id, b.total_cents, coalesce(i.total_cents, 0) FROM bill b LEFT JOIN invoice i ON i.id = b.invoice_id
    WHERE coalesce(i.total_cents, 0) <> b.total_cents
  UNION ALL SELECT 'owed is not what is open of invoices', a.tenant_id, a.subscriber_id, coalesce(x.cents, 0), -a.balance_cents
    FROM ledger_account a LEFT JOIN LATERAL (SELECT sum(o.open_cents)::bigint AS cents FROM postpaid_open(ARRAY[a.subscriber_id]) o WHERE o.currency = a.currency) x ON true
    WHERE a.code = 'receivable:' || a.subscriber_id AND (p_tenant IS NULL OR a.tenant_id = p_tenant) AND coalesce(x.cents, 0) <> -a.balance_cents
$$;
GRANT EXECUTE ON FUNCTION postpaid_verify TO lango_jobs;
