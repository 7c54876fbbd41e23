-- The only writers of approvals. control-plane/approvals/ is the slice.

-- What can be asked for: the permission that whoever decides must hold, and up to what one person is enough where the company has said nothing.
-- A kind is also the name of the task that is told of the decision: {tenant, approval, subject, state}.
CREATE OR REPLACE FUNCTION approval_kinds() RETURNS TABLE (kind text, permission text, limit_cents bigint) LANGUAGE sql IMMUTABLE AS $$
  VALUES ('payments.refund', 'payments.refund', 500000::bigint), ('resellers.payout', 'resellers.pay', 0)
$$;
GRANT EXECUTE ON FUNCTION approval_kinds() TO lango_web, lango_jobs;

-- Whether so much needs a second person. Money of another currency than the company's always does: the limit is in its own.
CREATE OR REPLACE FUNCTION approval_needed(p_kind text, p_amount_cents bigint, p_currency text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE k record;
BEGIN
  SELECT * INTO STRICT k FROM approval_kinds() x WHERE x.kind = p_kind;
  RETURN p_amount_cents > coalesce((SELECT l.limit_cents FROM approval_limit l WHERE l.tenant_id = lango_tenant() AND l.kind = p_kind), k.limit_cents)
    OR p_currency IS DISTINCT FROM (SELECT t.currency FROM tenant t WHERE t.id = lango_tenant());
END $$;
GRANT EXECUTE ON FUNCTION approval_needed TO lango_web;

-- Asks, once for a subject. p_staff_id NULL: a job asks, and anybody who may decides.
CREATE OR REPLACE FUNCTION approval_ask(
  p_kind text, p_subject_id bigint, p_amount_cents bigint, p_currency text, p_summary text, p_path text, p_staff_id bigint, p_name text, p_valid interval
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint; k record;
BEGIN
  SELECT * INTO STRICT k FROM approval_kinds() x WHERE x.kind = p_kind;
  IF p_staff_id IS NOT NULL AND NOT EXISTS (SELECT FROM staff s WHERE s.id = p_staff_id AND s.tenant_id = lango_tenant()) THEN
    RAISE EXCEPTION 'staff % is not of this company', p_staff_id;
  END IF;
  INSERT INTO approval (tenant_id, kind, subject_id, permission, amount_cents, currency, summary, path, asked_by, asked_name, expires_at)
  VALUES (lango_tenant(), p_kind, p_subject_id, k.permission, p_amount_cents, p_currency, left(p_summary, 300), p_path, p_staff_id, p_name, lango_now() + p_valid)
  RETURNING id INTO v_id;
  RETURN v_id;
END $$;
GRANT EXECUTE ON FUNCTION approval_ask TO lango_web;

-- Decides, once; the asker never. The task of its kind hears of it when the transaction commits. Gives done, gone (decided by another, or expired), own
-- (they asked for it themselves) or none.
CREATE OR REPLACE FUNCTION approval_decide(p_id bigint, p_approve boolean, p_staff_id bigint, p_name text, p_note text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE a approval;
BEGIN
  SELECT * INTO a FROM approval x WHERE x.id = p_id AND x.tenant_id = lango_tenant() FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'none'; END IF;
  IF a.asked_by = p_staff_id THEN RETURN 'own'; END IF;
  IF a.state <> 'asked' OR a.expires_at <= lango_now() THEN RETURN 'gone'; END IF;
  IF NOT EXISTS (SELECT FROM staff s WHERE s.id = p_staff_id AND s.tenant_id = a.tenant_id) THEN
    RAISE EXCEPTION 'staff % is not of this company', p_staff_id;
  END IF;
  UPDATE approval SET state = CASE WHEN p_approve THEN 'approved' ELSE 'refused' END, decided_by = p_staff_id, decided_name = p_name, decided_at = lango_now(),
    note = nullif(p_note, '') WHERE id = p_id;
  PERFORM approval_tell(p_id);
  RETURN 'done';
END $$;
GRANT EXECUTE ON FUNCTION approval_decide TO lango_web;

-- Hands the decision to the task of its kind. Granted to nobody.
CREATE OR REPLACE FUNCTION approval_tell(p_id bigint) RETURNS void LANGUAGE sql AS $$
  SELECT job_enqueue(a.kind, json_build_object('tenant', a.tenant_id::text, 'approval', a.id::text, 'subject', a.subject_id::text, 'state', a.state), NULL, format('approval:%s', a.id))
  FROM approval a WHERE a.id = p_id
$$;

-- What was approved has been carried out. False where it is not approved, or was carried out before: who gets true, and only they, may move the money.
CREATE OR REPLACE FUNCTION approval_done(p_kind text, p_subject_id bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE approval SET state = 'done', done_at = lango_now() WHERE tenant_id = lango_tenant() AND kind = p_kind AND subject_id = p_subject_id AND state = 'approved';
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION approval_done TO lango_web;

-- What was approved turned out to be impossible: nothing was moved.
CREATE OR REPLACE FUNCTION approval_void(p_kind text, p_subject_id bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE approval SET state = 'void' WHERE tenant_id = lango_tenant() AND kind = p_kind AND subject_id = p_subject_id AND state = 'approved'
$$;
GRANT EXECUTE ON FUNCTION approval_void TO lango_web;

-- Nobody decided in time: it is over, and its task is told. Gives how many.
CREATE OR REPLACE FUNCTION approval_expire() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v_id bigint; v_count integer := 0;
BEGIN
  FOR v_id IN SELECT a.id FROM approval a WHERE a.state = 'asked' AND a.expires_at <= lango_now() ORDER BY a.id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED LOOP
    UPDATE approval SET state = 'expired' WHERE id = v_id;
    PERFORM approval_tell(v_id);
    v_count := v_count + 1;
  END LOOP;
  RETURN v_count;
END $$;
GRANT EXECUTE ON FUNCTION approval_expire() TO lango_jobs;
