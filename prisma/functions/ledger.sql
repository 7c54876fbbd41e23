-- The only writers of the ledger. Balances are credits minus debits; callers work for one company (lango.tenant), which every function checks.
-- Accounts are always locked in the order of their ids, so two postings never wait for each other in a circle; those that everybody's money goes through
-- come after all others, when the transaction ends (ledger-busy.sql).

-- The chart of accounts: what a code means is decided here and not by the caller.
CREATE OR REPLACE FUNCTION ledger_chart() RETURNS TABLE (code text, kind text, name text, floor_cents bigint, of_subscriber boolean)
LANGUAGE sql IMMUTABLE AS $$
  VALUES ('cash', 'asset', 'Cash', NULL::bigint, false),
         ('bank', 'asset', 'Bank', NULL, false),
         ('cheques', 'asset', 'Cheques being cleared', NULL, false),
         ('mpesa', 'asset', 'M-Pesa', NULL, false),
         ('familybank', 'asset', 'Family Bank', NULL, false),
         ('stripe', 'asset', 'Cards', NULL, false),
         ('suspense', 'liability', 'Received, owner unknown', 0, false),
         ('refunds', 'liability', 'Refunds on their way', 0, false),
         ('wallet', 'liability', 'Wallet', 0, true),
         ('receivable', 'asset', 'Owed by customers', NULL, true),
         ('reversals', 'asset', 'Taken back from us, owed by customers', NULL, true),
         ('fees', 'expense', 'Charges of providers', NULL, false),
         ('bad_debts', 'expense', 'Debts written off', NULL, false),
         ('sales', 'income', 'Sales', NULL, false)
$$;

-- The account of that code and currency, made at first use. A wallet belongs to one subscriber and never falls below zero.
CREATE OR REPLACE FUNCTION ledger_account_for(p_code text, p_currency text, p_subscriber_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  chart record;
  v_code text;
  v_id bigint;
BEGIN
  IF v_tenant IS NULL THEN
    RAISE EXCEPTION 'ledger_account_for works for one company: set lango.tenant first';
  END IF;
  SELECT * INTO chart FROM ledger_chart() c WHERE c.code = p_code;
  IF NOT FOUND OR chart.of_subscriber <> (p_subscriber_id IS NOT NULL) THEN
    RAISE EXCEPTION 'no account % for that owner in the chart of accounts', p_code;
  END IF;
  IF p_subscriber_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM subscriber s WHERE s.id = p_subscriber_id AND s.tenant_id = v_tenant) THEN
    RAISE EXCEPTION 'subscriber % is not of this company', p_subscriber_id;
  END IF;
  v_code := concat_ws(':', p_code, p_subscriber_id::text);
  SELECT a.id INTO v_id FROM ledger_account a WHERE a.tenant_id = v_tenant AND a.code = v_code AND a.currency = p_currency;
  IF v_id IS NULL THEN
    INSERT INTO ledger_account (tenant_id, code, name, kind, currency, subscriber_id, floor_cents)
    VALUES (v_tenant, v_code, chart.name, chart.kind, p_currency, p_subscriber_id, chart.floor_cents)
    ON CONFLICT (tenant_id, code, currency) DO NOTHING RETURNING id INTO v_id;
    IF v_id IS NULL THEN
      SELECT a.id INTO STRICT v_id FROM ledger_account a WHERE a.tenant_id = v_tenant AND a.code = v_code AND a.currency = p_currency;
    END IF;
  END IF;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION ledger_account_for TO lango_web;

-- Locks accounts until the end of the transaction and tells their balances: for a decision that hangs on one (is the wallet enough?).
-- Name every account that the transaction will post to, so that all locks are taken in one order. Busy ones are not locked: their balance is the last that
-- was committed.
CREATE OR REPLACE FUNCTION ledger_lock(p_accounts bigint[]) RETURNS TABLE (account_id bigint, balance_cents bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  v_ids bigint[] := ARRAY(SELECT DISTINCT unnest(p_accounts));
BEGIN
  PERFORM 1 FROM unnest(v_ids) AS w (id) JOIN ledger_account a ON a.id = w.id WHERE a.tenant_id + 0 = v_tenant AND NOT ledger_is_busy(a.code) ORDER BY a.id + 0 FOR NO KEY UPDATE OF a;
  RETURN QUERY SELECT a.id, a.balance_cents FROM unnest(v_ids) AS w (id) JOIN ledger_account a ON a.id = w.id WHERE a.tenant_id + 0 = v_tenant;
END $$;
GRANT EXECUTE ON FUNCTION ledger_lock TO lango_web;

-- Posts transfers in the given order: [{key, debit, credit, amount_cents, kind, memo?, payment_id?, event_at?}], all of them or none.
-- key names the business event ("payment:12:received"). A key that stands already with the same accounts and amount posts nothing and answers
-- posted = false; with other content it is an error. LG001: an account would fall below its floor.
CREATE OR REPLACE FUNCTION ledger_post(p_transfers jsonb) RETURNS TABLE (key text, transfer_id bigint, posted boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  v_tenant bigint := lango_tenant();
  v_keys text[];
  v_wanted bigint[];
  v_known integer;
  v_standing jsonb;
BEGIN
  IF v_tenant IS NULL THEN
    RAISE EXCEPTION 'ledger_post works for one company: set lango.tenant first';
  END IF;
  IF jsonb_typeof(p_transfers) <> 'array' OR jsonb_array_length(p_transfers) NOT BETWEEN 1 AND 100 THEN
    RAISE EXCEPTION 'ledger_post takes an array of 1 to 100 transfers';
  END IF;
  SELECT array_agg(DISTINCT a.id), array_agg(DISTINCT x.key) INTO v_wanted, v_keys
  FROM jsonb_to_recordset(p_transfers) AS x (key text, debit bigint, credit bigint), unnest(ARRAY[x.debit, x.credit]) AS a (id);
  IF cardinality(v_keys) < jsonb_array_length(p_transfers) THEN
    -- One of them names the same event as another: by turns, so that the second finds the first.
    RETURN QUERY SELECT p.* FROM jsonb_array_elements(p_transfers) WITH ORDINALITY AS x (transfer, n), ledger_post(jsonb_build_array(x.transfer)) p ORDER BY x.n;
    RETURN;
  END IF;
  -- Accounts and keys one by one, accounts not by their company (+ 0): a plan that was made while there were few reads all that the company has.
  PERFORM 1 FROM unnest(v_wanted) AS w (id) JOIN ledger_account a ON a.id = w.id WHERE a.tenant_id + 0 = v_tenant AND NOT ledger_is_busy(a.code) ORDER BY a.id + 0 FOR NO KEY UPDATE OF a;
  SELECT count(*) INTO v_known FROM unnest(v_wanted) AS w (id) JOIN ledger_account a ON a.id = w.id WHERE a.tenant_id + 0 = v_tenant;
  IF v_known <> cardinality(v_wanted) THEN
    RAISE EXCEPTION 'a transfer names an account that this company does not have';
  END IF;
  SELECT jsonb_object_agg(l.key, jsonb_build_array(l.id, l.debit_account_id, l.credit_account_id, l.amount_cents)) INTO v_standing
  FROM unnest(v_keys) AS w (key) CROSS JOIN LATERAL (SELECT * FROM ledger_transfer x WHERE x.tenant_id = v_tenant AND x.key = w.key OFFSET 0) l;
  IF v_standing IS NULL THEN
    RETURN QUERY SELECT w.key, w.transfer_id, true FROM ledger_write(v_tenant, p_transfers) w;
    RETURN;
  END IF;
  SELECT min(x.key) INTO key FROM jsonb_to_recordset(p_transfers) AS x (key text, debit bigint, credit bigint, amount_cents bigint)
  WHERE (v_standing -> x.key) - 0 <> jsonb_build_array(x.debit, x.credit, x.amount_cents);
  IF key IS NOT NULL THEN
    RAISE EXCEPTION 'transfer % stands already with other content', key;
  END IF;
  RETURN QUERY SELECT x.transfer ->> 'key', (v_standing -> (x.transfer ->> 'key') ->> 0)::bigint, false
    FROM jsonb_array_elements(p_transfers) AS x (transfer) WHERE v_standing ? (x.transfer ->> 'key');
  IF cardinality(v_keys) > (SELECT count(*) FROM jsonb_object_keys(v_standing)) THEN
    RETURN QUERY SELECT w.key, w.transfer_id, true
      FROM ledger_write(v_tenant, (SELECT jsonb_agg(x.transfer ORDER BY x.n) FROM jsonb_array_elements(p_transfers) WITH ORDINALITY AS x (transfer, n)
                                   WHERE NOT v_standing ? (x.transfer ->> 'key'))) w;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION ledger_post TO lango_web;

-- New transfers, in their order, with the entries of all accounts but the busy ones, which follow at the transaction's end; the others are locked by the
-- caller. One statement however many they are: running balances by window. Granted to nobody.
CREATE OR REPLACE FUNCTION ledger_write(p_tenant bigint, p_transfers jsonb) RETURNS TABLE (key text, transfer_id bigint)
LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  v_ids bigint[];
  v_keys text[];
  v_busy boolean;
BEGIN
  WITH made AS (
    INSERT INTO ledger_transfer (tenant_id, key, debit_account_id, credit_account_id, amount_cents, currency, kind, memo, payment_id, event_at)
    SELECT p_tenant, x.transfer ->> 'key', d.id, c.id, (x.transfer ->> 'amount_cents')::bigint, d.currency, x.transfer ->> 'kind', coalesce(x.transfer ->> 'memo', ''),
           (x.transfer ->> 'payment_id')::bigint, coalesce((x.transfer ->> 'event_at')::timestamptz, lango_now())
    FROM jsonb_array_elements(p_transfers) WITH ORDINALITY AS x (transfer, n)
    JOIN ledger_account d ON d.id = (x.transfer ->> 'debit')::bigint JOIN ledger_account c ON c.id = (x.transfer ->> 'credit')::bigint AND c.currency = d.currency
    ORDER BY x.n
    RETURNING id, key, debit_account_id, credit_account_id, amount_cents
  ), side AS (
    SELECT m.id, m.key, a.id AS account_id, s.cents, a.code, a.balance_cents, a.version, a.floor_cents, ledger_is_busy(a.code) AS busy
    FROM made m CROSS JOIN LATERAL (VALUES (m.debit_account_id, -m.amount_cents), (m.credit_account_id, m.amount_cents)) AS s (account_id, cents)
    JOIN ledger_account a ON a.id = s.account_id
  ), entry AS (
    SELECT s.id, s.account_id, s.cents, s.version + row_number() OVER w AS version,
           ledger_above_floor(s.key, s.code, s.cents, s.floor_cents, s.balance_cents + (sum(s.cents) OVER w)::bigint) AS balance
    FROM side s WHERE NOT s.busy WINDOW w AS (PARTITION BY s.account_id ORDER BY s.id)
  ), moved AS (
    UPDATE ledger_account a SET balance_cents = a.balance_cents + x.cents, version = a.version + x.entries
    FROM (SELECT e.account_id, sum(e.cents)::bigint AS cents, count(*) AS entries FROM entry e GROUP BY 1) x WHERE a.id = x.account_id
  ), written AS (
    INSERT INTO ledger_entry (tenant_id, transfer_id, account_id, amount_cents, previous_balance_cents, balance_cents, account_version)
    SELECT p_tenant, e.id, e.account_id, e.cents, e.balance - e.cents, e.balance, e.version FROM entry e ORDER BY e.id
  )
  SELECT array_agg(m.id ORDER BY m.id), array_agg(m.key ORDER BY m.id), (SELECT bool_or(s.busy) FROM side s) INTO v_ids, v_keys, v_busy FROM made m;
  IF coalesce(cardinality(v_ids), 0) <> jsonb_array_length(p_transfers) THEN
    RAISE EXCEPTION 'transfer %: the two accounts differ in currency',
      (SELECT min(x.transfer ->> 'key') FROM jsonb_array_elements(p_transfers) AS x (transfer) WHERE NOT (x.transfer ->> 'key') = ANY (coalesce(v_keys, '{}')));
  END IF;
  IF v_busy THEN
    PERFORM set_config('lango.ledger_busy', concat_ws(',', nullif(current_setting('lango.ledger_busy', true), ''), array_to_string(v_ids, ',')), true);
  END IF;
  RETURN QUERY SELECT * FROM unnest(v_keys, v_ids);
END $$;

-- The balance after an entry, where its account may stand there.
CREATE OR REPLACE FUNCTION ledger_above_floor(p_key text, p_code text, p_cents bigint, p_floor bigint, p_balance bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF p_cents < 0 AND p_balance < p_floor THEN
    RAISE EXCEPTION 'transfer %: account % holds % and may not fall below %', p_key, p_code, p_balance - p_cents, p_floor USING ERRCODE = 'LG001';
  END IF;
  RETURN p_balance;
END $$;

-- Recomputes every balance from the entries and every entry from its transfer, and tells what does not agree. No row means the books are right.
-- p_tenant NULL: all companies.
CREATE OR REPLACE FUNCTION ledger_verify(p_tenant bigint DEFAULT NULL) RETURNS TABLE (problem text, tenant_id bigint, account_id bigint, transfer_id bigint, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH entry AS (
    SELECT e.*, lag(e.balance_cents, 1, 0::bigint) OVER w AS running, row_number() OVER w AS place
    FROM ledger_entry e WHERE p_tenant IS NULL OR e.tenant_id = p_tenant WINDOW w AS (PARTITION BY e.account_id ORDER BY e.account_version)
  ), total AS (
    SELECT e.account_id, sum(e.amount_cents)::bigint AS cents, count(*) AS entries FROM entry e GROUP BY e.account_id
  ), sides AS (
    SELECT e.transfer_id, count(*) AS entries,
           sum(e.amount_cents) FILTER (WHERE e.account_id = t.debit_account_id AND e.amount_cents = -t.amount_cents) AS debit,
           sum(e.amount_cents) FILTER (WHERE e.account_id = t.credit_account_id AND e.amount_cents = t.amount_cents) AS credit
    FROM entry e JOIN ledger_transfer t ON t.id = e.transfer_id GROUP BY e.transfer_id
  ), account AS (
    SELECT a.*, coalesce(x.cents, 0) AS cents, coalesce(x.entries, 0) AS entries FROM ledger_account a LEFT JOIN total x ON x.account_id = a.id
    WHERE p_tenant IS NULL OR a.tenant_id = p_tenant
  ), transfer AS (
    SELECT t.*, coalesce(s.entries, 0) AS entries, coalesce(s.debit, 0) AS debit, coalesce(s.credit, 0) AS credit
    FROM ledger_transfer t LEFT JOIN sides s ON s.transfer_id = t.id WHERE p_tenant IS NULL OR t.tenant_id = p_tenant
  )
  SELECT 'balance differs from the sum of its entries', a.tenant_id, a.id, NULL::bigint, a.cents, a.balance_cents FROM account a WHERE a.balance_cents <> a.cents
  UNION ALL SELECT 'number of entries differs from the account''s version', a.tenant_id, a.id, NULL, a.version, a.entries FROM account a WHERE a.version <> a.entries
  UNION ALL SELECT 'balance is below its floor', a.tenant_id, a.id, NULL, a.floor_cents, a.balance_cents FROM account a WHERE a.balance_cents < a.floor_cents
  UNION ALL SELECT 'entry does not follow the one before', e.tenant_id, e.account_id, e.transfer_id, e.running, e.previous_balance_cents FROM entry e
    WHERE e.previous_balance_cents <> e.running OR e.account_version <> e.place
  UNION ALL SELECT 'transfer is not booked on both sides once', t.tenant_id, NULL, t.id, t.amount_cents, t.credit::bigint FROM transfer t
    WHERE t.entries <> 2 OR t.debit <> -t.amount_cents OR t.credit <> t.amount_cents
  UNION ALL SELECT 'transfer differs in company or currency from an account of it', t.tenant_id, a.id, t.id, NULL, NULL
    FROM transfer t JOIN ledger_account a ON a.id IN (t.debit_account_id, t.credit_account_id) WHERE a.tenant_id <> t.tenant_id OR a.currency <> t.currency
  UNION ALL SELECT 'debits and credits of a currency do not balance', a.tenant_id, NULL, NULL, 0, sum(a.balance_cents)::bigint
    FROM account a GROUP BY a.tenant_id, a.currency HAVING sum(a.balance_cents) <> 0
$$;
GRANT EXECUTE ON FUNCTION ledger_verify TO lango_jobs;

-- How much there is to verify, over all companies.
CREATE OR REPLACE FUNCTION ledger_count() RETURNS TABLE (accounts bigint, transfers bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT (SELECT count(*) FROM ledger_account), (SELECT count(*) FROM ledger_transfer)
$$;
GRANT EXECUTE ON FUNCTION ledger_count TO lango_jobs;
