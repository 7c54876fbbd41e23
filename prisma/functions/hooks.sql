-- Calls from outside. The company is known by the token alone, before there is a company to set.

-- Keeps a call that came with a token, for the caller to work on within half a minute. No row: nobody has that token.
CREATE OR REPLACE FUNCTION hook_keep(p_kind text, p_account text, p_token_hash bytea, p_ip inet, p_headers jsonb, p_body bytea)
RETURNS TABLE (id bigint, tenant_id bigint, received_at timestamptz) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
    INSERT INTO hook_event AS e (tenant_id, kind, ip, by_token, headers, body, claimed_until)
    SELECT k.tenant_id, p_kind, p_ip, true, p_headers, p_body, clock_timestamp() + interval '30 seconds'
    FROM hook_token k WHERE k.token_hash = p_token_hash AND k.account = p_account
    RETURNING e.id, e.tenant_id, e.received_at;
END $$;

-- The same for many at once; `n` says which of them a row is of. Hashes as hex, bodies as base64.
CREATE OR REPLACE FUNCTION hook_keep_many(p_kinds text[], p_accounts text[], p_token_hashes text[], p_ips text[], p_headers text[], p_bodies text[])
RETURNS TABLE (n integer, id bigint, tenant_id bigint, received_at timestamptz) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  FOR n IN 1 .. cardinality(p_kinds) LOOP
    RETURN QUERY SELECT n, k.* FROM hook_keep(p_kinds[n], p_accounts[n], decode(p_token_hashes[n], 'hex'), p_ips[n]::inet, p_headers[n]::jsonb, decode(p_bodies[n], 'base64')) k;
  END LOOP;
END $$;

-- The same for an address without a token, where the company was found by what the call names.
CREATE OR REPLACE FUNCTION hook_keep_open(p_kind text, p_tenant_id bigint, p_ip inet, p_headers jsonb, p_body bytea)
RETURNS TABLE (id bigint, tenant_id bigint, received_at timestamptz) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
    INSERT INTO hook_event AS e (tenant_id, kind, ip, by_token, headers, body, claimed_until)
    VALUES (p_tenant_id, p_kind, p_ip, false, p_headers, p_body, clock_timestamp() + interval '30 seconds')
    RETURNING e.id, e.tenant_id, e.received_at;
END $$;
-- hook_keep itself: web processes of the version before keep calls by it while another host is brought up to this one.
GRANT EXECUTE ON FUNCTION hook_keep(text, text, bytea, inet, jsonb, bytea), hook_keep_many(text[], text[], text[], text[], text[], text[]), hook_keep_open(text, bigint, inet, jsonb, bytea) TO lango_web;

-- Calls whose time has come, each for one worker: what a process left behind when it died, and what is tried again.
CREATE OR REPLACE FUNCTION hook_claim(p_limit integer)
RETURNS TABLE (id bigint, tenant_id bigint, kind text, received_at timestamptz, ip text, by_token boolean, headers jsonb, body bytea, tries integer)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE hook_event e SET claimed_until = clock_timestamp() + interval '30 seconds'
  FROM (SELECT w.id FROM hook_event w
        WHERE w.state = 'waiting' AND w.next_try_at <= clock_timestamp() AND (w.claimed_until IS NULL OR w.claimed_until <= clock_timestamp())
        ORDER BY w.next_try_at LIMIT p_limit FOR UPDATE SKIP LOCKED) due
  WHERE e.id = due.id RETURNING e.id, e.tenant_id, e.kind, e.received_at, host(e.ip), e.by_token, e.headers, e.body, e.tries
$$;
GRANT EXECUTE ON FUNCTION hook_claim(integer) TO lango_jobs;

-- What became of a call; waiting again for p_wait_s seconds where it could not be finished.
CREATE OR REPLACE FUNCTION hook_note(p_tenant_id bigint, p_id bigint, p_state text, p_note text, p_tries integer, p_wait_s double precision) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE hook_event e SET state = p_state, note = p_note, tries = p_tries, claimed_until = NULL,
    next_try_at = CASE WHEN p_state = 'waiting' THEN clock_timestamp() + make_interval(secs => p_wait_s) END
  WHERE e.id = p_id AND e.tenant_id = p_tenant_id;
END $$;

-- The same for calls that are finished, many at once; an empty note is none.
CREATE OR REPLACE FUNCTION hook_note_many(p_tenant_ids bigint[], p_ids bigint[], p_states text[], p_notes text[], p_tries integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE hook_event e SET state = x.state, note = nullif(x.note, ''), tries = x.tries, claimed_until = NULL, next_try_at = NULL
  FROM unnest(p_tenant_ids, p_ids, p_states, p_notes, p_tries) AS x (tenant_id, id, state, note, tries)
  WHERE e.id = x.id AND e.tenant_id = x.tenant_id AND x.state IN ('done', 'ignored');
END $$;

-- Whoever has these calls in hand keeps them for another half minute.
CREATE OR REPLACE FUNCTION hook_hold(p_ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE hook_event e SET claimed_until = clock_timestamp() + interval '30 seconds' WHERE e.id = ANY (p_ids) AND e.state = 'waiting';
END $$;
GRANT EXECUTE ON FUNCTION hook_note(bigint, bigint, text, text, integer, double precision), hook_note_many(bigint[], bigint[], text[], text[], integer[]), hook_hold(bigint[]) TO lango_web;
