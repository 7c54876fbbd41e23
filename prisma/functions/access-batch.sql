-- Many Access-Requests in one statement. A statement costs Postgres five times what one login in it does, so logins that come together are
-- answered together (radius/authorizer). aaa_authorize is the definition of every answer; what is answered here without it is the common case, a customer
-- for whom all is well, and a test holds both to the same answers.

-- aaa_authorize as FreeRADIUS calls it: its arguments in one text, parted by blanks.
CREATE OR REPLACE FUNCTION aaa_ask(p_question text) RETURNS TABLE (id integer, username text, attribute text, value text, op text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE q text[] := string_to_array(p_question, ' ');
BEGIN
  RETURN QUERY SELECT * FROM aaa_authorize(q[1]::bigint, q[2]::bigint, q[3], q[4], q[5], q[6], q[7], q[8], q[9], q[10], q[11]);
END $$;
GRANT EXECUTE ON FUNCTION aaa_ask(text) TO lango_radius;

-- One answer per request, parted by \x03, in the order of the requests: attributes, values and operators, each list parted by \x01, the three by \x02.
-- p_questions are what FreeRADIUS would give aaa_authorize. p_logins are random login ids of 16 hex digits.
DROP FUNCTION IF EXISTS aaa_authorize_many(bigint[], text[], text[], text[]);
CREATE FUNCTION aaa_authorize_many(p_tenants bigint[], p_names_hex text[], p_logins text[], p_questions text[])
RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_at timestamptz := lango_now();
BEGIN
  RETURN (
  SELECT string_agg(coalesce(quick.answer, (SELECT access_answer(q.question))), E'\x03' ORDER BY q.n)
  FROM unnest(p_tenants, p_names_hex, p_logins, p_questions) WITH ORDINALITY AS q (tenant_id, name_hex, login, question, n)
  LEFT JOIN LATERAL (
    SELECT concat(
      E'Lango-Log\x01Class\x01Acct-Interim-Interval\x01Session-Timeout\x01Cleartext-Password',
      CASE WHEN b.left_bytes IS NOT NULL THEN E'\x01Mikrotik-Total-Limit' || CASE WHEN b.left_bytes >= 4294967296 THEN E'\x01Mikrotik-Total-Limit-Gigawords' ELSE '' END END,
      i.names, bare.name, E'\x02',
      -- The line of FreeRADIUS' log as far as it is known here, instead of Lango-Login, Lango-Decision and Lango-Reason.
      q.tenant_id, ' ', split_part(q.question, ' ', 1), ' ', q.login, ' accept active ', CASE WHEN split_part(q.question, ' ', 10) <> '' THEN '1' END, ' ', q.name_hex, ' ',
      split_part(q.question, ' ', 7), ' ', split_part(q.question, ' ', 8), ' ', split_part(q.question, ' ', 9), ' ',
      split_part(q.question, ' ', 12), ' ', split_part(q.question, ' ', 13), E'\x01L1:', k.subscription_id, ':', q.login, ':f:@', k.told, E'\x01', k.interim_s, E'\x01',
      least(21474720, greatest(1, floor(extract(epoch FROM k.expires_at - v_at) + k.grace_s)))::bigint, E'\x01', access_literal(c.value),
      CASE WHEN b.left_bytes IS NOT NULL THEN concat(E'\x01', b.left_bytes % 4294967296, CASE WHEN b.left_bytes >= 4294967296 THEN E'\x01' || b.left_bytes / 4294967296 END) END,
      i.vals, bare.value, E'\x02:=\x01:=\x01:=\x01:=\x01:=',
      CASE WHEN b.left_bytes IS NOT NULL THEN CASE WHEN b.left_bytes >= 4294967296 THEN E'\x01:=\x01:=' ELSE E'\x01:=' END END,
      i.ops, bare.op) AS answer
    FROM access_card k
    JOIN radcheck c ON c.tenant_id = k.tenant_id AND c.username = k.username AND c.attribute = 'Cleartext-Password'
    LEFT JOIN usage_cycle u ON u.subscription_id = k.subscription_id AND u.cycle_no = k.cycle_no
    CROSS JOIN LATERAL (
      -- A low word of 0 reads as no limit, hence one byte less there.
      SELECT CASE WHEN k.on_quota = 'cut' THEN x.left_bytes - (x.left_bytes % 4294967296 = 0)::integer END AS left_bytes
      FROM (SELECT k.allowance_bytes - coalesce(u.input_bytes + u.output_bytes, 0) AS left_bytes) x) b
    CROSS JOIN LATERAL (
      SELECT E'\x01' || nullif(array_to_string(k.item_names, E'\x01'), '') AS names, E'\x01' || nullif(array_to_string(k.item_values, E'\x01'), '') AS vals,
             E'\x01' || nullif(array_to_string(k.item_ops, E'\x01'), '') AS ops) i
    LEFT JOIN LATERAL (SELECT E'\x01Lango-No-Secret' AS name, E'\x01yes' AS value, E'\x01:=' AS op) AS bare
      ON c.value = k.username AND access_has_no_secret(k.tenant_id, k.subscription_id, k.username, c.value)
    -- A name of ASCII alone reads the same escaped; any other is looked up by aaa_authorize, which knows what is no text.
    WHERE k.tenant_id = q.tenant_id AND k.username = encode(decode(q.name_hex, 'hex'), 'escape') AND strpos(k.username, '\') = 0
      AND k.status = 'active' AND NOT k.has_rules AND split_part(q.question, ' ', 3) = 'mikrotik'
      AND (k.mac_lock IS NULL OR k.mac_lock = access_mac(encode(decode(split_part(q.question, ' ', 7), 'hex'), 'escape')))
      AND v_at < k.expires_at
      AND (k.allowance_bytes IS NULL OR coalesce(u.input_bytes + u.output_bytes, 0) < k.allowance_bytes)
      -- Inside a tunnel of 802.1X no service is asked for; its answer travels on by session-state, in the long form.
      AND split_part(q.question, ' ', 8) <> ''
      AND split_part(q.question, ' ', 5) = 'approved'
      -- Signed, or nobody asks for it: RouterOS before 7.15 signs nothing.
      AND (split_part(q.question, ' ', 10) <> '' OR split_part(q.question, ' ', 4) = 'off'
        OR split_part(q.question, ' ', 4) = 'auto' AND split_part(q.question, ' ', 11) = ''
          AND NOT EXISTS (SELECT FROM nas_status st WHERE st.nas_id = split_part(q.question, ' ', 1)::bigint AND st.message_authenticator_seen_at IS NOT NULL))
      -- Room for one more, not counting the sessions of the device that asks: after a tower's restart everybody comes back to an open session of their own.
      AND NOT EXISTS (SELECT FROM session_live l WHERE l.subscription_id = k.subscription_id AND l.stopped_at IS NULL
                        AND (l.mac = access_mac(encode(decode(split_part(q.question, ' ', 7), 'hex'), 'escape'))) IS NOT TRUE OFFSET k.simultaneous_use - 1)
  ) AS quick ON true);
END $$;
GRANT EXECUTE ON FUNCTION aaa_authorize_many(bigint[], text[], text[], text[]) TO lango_radius;

-- aaa_authorize's rows in the form of aaa_authorize_many.
CREATE OR REPLACE FUNCTION access_answer(p_question text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT concat(string_agg(a.attribute, E'\x01' ORDER BY a.place), E'\x02', string_agg(a.value, E'\x01' ORDER BY a.place), E'\x02', string_agg(a.op, E'\x01' ORDER BY a.place))
    FROM aaa_ask(p_question) WITH ORDINALITY AS a (id, username, attribute, value, op, place));
END $$;
