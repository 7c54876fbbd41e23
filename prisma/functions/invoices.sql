-- The only writers of invoices and credit notes. docs/reference/invoices.md tells the rules; control-plane/invoices/ is the slice.

-- The rate of a tax that a company charges on a day, in hundredths of a percent. 0 where it charges none.
CREATE OR REPLACE FUNCTION invoice_rate(p_tenant_id bigint, p_tax text, p_day date) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN coalesce((
    SELECT coalesce(t.rate_bp, (SELECT l.rate_bp FROM invoice_tax_law l WHERE l.tax = p_tax AND l.starts_on <= p_day ORDER BY l.starts_on DESC LIMIT 1))
    FROM invoice_tax t WHERE t.tenant_id = p_tenant_id AND t.tax = p_tax AND t.starts_on <= p_day ORDER BY t.starts_on DESC LIMIT 1), 0);
END $$;

-- What is in an amount that the customer pays: VAT on net and excise, excise on net, each to the nearest cent (half a cent up); net is what is left, so that
-- the parts always make the whole.
CREATE OR REPLACE FUNCTION invoice_split(p_total_cents bigint, p_excise_bp integer, p_vat_bp integer, OUT net_cents bigint, OUT excise_cents bigint, OUT vat_cents bigint)
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  vat_cents := round(p_total_cents::numeric * p_vat_bp / (10000 + p_vat_bp));
  excise_cents := round(p_total_cents::numeric * p_excise_bp * 10000 / ((10000 + p_excise_bp)::numeric * (10000 + p_vat_bp)));
  net_cents := p_total_cents - vat_cents - excise_cents;
END $$;
GRANT EXECUTE ON FUNCTION invoice_split TO lango_web, lango_jobs;

-- The company as it stands on its invoices now.
CREATE OR REPLACE FUNCTION invoice_seller_of(p_tenant_id bigint) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT jsonb_strip_nulls(jsonb_build_object('name', coalesce(s.legal_name, t.name), 'pin', s.pin, 'branch', coalesce(s.branch, '00'), 'address', s.address,
    'phone', s.phone, 'email', s.email, 'footer', s.footer))
  FROM tenant t LEFT JOIN invoice_seller s ON s.tenant_id = t.id WHERE t.id = p_tenant_id);
END $$;

-- The moment of a document, on the wall clock: the order of these is the order of numbers. Whoever takes one holds a shared lock that names its half second
-- until the transaction ends, so that the sealer knows of documents that it cannot see yet. The clock is read again under the lock: it may have been long in coming.
CREATE OR REPLACE FUNCTION invoice_moment(p_tenant_id bigint) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_slot integer;
BEGIN
  LOOP
    v_slot := invoice_slot(clock_timestamp());
    PERFORM pg_advisory_xact_lock_shared(invoice_lock(p_tenant_id), v_slot);
    IF invoice_slot(clock_timestamp()) = v_slot THEN EXIT; END IF;
  END LOOP;
  -- The end of the slot is its last moment, should the clock have passed it since.
  RETURN least(clock_timestamp(), invoice_slot_start(v_slot + 1) - interval '1 microsecond');
END $$;

CREATE OR REPLACE FUNCTION invoice_slot(p_at timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT floor((extract(epoch FROM p_at) - 1700000000) * 2)::integer $$;
CREATE OR REPLACE FUNCTION invoice_slot_start(p_slot integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT to_timestamp(1700000000 + p_slot / 2.0) $$;
CREATE OR REPLACE FUNCTION invoice_lock(p_tenant_id bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT hashtext('lango invoices ' || p_tenant_id::text) $$;

-- Issues the invoices of sales that the ledger holds, in their transaction and all in one statement: [{key, subscriber_id?, subscription_id?, lines}], key being that of
-- the transfer. Lines: [{kind, description, quantity?, unit_cents, discount_cents?, discount_name?, period_from?, period_to?}]; what they come to is what the customer
-- paid. Nothing for a key under which nothing was posted, and for a sale that has its invoice. They share one moment.
CREATE OR REPLACE FUNCTION invoice_issue_many(p_sales jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  v_sales jsonb;
  v_fault bigint;
  v_foreign boolean;
  v_born timestamptz;
  v_issued timestamptz;
  v_day date;
  v_excise integer;
  v_vat integer;
  v_seller jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('transfer_id', t.id, 'cents', t.amount_cents, 'currency', t.currency, 'subscriber_id', x.subscriber_id, 'subscription_id', x.subscription_id, 'lines', x.lines) ORDER BY t.id),
         min(t.id) FILTER (WHERE t.code IS DISTINCT FROM 'sales'),
         bool_or(x.subscriber_id IS NOT NULL AND NOT EXISTS (SELECT FROM subscriber c WHERE c.id = x.subscriber_id AND c.tenant_id = v_tenant)
              OR x.subscription_id IS NOT NULL AND NOT EXISTS (SELECT FROM subscription s WHERE s.id = x.subscription_id AND s.tenant_id = v_tenant))
  INTO v_sales, v_fault, v_foreign
  FROM jsonb_to_recordset(p_sales) AS x (key text, subscriber_id bigint, subscription_id bigint, lines jsonb)
  CROSS JOIN LATERAL (
    SELECT l.id, l.amount_cents, l.currency, (SELECT a.code FROM ledger_account a WHERE a.id = l.credit_account_id) AS code
    FROM ledger_transfer l WHERE l.tenant_id = v_tenant AND l.key = x.key OFFSET 0) t
  WHERE NOT EXISTS (SELECT FROM invoice i WHERE i.transfer_id = t.id AND i.kind = 'invoice');
  IF v_sales IS NULL THEN RETURN; END IF;
  IF v_fault IS NOT NULL THEN
    RAISE EXCEPTION 'transfer % is no sale of this company', v_fault;
  END IF;
  IF v_foreign THEN
    RAISE EXCEPTION 'an invoice names its own company''s customer';
  END IF;
  v_born := invoice_moment(v_tenant);
  v_issued := v_born + (lango_now() - now());
  v_day := (v_issued AT TIME ZONE (SELECT n.timezone FROM tenant n WHERE n.id = v_tenant))::date;
  v_excise := invoice_rate(v_tenant, 'excise', v_day);
  v_vat := invoice_rate(v_tenant, 'vat', v_day);
  v_seller := invoice_seller_of(v_tenant);
  WITH line AS (
    SELECT s.transfer_id, s.subscriber_id, s.subscription_id, s.currency, e.line_no, x.*, coalesce(x.quantity, 1) * x.unit_cents - coalesce(x.discount_cents, 0) AS total_cents
    FROM jsonb_to_recordset(v_sales) AS s (transfer_id bigint, currency text, subscriber_id bigint, subscription_id bigint, lines jsonb)
    CROSS JOIN LATERAL jsonb_array_elements(s.lines) WITH ORDINALITY AS e (line, line_no)
    CROSS JOIN LATERAL jsonb_to_record(e.line) AS x (kind text, description text, quantity integer, unit_cents bigint, discount_cents bigint, discount_name text,
                                                    period_from timestamptz, period_to timestamptz)
  ), split AS MATERIALIZED (
    SELECT l.*, s.net_cents, s.excise_cents, s.vat_cents FROM line l, invoice_split(l.total_cents, CASE WHEN l.kind = 'service' THEN v_excise ELSE 0 END, v_vat) s
  ), made AS (
    INSERT INTO invoice (tenant_id, kind, transfer_id, subscriber_id, subscription_id, currency, net_cents, excise_cents, vat_cents, total_cents, excise_bp, vat_bp,
                         seller, buyer, issued_at, born_at)
    SELECT v_tenant, 'invoice', d.*, v_excise, v_vat, v_seller,
           (SELECT jsonb_strip_nulls(jsonb_build_object('name', b.name, 'pin', b.pin, 'address', b.address)) FROM invoice_buyer b WHERE b.subscriber_id = d.subscriber_id),
           v_issued, v_born
    FROM (SELECT s.transfer_id, s.subscriber_id, s.subscription_id, s.currency, sum(s.net_cents), sum(s.excise_cents), sum(s.vat_cents), sum(s.total_cents)
          FROM split s GROUP BY 1, 2, 3, 4 ORDER BY 1) d
    RETURNING id, transfer_id, total_cents
  ), written AS (
    INSERT INTO invoice_line (invoice_id, line_no, tenant_id, kind, description, quantity, unit_cents, discount_cents, discount_name, period_from, period_to, tax_type,
                              net_cents, excise_cents, vat_cents, total_cents)
    SELECT m.id, s.line_no, v_tenant, s.kind, left(s.description, 200), coalesce(s.quantity, 1), s.unit_cents, coalesce(s.discount_cents, 0), s.discount_name, s.period_from,
           s.period_to, CASE WHEN v_vat = 0 THEN 'D' WHEN v_vat = 800 THEN 'E' ELSE 'B' END, s.net_cents, s.excise_cents, s.vat_cents, s.total_cents
    FROM made m JOIN split s ON s.transfer_id = m.transfer_id ORDER BY m.id, s.line_no
  )
  -- A sale without lines has no invoice either.
  SELECT min(s.transfer_id) INTO v_fault FROM jsonb_to_recordset(v_sales) AS s (transfer_id bigint, cents bigint) LEFT JOIN made m ON m.transfer_id = s.transfer_id
  WHERE m.total_cents IS DISTINCT FROM s.cents;
  IF v_fault IS NOT NULL THEN
    RAISE EXCEPTION 'the lines of the invoice for transfer % do not come to its %', v_fault, (SELECT l.amount_cents FROM ledger_transfer l WHERE l.id = v_fault);
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION invoice_issue_many TO lango_web;

-- The same for one sale. A sale that has its invoice gives that one.
CREATE OR REPLACE FUNCTION invoice_issue(p_transfer_id bigint, p_subscriber_id bigint, p_subscription_id bigint, p_lines jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_key text;
  v_id bigint;
BEGIN
  SELECT l.key INTO v_key FROM ledger_transfer l JOIN ledger_account a ON a.id = l.credit_account_id AND a.code = 'sales' WHERE l.id = p_transfer_id AND l.tenant_id = lango_tenant();
  IF v_key IS NULL THEN
    RAISE EXCEPTION 'transfer % is no sale of this company', p_transfer_id;
  END IF;
  -- Also where the sale has its invoice: whoever names another company's customer is told nothing.
  IF p_subscriber_id IS NOT NULL AND NOT EXISTS (SELECT FROM subscriber c WHERE c.id = p_subscriber_id AND c.tenant_id = lango_tenant())
     OR p_subscription_id IS NOT NULL AND NOT EXISTS (SELECT FROM subscription s WHERE s.id = p_subscription_id AND s.tenant_id = lango_tenant()) THEN
    RAISE EXCEPTION 'an invoice names its own company''s customer';
  END IF;
  PERFORM invoice_issue_many(jsonb_build_array(jsonb_build_object('key', v_key, 'subscriber_id', p_subscriber_id, 'subscription_id', p_subscription_id, 'lines', p_lines)));
  SELECT i.id INTO STRICT v_id FROM invoice i WHERE i.transfer_id = p_transfer_id AND i.kind = 'invoice';
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION invoice_issue TO lango_web;

-- Issues what money that went back out of sales takes back. p_invoice_id: of that invoice alone. Otherwise of the newest invoices of the service (or the
-- customer) that are not credited yet, and without one for what is older than invoices. Of taxes it takes the part that the money is of the whole, so that
-- an invoice that is credited in pieces ends with nothing left of any of them. Gives the ids.
CREATE OR REPLACE FUNCTION invoice_credit(p_transfer_id bigint, p_subscriber_id bigint, p_subscription_id bigint, p_invoice_id bigint, p_reason text, p_staff_id bigint)
RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  t ledger_transfer;
  v_left bigint;
  v_take bigint;
  o record;
  i invoice;
BEGIN
  SELECT l.* INTO t FROM ledger_transfer l JOIN ledger_account a ON a.id = l.debit_account_id AND a.code = 'sales' WHERE l.id = p_transfer_id AND l.tenant_id = v_tenant;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'transfer % gives nothing back of this company''s sales', p_transfer_id;
  END IF;
  IF EXISTS (SELECT FROM invoice x WHERE x.transfer_id = p_transfer_id) THEN
    RETURN QUERY SELECT x.id FROM invoice x WHERE x.transfer_id = p_transfer_id;
    RETURN;
  END IF;
  v_left := t.amount_cents;
  -- Locked one after the other from the newest, so that two who credit at once wait for each other and then see what is left.
  FOR o IN
    SELECT x.id FROM invoice x
    WHERE x.tenant_id = v_tenant AND x.kind = 'invoice' AND x.currency = t.currency
      AND CASE WHEN p_invoice_id IS NOT NULL THEN x.id = p_invoice_id
               WHEN p_subscription_id IS NOT NULL THEN x.subscription_id = p_subscription_id ELSE x.subscriber_id = p_subscriber_id END
      AND x.total_cents > (SELECT coalesce(sum(c.total_cents), 0) FROM invoice c WHERE c.credits_invoice_id = x.id)
    ORDER BY x.id DESC
  LOOP
    EXIT WHEN v_left = 0;
    SELECT * INTO i FROM invoice x WHERE x.id = o.id FOR NO KEY UPDATE;
    v_take := least(v_left, i.total_cents - (SELECT coalesce(sum(c.total_cents), 0) FROM invoice c WHERE c.credits_invoice_id = i.id));
    CONTINUE WHEN v_take <= 0;
    RETURN NEXT invoice_credit_one(t, i, v_take, p_reason, p_staff_id, p_subscriber_id, p_subscription_id);
    v_left := v_left - v_take;
  END LOOP;
  IF v_left > 0 AND p_invoice_id IS NOT NULL THEN
    RAISE EXCEPTION 'invoice % has less left than %', p_invoice_id, t.amount_cents USING ERRCODE = 'LG002';
  END IF;
  IF v_left > 0 THEN
    RETURN NEXT invoice_credit_one(t, NULL, v_left, p_reason, p_staff_id, p_subscriber_id, p_subscription_id);
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION invoice_credit TO lango_web;

-- One credit note of p_cents; p_of is locked by the caller. Granted to nobody.
CREATE OR REPLACE FUNCTION invoice_credit_one(p_transfer ledger_transfer, p_of invoice, p_cents bigint, p_reason text, p_staff_id bigint, p_subscriber_id bigint, p_subscription_id bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint;
  v_born timestamptz := invoice_moment(p_transfer.tenant_id);
  v_issued timestamptz := v_born + (lango_now() - now());
  v_day date := (v_issued AT TIME ZONE (SELECT n.timezone FROM tenant n WHERE n.id = p_transfer.tenant_id))::date;
  v_excise_bp integer := coalesce(p_of.excise_bp, invoice_rate(p_transfer.tenant_id, 'excise', v_day));
  v_vat_bp integer := coalesce(p_of.vat_bp, invoice_rate(p_transfer.tenant_id, 'vat', v_day));
  v_excise bigint;
  v_vat bigint;
  before record;
BEGIN
  IF p_of.id IS NULL THEN
    SELECT s.excise_cents, s.vat_cents INTO v_excise, v_vat FROM invoice_split(p_cents, v_excise_bp, v_vat_bp) s;
  ELSE
    SELECT coalesce(sum(c.total_cents), 0) AS total, coalesce(sum(c.excise_cents), 0) AS excise, coalesce(sum(c.vat_cents), 0) AS vat
    INTO before FROM invoice c WHERE c.credits_invoice_id = p_of.id;
    v_excise := round(p_of.excise_cents::numeric * (before.total + p_cents) / p_of.total_cents) - before.excise;
    v_vat := round(p_of.vat_cents::numeric * (before.total + p_cents) / p_of.total_cents) - before.vat;
    -- Of a cent or two, both taxes may round up.
    v_vat := least(v_vat, p_cents);
    v_excise := least(v_excise, p_cents - v_vat);
  END IF;
  INSERT INTO invoice (tenant_id, kind, transfer_id, subscriber_id, subscription_id, currency, net_cents, excise_cents, vat_cents, total_cents, excise_bp, vat_bp,
                       credits_invoice_id, reason, seller, buyer, issued_at, born_at, created_by)
  VALUES (p_transfer.tenant_id, 'credit_note', p_transfer.id, coalesce(p_of.subscriber_id, p_subscriber_id), coalesce(p_of.subscription_id, p_subscription_id),
          p_transfer.currency, p_cents - v_excise - v_vat, v_excise, v_vat, p_cents, v_excise_bp, v_vat_bp, p_of.id, p_reason,
          invoice_seller_of(p_transfer.tenant_id), p_of.buyer, v_issued, v_born, p_staff_id)
  RETURNING id INTO v_id;
  INSERT INTO invoice_line (invoice_id, line_no, tenant_id, kind, description, unit_cents, tax_type, net_cents, excise_cents, vat_cents, total_cents)
  VALUES (v_id, 1, p_transfer.tenant_id, CASE WHEN v_excise > 0 THEN 'service' ELSE 'fee' END,
          coalesce((SELECT l.description FROM invoice_line l WHERE l.invoice_id = p_of.id AND l.line_no = 1), p_reason), p_cents,
          CASE WHEN v_vat_bp = 0 THEN 'D' WHEN v_vat_bp = 800 THEN 'E' ELSE 'B' END, p_cents - v_excise - v_vat, v_excise, v_vat, p_cents);
  RETURN v_id;
END $$;

-- Whatever touched sales in a transaction and was not told more closely gets its document at the end of it: no sale is without.
CREATE OR REPLACE FUNCTION invoice_of_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_debit ledger_account;
  v_credit ledger_account;
  v_subscriber bigint;
  v_subscription bigint;
BEGIN
  IF EXISTS (SELECT FROM invoice i WHERE i.transfer_id = NEW.id)
     OR NOT EXISTS (SELECT FROM ledger_account a WHERE a.id IN (NEW.debit_account_id, NEW.credit_account_id) AND a.code = 'sales') THEN RETURN NULL; END IF;
  SELECT * INTO STRICT v_debit FROM ledger_account a WHERE a.id = NEW.debit_account_id;
  SELECT * INTO STRICT v_credit FROM ledger_account a WHERE a.id = NEW.credit_account_id;
  SELECT p.subscription_id INTO v_subscription FROM payment p WHERE p.id = NEW.payment_id AND p.tenant_id = NEW.tenant_id;
  v_subscriber := coalesce(v_debit.subscriber_id, v_credit.subscriber_id, (SELECT p.subscriber_id FROM payment p WHERE p.id = NEW.payment_id AND p.tenant_id = NEW.tenant_id));
  IF v_credit.code = 'sales' THEN
    PERFORM invoice_issue(NEW.id, v_subscriber, v_subscription, jsonb_build_array(jsonb_build_object('kind', 'service', 'unit_cents', NEW.amount_cents,
      'description', coalesce(nullif(NEW.memo, ''), (SELECT n.name FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id JOIN plan n ON n.id = v.plan_id
                              WHERE s.id = v_subscription), 'Internet service'))));
  ELSE
    PERFORM invoice_credit(NEW.id, v_subscriber, v_subscription, NULL, coalesce(nullif(NEW.memo, ''), 'Money given back'), NULL);
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS invoice_of_transfer ON ledger_transfer;
CREATE CONSTRAINT TRIGGER invoice_of_transfer AFTER INSERT ON ledger_transfer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_of_transfer();

-- Issued means unchangeable, but for what is given once afterwards: the number, and what the control unit answers.
CREATE OR REPLACE FUNCTION invoice_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_kept record;
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'invoice' THEN
    v_kept := NEW;
    v_kept.number := OLD.number; v_kept.number_text := OLD.number_text; v_kept.numbered_at := OLD.numbered_at;
    v_kept.control_unit := OLD.control_unit; v_kept.control_number := OLD.control_number; v_kept.control_signature := OLD.control_signature;
    v_kept.control_data := OLD.control_data; v_kept.control_at := OLD.control_at;
    IF v_kept IS NOT DISTINCT FROM OLD THEN
      IF coalesce(OLD.number <> NEW.number, OLD.number IS NOT NULL) OR coalesce(OLD.number_text <> NEW.number_text, OLD.number_text IS NOT NULL)
         OR coalesce(OLD.numbered_at <> NEW.numbered_at, OLD.numbered_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the number of an invoice is given once';
      END IF;
      IF coalesce(OLD.control_unit <> NEW.control_unit, OLD.control_unit IS NOT NULL) OR coalesce(OLD.control_number <> NEW.control_number, OLD.control_number IS NOT NULL)
         OR coalesce(OLD.control_signature <> NEW.control_signature, OLD.control_signature IS NOT NULL)
         OR coalesce(OLD.control_data <> NEW.control_data, OLD.control_data IS NOT NULL) OR coalesce(OLD.control_at <> NEW.control_at, OLD.control_at IS NOT NULL) THEN
        RAISE EXCEPTION 'what the control unit answers to an invoice is given once';
      END IF;
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'what is issued never changes; issue a credit note instead';
END $$;
CREATE OR REPLACE TRIGGER invoice_immutable BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION invoice_immutable();
CREATE OR REPLACE TRIGGER invoice_immutable BEFORE UPDATE OR DELETE ON invoice_line FOR EACH ROW EXECUTE FUNCTION invoice_immutable();

-- The lines of a document make its totals, when the transaction ends: no line is added afterwards either.
CREATE OR REPLACE FUNCTION invoice_adds_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint;
BEGIN
  IF TG_TABLE_NAME = 'invoice' THEN v_id := NEW.id; ELSE v_id := NEW.invoice_id; END IF;
  IF NOT EXISTS (SELECT FROM invoice i WHERE i.id = v_id AND (i.net_cents, i.excise_cents, i.vat_cents, i.total_cents) = (
    SELECT sum(l.net_cents), sum(l.excise_cents), sum(l.vat_cents), sum(l.total_cents) FROM invoice_line l WHERE l.invoice_id = v_id)) THEN
    RAISE EXCEPTION 'the lines of invoice % do not make its totals', v_id;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS invoice_adds_up ON invoice;
CREATE CONSTRAINT TRIGGER invoice_adds_up AFTER INSERT ON invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_adds_up();
DROP TRIGGER IF EXISTS invoice_adds_up ON invoice_line;
CREATE CONSTRAINT TRIGGER invoice_adds_up AFTER INSERT ON invoice_line DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoice_adds_up();

-- Gives numbers, at most p_limit: to documents older than any that may still come to light, in the order in which they were made. That moment is the beginning
-- of the oldest half second that somebody who is still at work holds (invoice_moment), or of the running one. One sealer at a time; it gives its numbers in
-- one transaction, so that a sealer that dies has given none. Gives how many.
CREATE OR REPLACE FUNCTION invoice_number_due(p_limit integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  s record;
  v_until timestamptz;
  v_last bigint;
  v_given integer;
  v_all integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('lango invoice sealer')) THEN RETURN 0; END IF;
  FOR s IN SELECT DISTINCT i.tenant_id, i.kind FROM invoice i WHERE i.number IS NULL LOOP
    -- The clock before the locks: whoever takes a lock after we looked takes one of this half second or later.
    v_until := invoice_slot_start(invoice_slot(clock_timestamp()));
    SELECT least(v_until, invoice_slot_start(min(k.objid::bigint::integer))) INTO v_until
    FROM pg_locks k
    WHERE k.locktype = 'advisory' AND k.objsubid = 2 AND k.granted AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND k.classid = (invoice_lock(s.tenant_id)::bigint & 4294967295)::oid;
    INSERT INTO invoice_series (tenant_id, kind, last_number) VALUES (s.tenant_id, s.kind, 0) ON CONFLICT DO NOTHING;
    SELECT q.last_number INTO STRICT v_last FROM invoice_series q WHERE q.tenant_id = s.tenant_id AND q.kind = s.kind FOR UPDATE;
    WITH due AS (
      SELECT d.id, row_number() OVER (ORDER BY d.born_at, d.id) AS n
      FROM (SELECT i.id, i.born_at FROM invoice i WHERE i.tenant_id = s.tenant_id AND i.kind = s.kind AND i.number IS NULL AND i.born_at < v_until
            ORDER BY i.born_at, i.id LIMIT p_limit - v_all) d
    )
    UPDATE invoice i SET number = v_last + d.n, numbered_at = lango_now(),
      number_text = coalesce((SELECT CASE s.kind WHEN 'invoice' THEN x.invoice_prefix ELSE x.credit_prefix END FROM invoice_seller x WHERE x.tenant_id = s.tenant_id),
                             CASE s.kind WHEN 'invoice' THEN 'INV-' ELSE 'CN-' END) || lpad((v_last + d.n)::text, greatest(6, length((v_last + d.n)::text)), '0')
    FROM due d WHERE i.id = d.id;
    GET DIAGNOSTICS v_given = ROW_COUNT;
    UPDATE invoice_series q SET last_number = v_last + v_given WHERE q.tenant_id = s.tenant_id AND q.kind = s.kind AND v_given > 0;
    v_all := v_all + v_given;
    EXIT WHEN v_all >= p_limit;
  END LOOP;
  RETURN v_all;
END $$;
GRANT EXECUTE ON FUNCTION invoice_number_due TO lango_jobs;

-- What is wrong with the documents: no row means that they are right. p_tenant NULL: all companies.
CREATE OR REPLACE FUNCTION invoice_verify(p_tenant bigint DEFAULT NULL) RETURNS TABLE (problem text, tenant_id bigint, invoice_id bigint, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH doc AS (SELECT * FROM invoice i WHERE p_tenant IS NULL OR i.tenant_id = p_tenant),
  line AS (SELECT l.invoice_id, sum(l.total_cents)::bigint AS cents, sum(l.vat_cents)::bigint AS vat, sum(l.excise_cents)::bigint AS excise FROM invoice_line l GROUP BY 1),
  place AS (
    SELECT d.*, row_number() OVER (PARTITION BY d.tenant_id, d.kind ORDER BY d.number) AS place, lag(d.born_at) OVER (PARTITION BY d.tenant_id, d.kind ORDER BY d.number) AS before
    FROM doc d WHERE d.number IS NOT NULL),
  credited AS (SELECT d.credits_invoice_id AS id, sum(d.total_cents)::bigint AS cents FROM doc d WHERE d.credits_invoice_id IS NOT NULL GROUP BY 1)
  SELECT 'number follows a gap', d.tenant_id, d.id, d.place, d.number FROM place d WHERE d.number <> d.place
  UNION ALL SELECT 'number is out of the order of time', d.tenant_id, d.id, NULL, d.number FROM place d WHERE d.born_at < d.before
  UNION ALL SELECT 'lines do not make the total', d.tenant_id, d.id, coalesce(l.cents, 0), d.total_cents FROM doc d LEFT JOIN line l ON l.invoice_id = d.id
    WHERE (l.cents, l.vat, l.excise) IS DISTINCT FROM (d.total_cents, d.vat_cents, d.excise_cents)
  UNION ALL SELECT 'credited with more than it came to', d.tenant_id, d.id, d.total_cents, c.cents FROM credited c JOIN doc d ON d.id = c.id WHERE c.cents > d.total_cents
  UNION ALL SELECT 'documents of a sale differ from what the ledger holds', t.tenant_id, NULL, t.amount_cents, coalesce(d.cents, 0)
    FROM ledger_transfer t JOIN ledger_account a ON a.id IN (t.debit_account_id, t.credit_account_id) AND a.code = 'sales'
    LEFT JOIN (SELECT x.transfer_id, sum(x.total_cents)::bigint AS cents FROM doc x GROUP BY 1) d ON d.transfer_id = t.id
    -- Sales from before there were invoices have none.
    WHERE (p_tenant IS NULL OR t.tenant_id = p_tenant) AND coalesce(d.cents, 0) <> t.amount_cents
      AND t.id > (SELECT o.last_transfer_id FROM invoice_origin o)
$$;
GRANT EXECUTE ON FUNCTION invoice_verify TO lango_jobs;

-- Documents of the caller's company whose number begins so, or is that number without its prefix. Past row-level security, because LIKE under it reads whole tables.
CREATE OR REPLACE FUNCTION invoice_find(p_text text, p_limit integer) RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT i.id FROM invoice i WHERE i.tenant_id = lango_tenant() AND upper(i.number_text) LIKE search_escape(upper(p_text)) || '%' ORDER BY i.id DESC LIMIT p_limit;
  IF p_text ~ '^[0-9]{1,12}$' THEN
    RETURN QUERY SELECT i.id FROM invoice i WHERE i.tenant_id = lango_tenant() AND i.kind IN ('invoice', 'credit_note') AND i.number = p_text::bigint;
  END IF;
END $$;
GRANT EXECUTE ON FUNCTION invoice_find TO lango_web;
