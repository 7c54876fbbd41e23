-- Replacing the secrets of routers without an outage (docs/decisions/0039): what no company may see of its own secrets, and what all hosts say.

-- A process knows the routers as they were at p_read_at; NULL: it is ending. Rows of processes that died go with the next word of their host.
CREATE OR REPLACE FUNCTION nas_note_reader(p_part text, p_instance text, p_host text, p_read_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM nas_reader WHERE (p_read_at IS NULL AND part = p_part AND instance = p_instance)
    OR (part = p_part AND host = p_host AND instance <> p_instance AND read_at < clock_timestamp() - interval '2 minutes')
    OR read_at < clock_timestamp() - interval '1 day';
  IF p_read_at IS NOT NULL THEN
    INSERT INTO nas_reader (part, instance, host, read_at) VALUES (p_part, left(p_instance, 200), left(p_host, 200), p_read_at)
    ON CONFLICT (part, instance) DO UPDATE SET read_at = greatest(nas_reader.read_at, excluded.read_at);
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION nas_note_reader(text, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nas_note_reader(text, text, text, timestamptz) TO lango_accounting, lango_radius;

-- Hosts that may still know the routers as they were before p_since, each once; a host that takes accounting and has no FreeRADIUS cannot carry logins.
-- Nobody at all counts as `nobody`. A host that was killed and does not come back is waited for a day: whoever knows that it is gone stops it properly.
CREATE OR REPLACE FUNCTION rotation_behind(p_since timestamptz) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(DISTINCT b.host), '{}') FROM (
    SELECT r.host FROM nas_reader r WHERE r.read_at <= p_since OR p_since IS NULL
    UNION ALL
    SELECT r.host FROM nas_reader r WHERE r.part = 'accounting' AND NOT EXISTS (SELECT FROM nas_reader f WHERE f.part = 'freeradius' AND f.host = r.host)
    UNION ALL
    SELECT 'nobody' WHERE NOT EXISTS (SELECT FROM nas_reader WHERE part = 'accounting')
  ) b
$$;

-- Opens a second secret for a router: from now on hosts learn it. For the web role: of its own company.
CREATE OR REPLACE FUNCTION rotation_open(p_run_id bigint, p_secret text, p_door_secret text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO rotation_secret (nas_id, tenant_id, run_id, old_secret, new_secret, door_address, door_secret)
  SELECT n.id, n.tenant_id, r.id, n.secret, p_secret, radsec_next_address(), p_door_secret
  FROM rotation_run r JOIN nas n ON n.id = r.nas_id WHERE r.id = p_run_id AND r.state = 'running' AND r.tenant_id = lango_tenant();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % is not of this company', p_run_id USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION rotation_open(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_open(bigint, text, text) TO lango_web;

-- From now on the new secret is the router's. What it was able to sign it still is.
CREATE OR REPLACE FUNCTION rotation_adopt(p_run_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_nas_id bigint;
  v_signed timestamptz;
BEGIN
  SELECT r.nas_id, st.message_authenticator_seen_at INTO v_nas_id, v_signed
  FROM rotation_run r LEFT JOIN nas_status st ON st.nas_id = r.nas_id WHERE r.id = p_run_id AND r.state = 'running' AND r.tenant_id = lango_tenant();
  UPDATE nas n SET secret = s.new_secret, version = n.version + 1 FROM rotation_secret s WHERE s.run_id = p_run_id AND n.id = s.nas_id AND n.id = v_nas_id;
  UPDATE nas_status SET message_authenticator_seen_at = v_signed WHERE nas_id = v_nas_id;
END $$;
REVOKE EXECUTE ON FUNCTION rotation_adopt(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_adopt(bigint) TO lango_web;

-- The old secret is wrong from now on, and the door is shut.
CREATE OR REPLACE FUNCTION rotation_withdraw(p_run_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ DELETE FROM rotation_secret WHERE run_id = p_run_id AND tenant_id = lango_tenant() $$;
REVOKE EXECUTE ON FUNCTION rotation_withdraw(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_withdraw(bigint) TO lango_web;

-- What a step needs beside its row: the secret that the router is told, where its orders go, whether it has used the new one, which hosts are behind.
CREATE OR REPLACE FUNCTION rotation_at_hand(p_run_id bigint) RETURNS TABLE (
  new_secret text, address text, port integer, used boolean, behind text[]
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.new_secret, host(coalesce(n.coa_address, n.nasname::inet)), n.coa_port, s.used_at IS NOT NULL, rotation_behind(r.begun_clock)
  FROM rotation_run r JOIN nas n ON n.id = r.nas_id LEFT JOIN rotation_secret s ON s.run_id = r.id WHERE r.id = p_run_id
$$;
REVOKE EXECUTE ON FUNCTION rotation_at_hand(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_at_hand(bigint) TO lango_jobs;

-- Routers were heard with their new secret.
CREATE OR REPLACE FUNCTION rotation_note_used(p_nas_ids bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ UPDATE rotation_secret SET used_at = lango_now() WHERE nas_id = ANY (p_nas_ids) AND used_at IS NULL $$;
REVOKE EXECUTE ON FUNCTION rotation_note_used(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_note_used(bigint[]) TO lango_accounting;

-- Runs whose task was lost with the process that worked it: due, and nobody at it. A step that is only slow may be done twice, which changes nothing.
CREATE OR REPLACE FUNCTION rotation_take_up() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(job_enqueue('rotation.step', json_build_object('run_id', r.id::text, 'tenant_id', r.tenant_id::text), NULL, 'rotation.step:' || r.id || ':taken_up'))::integer
  FROM rotation_run r WHERE r.state = 'running' AND greatest(r.looked_clock, r.due_clock) < clock_timestamp() - interval '30 seconds'
$$;
REVOKE EXECUTE ON FUNCTION rotation_take_up() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_take_up() TO lango_jobs;

-- Routers whose secrets are older than their company wants, the longest waiting first. One that failed is tried again after a day.
CREATE OR REPLACE FUNCTION rotation_due(p_limit integer) RETURNS TABLE (tenant_id bigint, nas_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.tenant_id, n.id
  FROM rotation_setting g JOIN nas n ON n.tenant_id = g.tenant_id
  LEFT JOIN LATERAL (SELECT max(r.finished_at) FILTER (WHERE r.state = 'done') AS done_at, max(r.asked_at) AS asked_at, bool_or(r.state = 'running') AS running
                     FROM rotation_run r WHERE r.nas_id = n.id) last ON true
  WHERE g.every_days IS NOT NULL AND n.type = 'mikrotik' AND enforcement_api_way(n) IS NOT NULL AND NOT n.nasname::inet <<= '127.128.0.0/10'
    AND NOT EXISTS (SELECT FROM nas o WHERE o.nasname = n.nasname AND o.id <> n.id)
    AND NOT coalesce(last.running, false) AND coalesce(last.asked_at < lango_now() - interval '1 day', true)
    AND coalesce(last.done_at, n.created_at) < lango_now() - make_interval(days => g.every_days)
  ORDER BY coalesce(last.done_at, n.created_at), n.id LIMIT p_limit
$$;
REVOKE EXECUTE ON FUNCTION rotation_due(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rotation_due(integer) TO lango_jobs;
