-- Refunds that a provider has to make: whose turn it is to be handed over or asked about.

-- A row is handed to one worker for a minute. `begun`: the provider was called before and may have done it.
CREATE OR REPLACE FUNCTION payment_refund_claim(p_limit integer) RETURNS TABLE (id bigint, tenant_id bigint, begun boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE d record;
BEGIN
  FOR d IN SELECT r.id, r.tenant_id, r.sent_at FROM payment_refund r
    WHERE r.due_at <= lango_now() AND r.state = 'sending' AND coalesce(r.claimed_until <= clock_timestamp(), true) ORDER BY r.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    UPDATE payment_refund r SET claimed_until = clock_timestamp() + interval '1 minute', sent_at = coalesce(r.sent_at, lango_now()) WHERE r.id = d.id;
    id := d.id; tenant_id := d.tenant_id; begun := d.sent_at IS NOT NULL;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION payment_refund_any_due() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM payment_refund r WHERE r.due_at <= lango_now() AND r.state = 'sending' AND coalesce(r.claimed_until <= clock_timestamp(), true))
$$;
GRANT EXECUTE ON FUNCTION payment_refund_claim(integer), payment_refund_any_due() TO lango_jobs;

-- What is wrong with what was given back: no row means that it is right. p_tenant NULL: all companies.
CREATE OR REPLACE FUNCTION payment_refund_verify(p_tenant bigint DEFAULT NULL) RETURNS TABLE (problem text, tenant_id bigint, refund_id bigint, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH refund AS (SELECT * FROM payment_refund r WHERE p_tenant IS NULL OR r.tenant_id = p_tenant),
  posted AS (
    SELECT r.id, r.tenant_id, r.state, r.way, r.amount_cents, r.credit_cents, r.owed_cents,
      (SELECT t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = r.tenant_id AND t.key = format('refund:%s:out', r.id)) AS out_cents,
      (SELECT t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = r.tenant_id AND t.key = format('refund:%s:credit', r.id)) AS credited,
      (SELECT t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = r.tenant_id AND t.key = format('refund:%s:owed', r.id)) AS owed,
      (SELECT t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = r.tenant_id AND t.key = format('refund:%s:paid', r.id)) AS paid,
      (SELECT t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = r.tenant_id AND t.key = format('refund:%s:back', r.id)) AS back
    FROM refund r)
  SELECT 'refund is not out of the wallet as it says', p.tenant_id, p.id, CASE WHEN p.state IN ('asked', 'refused') THEN 0 ELSE p.amount_cents END, coalesce(p.out_cents, 0)
    FROM posted p WHERE coalesce(p.out_cents, 0) <> CASE WHEN p.state IN ('asked', 'refused') THEN 0 ELSE p.amount_cents END
  UNION ALL SELECT 'refund differs from its credit', p.tenant_id, p.id, p.credit_cents, coalesce(p.credited, 0) FROM posted p WHERE p.credit_cents <> coalesce(p.credited, 0)
  UNION ALL SELECT 'refund differs from what is owed for it', p.tenant_id, p.id, p.owed_cents, coalesce(p.owed, 0) FROM posted p WHERE p.owed_cents <> coalesce(p.owed, 0)
  UNION ALL SELECT 'refund by a provider has not left as it says', p.tenant_id, p.id, CASE p.state WHEN 'done' THEN p.amount_cents ELSE 0 END, coalesce(p.paid, 0)
    FROM posted p WHERE p.way IN ('provider', 'mpesa') AND coalesce(p.paid, 0) <> CASE p.state WHEN 'done' THEN p.amount_cents ELSE 0 END
  UNION ALL SELECT 'refund that failed is not back', p.tenant_id, p.id, CASE p.state WHEN 'failed' THEN p.amount_cents ELSE 0 END, coalesce(p.back, 0)
    FROM posted p WHERE coalesce(p.back, 0) <> CASE p.state WHEN 'failed' THEN p.amount_cents ELSE 0 END
  UNION ALL SELECT 'payment gives back more than it brought', x.tenant_id, NULL, x.amount_cents, x.given FROM (
      SELECT y.tenant_id, y.amount_cents, sum(r.amount_cents)::bigint AS given FROM refund r JOIN payment y ON y.id = r.payment_id WHERE r.state IN ('asked', 'sending', 'done')
      GROUP BY y.id) x WHERE x.given > x.amount_cents
  UNION ALL SELECT 'payment is refunded and was not given back', y.tenant_id, NULL, y.amount_cents, coalesce(sum(r.amount_cents), 0)::bigint
    FROM payment y LEFT JOIN payment_refund r ON r.payment_id = y.id AND r.state = 'done' WHERE y.state = 'refunded' AND (p_tenant IS NULL OR y.tenant_id = p_tenant)
    GROUP BY y.id HAVING coalesce(sum(r.amount_cents), 0) <> y.amount_cents
  UNION ALL SELECT 'refunds on their way differ from their account', a.tenant_id, NULL, coalesce(sum(r.amount_cents), 0)::bigint, a.balance_cents
    FROM ledger_account a LEFT JOIN payment_refund r ON r.tenant_id = a.tenant_id AND r.currency = a.currency AND r.way IN ('provider', 'mpesa') AND r.state = 'sending'
    WHERE a.code = 'refunds' AND (p_tenant IS NULL OR a.tenant_id = p_tenant) GROUP BY a.id HAVING coalesce(sum(r.amount_cents), 0) <> a.balance_cents
$$;
GRANT EXECUTE ON FUNCTION payment_refund_verify TO lango_jobs;
