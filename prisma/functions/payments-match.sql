-- Statements of providers held against the books. control-plane/payments/match/ takes them in.

-- What becomes of each line: matched; differs (ours is another amount); missing (not with us, or not proven); open (charges and movements that are not booked, or
-- nobody has named). `ours` is what the books hold for it. A bank's line is tied to a movement of ours (transfer_id), and matched while that is nobody's but some
-- customer's or a person's word.
CREATE OR REPLACE FUNCTION payment_match(p_statement_id bigint) RETURNS TABLE (id bigint, state text, ours bigint, payment_id bigint, notice_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id,
    CASE CASE r.method WHEN 'bank' THEN 'bank' ELSE r.kind END
      WHEN 'bank' THEN CASE WHEN b.state = 'waiting' THEN 'waiting' WHEN r.transfer_id IS NOT NULL THEN 'matched' WHEN r.named IS NOT NULL THEN 'named' WHEN d.id IS NOT NULL THEN 'differs'
                            ELSE 'open' END
      WHEN 'payment' THEN CASE WHEN n.id IS NULL THEN 'missing' WHEN n.state = 'unproven' THEN 'unproven' WHEN coalesce(p.amount_cents, n.amount_cents) <> r.amount_cents THEN 'differs'
                               WHEN n.state = 'waiting' THEN 'waiting' ELSE 'matched' END
      WHEN 'reversal' THEN CASE WHEN f.id IS NULL THEN 'missing' WHEN f.amount_cents <> -r.amount_cents THEN 'differs' WHEN f.state <> 'done' THEN 'open' ELSE 'matched' END
      ELSE CASE WHEN t.id IS NOT NULL THEN 'matched' WHEN r.named IS NOT NULL THEN 'named' ELSE 'open' END
    END,
    CASE CASE r.method WHEN 'bank' THEN 'bank' ELSE r.kind END
      WHEN 'bank' THEN coalesce(CASE x.debit_account_id WHEN a.id THEN x.amount_cents ELSE -x.amount_cents END, d.amount_cents)
      WHEN 'payment' THEN coalesce(p.amount_cents, CASE WHEN n.state = 'waiting' THEN n.amount_cents END) WHEN 'reversal' THEN -f.amount_cents
      ELSE CASE WHEN t.id IS NOT NULL THEN r.amount_cents END END,
    coalesce(p.id, f.payment_id, x.payment_id, b.payment_id, d.id), CASE WHEN n.state <> 'credited' THEN n.id WHEN b.state <> 'credited' THEN b.id END
  FROM payment_statement_row r
  LEFT JOIN payment_notice n ON r.kind = 'payment' AND r.method <> 'bank' AND n.tenant_id = r.tenant_id AND n.method = r.method AND upper(n.receipt) = upper(r.receipt)
  LEFT JOIN payment p ON p.id = n.payment_id
  LEFT JOIN LATERAL (
    SELECT x.* FROM payment_refund x JOIN payment q ON q.id = x.payment_id
    WHERE r.kind = 'reversal' AND r.method <> 'bank' AND x.tenant_id = r.tenant_id AND q.method = r.method AND x.way IN ('provider', 'told') AND upper(x.reference) = upper(r.receipt) ORDER BY x.id LIMIT 1) f ON true
  LEFT JOIN ledger_transfer t ON r.kind IN ('fee', 'moved', 'other') AND r.method <> 'bank' AND t.tenant_id = r.tenant_id AND t.key = format('statement:%s:%s', r.method, r.id)
  LEFT JOIN ledger_transfer x ON x.id = r.transfer_id
  LEFT JOIN ledger_account a ON r.method = 'bank' AND a.tenant_id = r.tenant_id AND a.code = 'bank' AND a.currency = r.currency
  LEFT JOIN payment_notice b ON b.id = CASE WHEN x.key LIKE 'notice:%' THEN split_part(x.key, ':', 2)::bigint END
  -- In the books under the very reference, by hand, with another amount.
  LEFT JOIN LATERAL (
    SELECT q.id, q.amount_cents FROM payment q WHERE r.method = 'bank' AND r.transfer_id IS NULL AND r.kind = 'payment' AND length(r.linked) >= 5
      AND q.tenant_id = r.tenant_id AND q.method = 'bank' AND upper(q.reference) = upper(r.linked) AND q.amount_cents <> r.amount_cents LIMIT 1) d ON true
  WHERE r.statement_id = p_statement_id AND r.tenant_id = lango_tenant()
$$;
GRANT EXECUTE ON FUNCTION payment_match(bigint) TO lango_web;

-- What stands in the books within a statement's time and on no statement at all: the provider does not know of it, or told it under another receipt.
CREATE OR REPLACE FUNCTION payment_match_unheard(p_statement_id bigint) RETURNS TABLE (kind text, id bigint, receipt text, amount_cents bigint, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH s AS (SELECT * FROM payment_statement x WHERE x.id = p_statement_id AND x.tenant_id = lango_tenant())
  SELECT 'payment', n.payment_id, n.receipt, n.amount_cents, coalesce(n.occurred_at, n.created_at)
  FROM s JOIN payment_notice n ON s.method <> 'bank' AND n.tenant_id = s.tenant_id AND n.method = s.method AND coalesce(n.occurred_at, n.created_at) BETWEEN s.from_at AND s.to_at
  WHERE n.state <> 'unproven' AND NOT EXISTS (SELECT FROM payment_statement_row r WHERE r.tenant_id = n.tenant_id AND r.method = n.method AND upper(r.receipt) = upper(n.receipt) AND r.kind = 'payment')
  UNION ALL
  SELECT 'payment', p.id, NULL, p.amount_cents, p.settled_at FROM s JOIN payment p ON s.method <> 'bank' AND p.tenant_id = s.tenant_id AND p.method = s.method AND p.settled_at BETWEEN s.from_at AND s.to_at
  WHERE p.state IN ('settled', 'refunded') AND p.receipt IS NULL
  UNION ALL
  SELECT 'refund', f.payment_id, f.reference, -f.amount_cents, f.done_at FROM s JOIN payment_refund f ON s.method <> 'bank' AND f.tenant_id = s.tenant_id AND f.way IN ('provider', 'told') AND f.state = 'done'
    AND f.done_at BETWEEN s.from_at AND s.to_at JOIN payment q ON q.id = f.payment_id AND q.method = s.method
  -- A provider's list of payments holds no reversals.
  WHERE s.source = 'file' AND NOT EXISTS (SELECT FROM payment_statement_row r WHERE r.tenant_id = f.tenant_id AND r.method = q.method AND upper(r.receipt) = upper(f.reference) AND r.kind = 'reversal')
  UNION ALL
  SELECT CASE WHEN m.amount_cents > 0 THEN 'payment' ELSE 'refund' END, m.payment_id, m.reference, m.amount_cents, m.at
  FROM s JOIN payment_bank k ON k.id = s.bank_id, LATERAL payment_bank_movements(k.currency::text, s.from_at, s.to_at) m
  LIMIT 1000
$$;
GRANT EXECUTE ON FUNCTION payment_match_unheard(bigint) TO lango_web;

-- What a matched line says and the books do not hold: no row means that the match is right. p_tenant NULL: all companies.
CREATE OR REPLACE FUNCTION payment_match_verify(p_tenant bigint DEFAULT NULL) RETURNS TABLE (problem text, tenant_id bigint, row_id bigint, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH line AS (SELECT * FROM payment_statement_row r WHERE p_tenant IS NULL OR r.tenant_id = p_tenant),
  posted AS (
    SELECT t.tenant_id, t.key, CASE a.id WHEN t.debit_account_id THEN t.amount_cents ELSE -t.amount_cents END AS into_account
    FROM ledger_transfer t JOIN ledger_account a ON a.id IN (t.debit_account_id, t.credit_account_id) AND a.code IN ('mpesa', 'familybank', 'stripe', 'bank')
      AND split_part(t.key, ':', 2) = a.code WHERE t.key LIKE 'statement:%' AND t.key NOT LIKE 'statement:%:undone')
  SELECT 'what was booked of a line is not its amount', l.tenant_id, l.id, l.amount_cents, p.into_account
    FROM line l JOIN posted p ON p.tenant_id = l.tenant_id AND p.key = format('statement:%s:%s', l.method, l.id) WHERE p.into_account <> l.amount_cents
  UNION ALL SELECT 'a bank''s line is not the movement that it is tied to', l.tenant_id, l.id, l.amount_cents, e.cents
    FROM line l CROSS JOIN LATERAL (
      SELECT coalesce(sum(CASE t.debit_account_id WHEN a.id THEN t.amount_cents ELSE -t.amount_cents END), 0)::bigint AS cents
      FROM ledger_transfer t JOIN ledger_account a ON a.id IN (t.debit_account_id, t.credit_account_id) AND a.code = 'bank' AND a.currency = l.currency AND a.tenant_id = l.tenant_id
      WHERE t.id = l.transfer_id) e
    WHERE l.transfer_id IS NOT NULL AND e.cents <> l.amount_cents
  UNION ALL SELECT 'a payment and its receipt differ', n.tenant_id, NULL, n.amount_cents, p.amount_cents
    FROM payment_notice n JOIN payment p ON p.id = n.payment_id WHERE (p_tenant IS NULL OR n.tenant_id = p_tenant) AND p.state IN ('settled', 'refunded') AND p.tenant_id <> n.tenant_id
$$;
GRANT EXECUTE ON FUNCTION payment_match_verify TO lango_jobs;
