-- Replaces what names a person, everywhere but in the books. Ledger, payments, usage and the address that a session had stay and point to a person without a
-- name; the audit stays whole, for its chain would break. Their service has ended and nobody is online under it; the caller sees to that.
-- Gives how many rows of each kind were changed.
CREATE OR REPLACE FUNCTION subscriber_erase(p_id bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  v_services bigint[];
  v_logins text[];
  v_macs text[];
  v_count bigint;
  v_told jsonb := '{}';
BEGIN
  PERFORM 1 FROM subscriber c WHERE c.id = p_id AND c.tenant_id = v_tenant AND c.deleted_at IS NOT NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subscriber % is not one of this company who has been removed', p_id;
  END IF;
  SELECT coalesce(array_agg(s.id), '{}') INTO v_services FROM subscription s WHERE s.subscriber_id = p_id AND s.tenant_id = v_tenant;
  -- Names that somebody else has by now are somebody else's.
  SELECT coalesce(array_agg(DISTINCT n.username), '{}') INTO v_logins FROM (
    SELECT l.username FROM session_live l WHERE l.subscription_id = ANY (v_services)
    UNION SELECT d.username FROM session_closed d WHERE d.subscription_id = ANY (v_services)
    UNION SELECT regexp_replace(s.username, '~' || s.id || '$', '') FROM subscription s WHERE s.id = ANY (v_services)) n
  WHERE NOT EXISTS (SELECT 1 FROM subscription o WHERE o.tenant_id = v_tenant AND o.username = n.username AND o.subscriber_id <> p_id);

  UPDATE session_live SET username = 'erased~' || subscription_id, mac = NULL, calling_station_id = NULL, realm = NULL WHERE subscription_id = ANY (v_services);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  UPDATE session_closed SET username = 'erased~' || subscription_id, mac = NULL, calling_station_id = NULL, realm = NULL WHERE subscription_id = ANY (v_services);
  v_told := v_told || jsonb_build_object('sessions', v_count);
  DELETE FROM radpostauth WHERE tenant_id = v_tenant AND username = ANY (v_logins);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  v_told := v_told || jsonb_build_object('logins', v_count);
  DELETE FROM access_refusal WHERE tenant_id = v_tenant AND username = ANY (v_logins);
  UPDATE certificate SET name = 'erased' WHERE tenant_id = v_tenant AND subscription_id = ANY (v_services);
  -- What stands on invoices with a PIN stays on them, as the tax law wants; new ones are not made.
  DELETE FROM invoice_buyer WHERE tenant_id = v_tenant AND subscriber_id = p_id;
  DELETE FROM subscriber_note WHERE tenant_id = v_tenant AND subscriber_id = p_id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  v_told := v_told || jsonb_build_object('notes', v_count);
  UPDATE bulk_row SET label = 'erased', data = '{}' WHERE tenant_id = v_tenant AND (subscriber_id = p_id OR subscription_id = ANY (v_services));
  -- What was said to them, also under a number or address that only they have; calls of carriers that name the number go within a week by themselves.
  UPDATE message m SET recipient = 'erased', data = '{}', data_enc = NULL, words = NULL, subject = NULL, body = NULL, error_detail = NULL,
         state = CASE WHEN m.state = 'waiting' THEN 'dropped' ELSE m.state END, error = CASE WHEN m.state = 'waiting' THEN 'outdated' ELSE m.error END, due_at = NULL
  FROM subscriber c
  WHERE c.id = p_id AND m.tenant_id = v_tenant AND (m.subscriber_id = p_id OR m.subscriber_id IS NULL AND m.recipient IN (c.phone, c.email));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  v_told := v_told || jsonb_build_object('messages', v_count);
  DELETE FROM message_preference WHERE tenant_id = v_tenant AND subscriber_id = p_id;
  DELETE FROM hook_event h USING subscriber c
  WHERE c.id = p_id AND h.tenant_id = v_tenant AND h.kind IN ('africastalking', 'twilio', 'sendgrid', 'resend') AND h.received_at > now() - interval '8 days'
    AND h.state <> 'waiting' AND position(convert_to(substr(c.phone, 2), 'UTF8') IN h.body) > 0;
  UPDATE subscription SET username = 'erased~' || id, static_ip = NULL, mac_lock = NULL, suspended_reason = NULL, routes = '{}',
         framed_ipv6_prefix = NULL, delegated_ipv6_prefix = NULL
  WHERE id = ANY (v_services);
  UPDATE subscriber SET name = 'Erased ' || p_id, phone = '+999' || lpad(p_id::text, 7, '0'), email = NULL, erased_at = lango_now(), updated_at = lango_now(),
         version = version + 1
  WHERE id = p_id;
  RETURN v_told || jsonb_build_object('services', cardinality(v_services));
END $$;
COMMENT ON FUNCTION subscriber_erase IS 'Replaces what names a removed person; the books keep their rows.';
GRANT EXECUTE ON FUNCTION subscriber_erase TO lango_web;
