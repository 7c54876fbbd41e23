-- Statements of banks held against the movements of the bank's account in the ledger. control-plane/payments/bank/ takes them in.

-- Movements of the company's money in banks that no line of a statement is tied to. What a line booked and was taken back with it has not happened.
CREATE OR REPLACE FUNCTION payment_bank_movements(p_currency text, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (transfer_id bigint, amount_cents bigint, at timestamptz, reference text, payment_id bigint, subscriber_id bigint, kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, CASE t.debit_account_id WHEN a.id THEN t.amount_cents ELSE -t.amount_cents END, t.event_at,
    coalesce(f.reference, p.receipt, p.reference, t.memo), t.payment_id, coalesce(f.subscriber_id, p.subscriber_id), t.kind
  FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id JOIN ledger_transfer t ON t.id = e.transfer_id
  LEFT JOIN payment p ON p.id = t.payment_id
  LEFT JOIN payment_refund f ON f.id = CASE WHEN t.key LIKE 'refund:%:out' THEN split_part(t.key, ':', 2)::bigint END
  WHERE a.tenant_id = lango_tenant() AND a.code = 'bank' AND a.currency = p_currency AND t.event_at BETWEEN p_from AND p_to
    AND NOT EXISTS (SELECT FROM payment_statement_row r WHERE r.transfer_id = t.id)
    AND t.key NOT LIKE 'statement:bank:%'
    AND CASE WHEN t.key LIKE 'notice:%' THEN EXISTS (SELECT FROM payment_notice n WHERE n.id = split_part(t.key, ':', 2)::bigint) ELSE true END
    AND NOT EXISTS (SELECT FROM payment_refund u WHERE u.payment_id = t.payment_id AND u.way = 'bank' AND u.state = 'done' AND u.reference LIKE 'statement:%')
$$;
GRANT EXECUTE ON FUNCTION payment_bank_movements(text, timestamptz, timestamptz) TO lango_web;

-- Whom texts name: [{n, text, phone?, cents, anyhow}]. `anyhow`: the customer wrote it, so it may be any account. Otherwise an order's reference or a login alone.
CREATE OR REPLACE FUNCTION payment_bank_owners(p_texts jsonb) RETURNS TABLE (n integer, subscriber_id bigint, subscription_id bigint, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT x.n, o.subscriber_id, o.subscription_id, c.name
  FROM jsonb_to_recordset(p_texts) AS x (n integer, text text, phone text, cents bigint, anyhow boolean)
  CROSS JOIN LATERAL (
    SELECT * FROM (
      SELECT p.subscriber_id, p.subscription_id FROM payment p
      WHERE p.tenant_id = lango_tenant() AND p.account_ref = 'P' || translate(substr(upper(regexp_replace(x.text, '[^A-Za-z0-9]', '', 'g')), 2), 'OIL', '011')
        AND upper(x.text) LIKE 'P%'
      UNION ALL
      SELECT f.subscriber_id, f.subscription_id FROM payment_find_account(left(x.text, 128), CASE WHEN x.anyhow THEN x.phone END, x.cents) f WHERE x.anyhow OR f.how = 'username'
    ) all_of LIMIT 1) o
  JOIN subscriber c ON c.id = o.subscriber_id AND c.tenant_id = lango_tenant() AND c.deleted_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION payment_bank_owners(jsonb) TO lango_web;

-- Money of a bank's line that waited for its owner and has none to come: it is out of the queue. What it was booked to, the caller books back.
CREATE OR REPLACE FUNCTION payment_bank_drop_notice(p_notice_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM payment_notice n WHERE n.id = p_notice_id AND n.tenant_id = lango_tenant() AND n.method = 'bank' AND n.state = 'waiting';
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION payment_bank_drop_notice(bigint) TO lango_web;

-- Takes a bank's line off its statement, and a statement without lines away. Other statements keep theirs for good.
CREATE OR REPLACE FUNCTION payment_bank_drop_line(p_row_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_statement bigint;
BEGIN
  DELETE FROM payment_statement_row r WHERE r.id = p_row_id AND r.tenant_id = lango_tenant() AND r.method = 'bank' RETURNING r.statement_id INTO v_statement;
  DELETE FROM payment_statement s WHERE s.id = v_statement AND NOT EXISTS (SELECT FROM payment_statement_row r WHERE r.statement_id = s.id);
  RETURN v_statement IS NOT NULL;
END $$;
GRANT EXECUTE ON FUNCTION payment_bank_drop_line(bigint) TO lango_web;
