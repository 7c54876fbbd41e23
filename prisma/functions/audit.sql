-- The audit's hash chain. Events are written unsealed, in the transaction of what they tell; one sealer chains them afterwards, so that no action
-- ever waits for another at the end of the chain. Order in the chain is the order of sealing.

-- What a seal vouches for: every column, in one text that does not depend on any session setting.
CREATE OR REPLACE FUNCTION audit_event_digest(e audit_event, previous bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(previous || convert_to(jsonb_build_array(
    e.id, e.tenant_id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.actor_kind, e.actor_id, e.actor_name, e.action,
    e.subject_type, e.subject_id, e.detail, host(e.ip), e.request_id)::text, 'UTF8'))
$$;

-- Chains up to p_limit events that are not yet sealed; returns how many. One sealer at a time: a second one returns at once.
-- Transactions last 15 s at most, so an event more than an hour older than the newest sealed one cannot still appear.
CREATE OR REPLACE FUNCTION audit_seal_events(p_limit integer) RETURNS integer LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  e audit_event; last_seq bigint; last_hash bytea; previous bytea; since timestamptz; sealed integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('lango audit sealer')) THEN RETURN 0; END IF;
  SELECT seq, hash INTO last_seq, last_hash FROM audit_seal ORDER BY seq DESC LIMIT 1;
  SELECT max(event_at) - interval '1 hour' INTO since FROM (SELECT event_at FROM audit_seal ORDER BY seq DESC LIMIT 1000) recent;
  FOR e IN
    SELECT a.* FROM audit_event a
    WHERE (since IS NULL OR a.at >= since) AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.event_id = a.id)
    ORDER BY a.id LIMIT p_limit
  LOOP
    previous := coalesce(last_hash, '\x');
    last_hash := audit_event_digest(e, previous);
    last_seq := coalesce(last_seq, 0) + 1;
    INSERT INTO audit_seal (seq, event_id, event_at, tenant_id, previous_hash, hash)
    VALUES (last_seq, e.id, e.at, e.tenant_id, previous, last_hash);
    sealed := sealed + 1;
  END LOOP;
  RETURN sealed;
END $$;

-- Recomputes the chain from its first link. problem is NULL when everything holds; otherwise it names the first link that does not.
CREATE OR REPLACE FUNCTION audit_verify() RETURNS TABLE (checked bigint, head text, unsealed bigint, problem text)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  s audit_seal; e audit_event; previous bytea := '\x'; expected bigint := 1;
BEGIN
  checked := 0;
  FOR s IN SELECT * FROM audit_seal ORDER BY seq LOOP
    SELECT * INTO e FROM audit_event a WHERE a.id = s.event_id AND a.at = s.event_at;
    problem := CASE
      WHEN s.seq <> expected THEN format('link %s is missing', expected)
      WHEN s.previous_hash <> previous THEN format('link %s does not follow the one before it', s.seq)
      WHEN e.id IS NULL THEN format('event %s of link %s has been removed', s.event_id, s.seq)
      WHEN audit_event_digest(e, previous) <> s.hash THEN format('event %s of link %s has been changed', s.event_id, s.seq)
    END;
    EXIT WHEN problem IS NOT NULL;
    previous := s.hash; expected := expected + 1; checked := checked + 1;
  END LOOP;
  head := encode(previous, 'hex');
  SELECT count(*) INTO unsealed FROM audit_event a WHERE NOT EXISTS (SELECT 1 FROM audit_seal k WHERE k.event_id = a.id);
  RETURN NEXT;
END $$;

GRANT EXECUTE ON FUNCTION audit_event_digest(audit_event, bytea), audit_seal_events(integer), audit_verify() TO lango_jobs;

-- Writes audit events in their order, and tells the pages that show whom or what they are about.
CREATE OR REPLACE FUNCTION audit_record(p_tenant_id bigint, p_events jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_event (tenant_id, actor_kind, actor_id, actor_name, action, subject_type, subject_id, detail, ip, request_id)
  SELECT p_tenant_id, e.actor_kind, e.actor_id, e.actor_name, e.action, e.type, e.id, e.detail::jsonb, e.ip::inet, e.request
  FROM ROWS FROM (jsonb_to_recordset(p_events) AS (action text, type text, id text, detail text, actor_kind text, actor_id bigint, actor_name text, ip text, request text))
    WITH ORDINALITY AS e (action, type, id, detail, actor_kind, actor_id, actor_name, ip, request, n)
  ORDER BY e.n;
  -- Pages that show this person or service follow what is done to them.
  PERFORM pg_notify('lango_live', json_build_object('tenant', p_tenant_id::text, 'topic', e.type, 'id', e.id)::text)
  FROM jsonb_to_recordset(p_events) AS e (type text, id text) WHERE e.type IN ('subscriber', 'subscription');
END $$;
GRANT EXECUTE ON FUNCTION audit_record TO lango_web;
