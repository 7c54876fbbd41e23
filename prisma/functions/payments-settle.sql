-- What payments meet when they are settled: looked up and locked in few ways to the database. Locks are taken in the order that control-plane/payments/CONTEXT.md
-- tells. With the caller's rights, but for payment_told and payment_referred.

-- As what these receipts were told before, by this provider or (NULL) any. Past row-level security, under which no index over upper() is used: each look-up would read all notices of the company.
-- No other index can be used by what is asked here, whatever the table was like when the plan was made.
CREATE OR REPLACE FUNCTION payment_told(p_method text, p_receipts text[])
RETURNS TABLE (id bigint, receipt text, state text, payment_id bigint, amount_cents bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE v_tenant bigint := lango_tenant();
BEGIN
  RETURN QUERY SELECT n.id, n.receipt, n.state, n.payment_id, n.amount_cents FROM unnest(p_receipts) AS w (receipt)
    CROSS JOIN LATERAL (SELECT * FROM payment_notice x WHERE upper(x.receipt) = upper(w.receipt) AND x.tenant_id + 0 = v_tenant AND (p_method IS NULL OR x.method || '' = p_method) OFFSET 0) n;
END $$;
GRANT EXECUTE ON FUNCTION payment_told TO lango_web;

-- The company's payments that go by this reference, of whatever provider. Past row-level security for the same reason; whoever asks reads their rows by id with
-- rights of their own.
CREATE OR REPLACE FUNCTION payment_referred(p_reference text) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE v_tenant bigint := lango_tenant();
BEGIN
  RETURN QUERY SELECT p.id FROM payment p WHERE upper(p.reference) = upper(p_reference) AND p.tenant_id + 0 = v_tenant;
END $$;
GRANT EXECUTE ON FUNCTION payment_referred TO lango_web;

-- Locks payments in the order of their ids, and tells with each what its receipt was told as before; an empty receipt is none.
CREATE OR REPLACE FUNCTION payment_lock(p_ids bigint[], p_receipts text[])
RETURNS TABLE (id bigint, subscriber_id bigint, subscription_id bigint, method text, state text, amount_cents bigint, currency text, receipt text,
               told_state text, told_payment_id bigint, told_cents bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM payment p WHERE p.id = ANY (p_ids) ORDER BY p.id FOR NO KEY UPDATE;
  RETURN QUERY SELECT p.id, p.subscriber_id, p.subscription_id, p.method, p.state, p.amount_cents, p.currency::text, p.receipt, n.state, n.payment_id, n.amount_cents
    FROM unnest(p_ids, p_receipts) AS w (id, receipt)
    CROSS JOIN LATERAL (SELECT * FROM payment x WHERE x.id = w.id OFFSET 0) p
    LEFT JOIN LATERAL payment_told(p.method, ARRAY[w.receipt]) n ON w.receipt <> '';
END $$;

-- Receipts (p_locks: the names of their locks), services, payments: one kind after the other, each in one order, so that nobody waits in a circle. A row for
-- each payment, with what the locked row of its service holds.
CREATE OR REPLACE FUNCTION payment_hold(p_locks text[], p_services bigint[], p_ids bigint[], p_receipts text[])
RETURNS TABLE (id bigint, subscriber_id bigint, subscription_id bigint, method text, state text, amount_cents bigint, currency text, receipt text,
               told_state text, told_payment_id bigint, told_cents bigint, postpaid_from timestamptz, timezone text) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(x.key) FROM (SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(p_locks) AS name ORDER BY 1) x;
  PERFORM subscription_hold(p_services);
  RETURN QUERY SELECT p.*, s.postpaid_from, t.timezone FROM payment_lock(p_ids, p_receipts) p
    -- Each by its key: joined, all of the company's are read.
    LEFT JOIN LATERAL (SELECT x.postpaid_from, x.tenant_id FROM subscription x WHERE x.id = ANY (ARRAY[p.subscription_id]) OFFSET 0) s ON true LEFT JOIN tenant t ON t.id = s.tenant_id;
END $$;

-- The accounts that money of these customers goes through: of the company by p_codes, then the customers' wallets, in this order; made where there are none.
-- All are locked, and with them p_others and what the customers owe, so that no balance that decides anything changes until the transaction ends.
CREATE OR REPLACE FUNCTION payment_purses(p_currency text, p_codes text[], p_subscribers bigint[], p_others bigint[])
RETURNS TABLE (n bigint, account_id bigint, balance_cents bigint, owes boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_tenant bigint := lango_tenant();
  v_ids bigint[];
  v_owing bigint[];
  v_debts bigint[] := '{}';
BEGIN
  SELECT array_agg(coalesce((SELECT a.id FROM ledger_account a WHERE a.tenant_id = v_tenant AND a.code = concat_ws(':', w.code, w.subscriber::text) AND a.currency = p_currency),
                            ledger_account_for(w.code, p_currency, w.subscriber)) ORDER BY w.n) INTO v_ids
  FROM (SELECT c.code, NULL::bigint AS subscriber, c.n FROM unnest(p_codes) WITH ORDINALITY AS c (code, n)
        UNION ALL SELECT 'wallet', s.id, cardinality(p_codes) + s.n FROM unnest(p_subscribers) WITH ORDINALITY AS s (id, n)) w;
  SELECT array_agg(d.subscriber_id) INTO v_owing
  FROM (SELECT a.subscriber_id FROM postpaid_account a WHERE a.subscriber_id = ANY (p_subscribers) ORDER BY a.subscriber_id FOR NO KEY UPDATE) d;
  IF v_owing IS NOT NULL THEN
    SELECT coalesce(array_agg(a.id), '{}'), array_agg(a.subscriber_id) INTO v_debts, v_owing FROM ledger_account a
    WHERE a.tenant_id = v_tenant AND a.code = ANY (SELECT 'receivable:' || o FROM unnest(v_owing) AS o);
  END IF;
  RETURN QUERY WITH held AS MATERIALIZED (SELECT l.account_id, l.balance_cents FROM ledger_lock(v_ids || v_debts || p_others) l)
    SELECT w.n, w.id, h.balance_cents, coalesce(w.n > cardinality(p_codes) AND p_subscribers[w.n - cardinality(p_codes)] = ANY (v_owing), false)
    FROM unnest(v_ids) WITH ORDINALITY AS w (id, n) JOIN held h ON h.account_id = w.id ORDER BY w.n;
END $$;
GRANT EXECUTE ON FUNCTION payment_lock, payment_hold, payment_purses TO lango_web;

-- Ties receipts to their payments, and posts their money. The unique key over receipts is what no race gets past; what was told before, by whomever, gives way.
-- Gives how many receipts are tied: fewer than asked for means that one is another payment's.
CREATE OR REPLACE FUNCTION payment_tie(p_ties jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE v_tied integer;
BEGIN
  INSERT INTO payment_notice AS n (tenant_id, method, receipt, amount_cents, currency, state, payment_id, payer, payer_name, bill_ref, source, occurred_at)
  SELECT lango_tenant(), x.method, x.receipt, x.amount_cents, x.currency, 'credited', x.payment_id, x.payer, x.payer_name, x.bill_ref, x.source, x.occurred_at
  FROM jsonb_to_recordset(p_ties) AS x (method text, receipt text, amount_cents bigint, currency text, payment_id bigint, payer text,
    payer_name text, bill_ref text, source text, occurred_at timestamptz)
  ON CONFLICT (tenant_id, method, upper(receipt)) DO UPDATE SET state = 'credited', payment_id = excluded.payment_id, amount_cents = excluded.amount_cents, source = excluded.source,
    payer = coalesce(excluded.payer, n.payer), payer_name = coalesce(excluded.payer_name, n.payer_name), bill_ref = coalesce(excluded.bill_ref, n.bill_ref),
    occurred_at = coalesce(excluded.occurred_at, n.occurred_at) WHERE n.state <> 'credited';
  GET DIAGNOSTICS v_tied = ROW_COUNT;
  RETURN v_tied;
END $$;

-- Steps of payments' timelines, in their order. A step without a moment has that of its writing.
CREATE OR REPLACE FUNCTION payment_record_steps(p_steps jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO payment_step (tenant_id, payment_id, step, detail, at)
  SELECT lango_tenant(), x.payment_id, x.step, x.detail, coalesce(x.at, clock_timestamp())
  FROM ROWS FROM (jsonb_to_recordset(p_steps) AS (payment_id bigint, step text, detail text, at timestamptz))
    WITH ORDINALITY AS x (payment_id, step, detail, at, n) ORDER BY n;
END $$;

-- Closes payments, writes their steps and the audit, and tells open pages.
CREATE OR REPLACE FUNCTION payment_close(p_payments jsonb, p_steps jsonb, p_audits jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE payment p SET state = 'settled', outcome = x.outcome, applied_cents = x.applied_cents, wallet_cents = x.wallet_cents,
    receipt = coalesce(x.receipt, p.receipt), reference = coalesce(x.receipt, p.reference),
    received_at = CASE WHEN x.ordered THEN lango_now() ELSE p.received_at END, settled_at = lango_now(), due_at = NULL, claimed_until = NULL
  FROM jsonb_to_recordset(p_payments) AS x (id bigint, outcome text, applied_cents bigint, wallet_cents bigint, receipt text, ordered boolean)
  WHERE p.id = ANY (ARRAY[x.id]);
  PERFORM payment_record_steps(p_steps);
  PERFORM audit_record(lango_tenant(), p_audits);
  PERFORM pg_notify('lango_live', x.word) FROM jsonb_to_recordset(p_payments) AS x (word text);
END $$;
GRANT EXECUTE ON FUNCTION payment_tie, payment_record_steps, payment_close TO lango_web;
