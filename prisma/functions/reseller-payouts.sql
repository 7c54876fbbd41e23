-- Payouts whose turn it is: orders to send and outcomes to ask about, each handed to one worker for a minute. `begun`: it was sent before, or may have been.
CREATE OR REPLACE FUNCTION reseller_payout_claim(p_limit integer) RETURNS TABLE (id bigint, tenant_id bigint, begun boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE d record;
BEGIN
  FOR d IN SELECT p.id, p.tenant_id, p.sent_at FROM reseller_payout p
    WHERE p.due_at <= lango_now() AND coalesce(p.claimed_until <= clock_timestamp(), true) ORDER BY p.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE reseller_payout p SET claimed_until = clock_timestamp() + interval '1 minute', sent_at = coalesce(p.sent_at, lango_now()) WHERE p.id = d.id;
    id := d.id; tenant_id := d.tenant_id; begun := d.sent_at IS NOT NULL;
    RETURN NEXT;
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION reseller_payout_any_due() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM reseller_payout p WHERE p.due_at <= lango_now() AND coalesce(p.claimed_until <= clock_timestamp(), true))
$$;
GRANT EXECUTE ON FUNCTION reseller_payout_claim(integer), reseller_payout_any_due() TO lango_jobs;
