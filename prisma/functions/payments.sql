-- Payments: the references that customers see, the account a customer meant, and whose turn it is to be prompted or asked about.

-- A letter of Crockford's alphabet: without I, L, O and U, which people mistake.
CREATE OR REPLACE FUNCTION payment_letter(p_value bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (p_value % 32)::int + 1, 1)
$$;

-- The next reference: P, at least four letters, one to check them by. Six to twelve letters and digits is what every provider takes.
CREATE OR REPLACE FUNCTION payment_new_ref() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_rest bigint := nextval('payment_ref_seq'); v_sum bigint := 7 * v_rest; v_text text := '';
BEGIN
  WHILE v_rest > 0 OR length(v_text) < 4 LOOP
    v_text := payment_letter(v_rest) || v_text;
    v_rest := v_rest / 32;
  END LOOP;
  RETURN 'P' || v_text || payment_letter(v_sum + 3);
END $$;
GRANT EXECUTE ON FUNCTION payment_new_ref() TO lango_web;

-- The number that a customer types as account at the paybill: the service's id and a check digit (Luhn), four digits at least.
CREATE OR REPLACE FUNCTION payment_account_no(p_subscription_id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT d || ((10 - s % 10) % 10)::text FROM (SELECT lpad(p_subscription_id::text, greatest(3, length(p_subscription_id::text)), '0') AS d) x,
    LATERAL (SELECT sum(CASE WHEN (length(d) - i) % 2 = 0 THEN (substr(d, i, 1)::int * 2) % 10 + substr(d, i, 1)::int * 2 / 10 ELSE substr(d, i, 1)::int END)::int AS s
             FROM generate_series(1, length(d)) i) y
$$;
GRANT EXECUTE ON FUNCTION payment_account_no(bigint) TO lango_web, lango_jobs;

-- The service that money of a person is for: the only one that is not over, or the only one of those at this price.
CREATE OR REPLACE FUNCTION payment_only_service(p_subscriber_id bigint, p_amount_cents bigint) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH open AS (
    SELECT s.id, v.price_cents FROM subscription s JOIN plan_version v ON v.id = coalesce(s.next_plan_version_id, s.plan_version_id)
    WHERE s.subscriber_id = p_subscriber_id AND s.tenant_id = lango_tenant() AND s.status <> 'ended' LIMIT 100)
  SELECT CASE WHEN (SELECT count(*) FROM open) = 1 THEN (SELECT id FROM open)
              WHEN (SELECT count(*) FROM open WHERE price_cents = p_amount_cents) = 1 THEN (SELECT id FROM open WHERE price_cents = p_amount_cents) END
$$;

-- Whom a customer meant by what they typed: their phone (p_phone, where it can be one), their account number, their login. Never a name. Case, blanks,
-- dashes and the usual slips of the finger do not matter. The subscription is given where it is clear; otherwise the person alone.
DROP FUNCTION IF EXISTS payment_find_account(text, text, bigint);
CREATE FUNCTION payment_find_account(p_text text, p_phone text, p_amount_cents bigint)
RETURNS TABLE (subscriber_id bigint, subscription_id bigint, how text) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  v_plain text := upper(regexp_replace(coalesce(p_text, ''), '[^A-Za-z0-9]', '', 'g'));
  v_digits text := ltrim(translate(v_plain, 'OIL', '011'), '0');
  v_found bigint[];
BEGIN
  IF p_phone IS NOT NULL THEN
    SELECT array_agg(x.id) INTO v_found FROM (SELECT c.id FROM subscriber c WHERE c.tenant_id = v_tenant AND c.phone = p_phone AND c.deleted_at IS NULL LIMIT 2) x;
    -- Two people with one phone: nobody can tell which.
    IF cardinality(v_found) = 1 THEN
      RETURN QUERY SELECT v_found[1], payment_only_service(v_found[1], p_amount_cents), 'phone';
      RETURN;
    END IF;
  END IF;
  IF v_digits ~ '^[0-9]{2,17}$' AND ltrim(payment_account_no(left(v_digits, -1)::bigint), '0') = v_digits THEN
    RETURN QUERY SELECT s.subscriber_id, s.id, 'account' FROM subscription s WHERE s.tenant_id = v_tenant AND s.id = left(v_digits, -1)::bigint;
    IF FOUND THEN RETURN; END IF;
  END IF;
  RETURN QUERY SELECT s.subscriber_id, s.id, 'username' FROM subscription s WHERE s.tenant_id = v_tenant AND s.username = btrim(p_text);
  IF FOUND OR v_plain = '' THEN RETURN; END IF;
  SELECT array_agg(x.id) INTO v_found FROM (SELECT s.id FROM subscription s
    WHERE s.tenant_id = v_tenant AND lower(s.username) = lower(btrim(p_text)) AND s.status <> 'ended' LIMIT 2) x;
  IF cardinality(v_found) = 1 THEN
    RETURN QUERY SELECT s.subscriber_id, s.id, 'username' FROM subscription s WHERE s.id = v_found[1];
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION payment_find_account(text, text, bigint), payment_only_service(bigint, bigint) TO lango_web;

-- Whose turn it is: prompts that were not sent and payments that nobody knows the outcome of, within what each account may be called a second. A row is
-- handed to one worker for a minute. `begun`: the provider was called before and may have done it; it is never called twice with one order.
DROP FUNCTION IF EXISTS payment_claim(integer);
CREATE FUNCTION payment_claim(p_limit integer) RETURNS TABLE (id bigint, tenant_id bigint, provider text, what text, begun boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE a payment_provider; d record; v_room real[]; v_kind integer; v_left integer := p_limit;
BEGIN
  FOR a IN SELECT k.* FROM payment_provider k
    WHERE EXISTS (SELECT FROM payment p WHERE p.due_at <= lango_now() AND p.tenant_id = k.tenant_id AND p.method = k.provider AND coalesce(p.claimed_until <= clock_timestamp(), true))
    ORDER BY k.tenant_id, k.provider FOR UPDATE SKIP LOCKED
  LOOP
    v_room := ARRAY(SELECT least(a.per_second, r + greatest(0, extract(epoch FROM clock_timestamp() - a.room_at)) * a.per_second)::real FROM unnest(ARRAY[a.prompt_room, a.ask_room]) r);
    FOR d IN SELECT p.id, p.state, p.pushed_at FROM payment p
      WHERE p.due_at <= lango_now() AND p.tenant_id = a.tenant_id AND p.method = a.provider AND coalesce(p.claimed_until <= clock_timestamp(), true)
      ORDER BY p.due_at LIMIT 2 * a.per_second + 2 * p_limit FOR UPDATE SKIP LOCKED
    LOOP
      EXIT WHEN v_left < 1;
      v_kind := CASE d.state WHEN 'created' THEN 1 ELSE 2 END;
      CONTINUE WHEN v_room[v_kind] < 1;
      v_room[v_kind] := v_room[v_kind] - 1;
      v_left := v_left - 1;
      UPDATE payment p SET claimed_until = clock_timestamp() + interval '1 minute', pushed_at = coalesce(p.pushed_at, lango_now()) WHERE p.id = d.id;
      id := d.id; tenant_id := a.tenant_id; provider := a.provider; what := CASE v_kind WHEN 1 THEN 'prompt' ELSE 'ask' END; begun := d.pushed_at IS NOT NULL;
      RETURN NEXT;
    END LOOP;
    UPDATE payment_provider k SET room_at = clock_timestamp(), prompt_room = v_room[1], ask_room = v_room[2] WHERE k.tenant_id = a.tenant_id AND k.provider = a.provider;
  END LOOP;
END $$;

-- Whether anything is due that no worker has.
CREATE OR REPLACE FUNCTION payment_any_due() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM payment p WHERE p.due_at <= lango_now() AND coalesce(p.claimed_until <= clock_timestamp(), true))
$$;
GRANT EXECUTE ON FUNCTION payment_claim(integer), payment_any_due() TO lango_jobs;

-- The company whose order an open address tells of: the provider's name for it is all that such a call has.
CREATE OR REPLACE FUNCTION payment_company_of(p_method text, p_provider_ref text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN count(*) = 1 THEN min(p.tenant_id) END FROM payment p WHERE p.method = p_method AND p.provider_ref = p_provider_ref
$$;
GRANT EXECUTE ON FUNCTION payment_company_of(text, text) TO lango_web;

-- The company behind the word in the address of its public pages.
CREATE OR REPLACE FUNCTION payment_company(p_slug text) RETURNS TABLE (id bigint, name text, timezone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.name, t.timezone FROM tenant t WHERE t.slug = p_slug AND t.status = 'approved'
$$;
GRANT EXECUTE ON FUNCTION payment_company(text) TO lango_web;

-- An order becomes worth what was received for it; one that is settled stays as it is.
CREATE OR REPLACE FUNCTION payment_received_cents(p_id bigint, p_cents bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE payment SET amount_cents = p_cents WHERE id = p_id AND tenant_id = lango_tenant() AND account_ref IS NOT NULL AND state NOT IN ('settled', 'refunded') AND amount_cents <> p_cents
$$;
GRANT EXECUTE ON FUNCTION payment_received_cents(bigint, bigint) TO lango_web;
