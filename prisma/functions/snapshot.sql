-- What a FreeRADIUS host needs to go on without this database: for each login the answers that aaa_authorize would give it, now and at the moments at which
-- time alone changes them. The writer (radius/snapshot) keeps them in a local file. docs/decisions say why answers and not rules are kept.

-- Notes whose answers a statement may have changed. For statement triggers with a transition table named changed.
CREATE OR REPLACE FUNCTION snapshot_note_logins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO snapshot_change (tenant_id, username) SELECT DISTINCT c.tenant_id, c.username FROM changed c;
  RETURN NULL;
END $$;
-- The same of an update, which may change the login's name: each once.
CREATE OR REPLACE FUNCTION snapshot_note_renamed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO snapshot_change (tenant_id, username) SELECT c.tenant_id, c.username FROM changed c UNION SELECT o.tenant_id, o.username FROM was o;
  RETURN NULL;
END $$;
-- Time online that runs out changes no card; the row that it leaves for the enforcer tells (usage that is counted: accounting_count_usage). Nor does a certificate
-- that is issued or revoked.
CREATE OR REPLACE FUNCTION snapshot_note_subscriptions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO snapshot_change (tenant_id, username)
  SELECT DISTINCT s.tenant_id, s.username FROM changed c
  -- Kept apart, so that each is looked up by its key also by a plan that was made while there were none.
  CROSS JOIN LATERAL (SELECT tenant_id, username FROM subscription WHERE id = c.subscription_id OFFSET 0) s;
  RETURN NULL;
END $$;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['access_card', 'radcheck'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER snapshot_insert AFTER INSERT ON %1$I
      REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION snapshot_note_logins()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER snapshot_delete AFTER DELETE ON %1$I
      REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION snapshot_note_logins()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER snapshot_update AFTER UPDATE ON %1$I
      REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION snapshot_note_renamed()', t);
  END LOOP;
END $$;
CREATE OR REPLACE TRIGGER snapshot_insert AFTER INSERT ON enforcement REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION snapshot_note_subscriptions();
CREATE OR REPLACE TRIGGER snapshot_insert AFTER INSERT ON certificate REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION snapshot_note_subscriptions();
CREATE OR REPLACE TRIGGER snapshot_update AFTER UPDATE ON certificate REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION snapshot_note_subscriptions();
DROP FUNCTION IF EXISTS snapshot_note_enforcement();

-- Where a reader stands that reads now: everything by transactions before o_xid is visible to it.
CREATE OR REPLACE FUNCTION aaa_snapshot_point(OUT o_xid text, OUT o_shift_s double precision, OUT o_kinds text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text, extract(epoch FROM lango_clock_shift()),
         -- Which company has which types of router, and which of them have signed: as one text, to be compared.
         (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(n.tenant_id, n.type)), '[]') FROM nas n)::text
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_point TO lango_radius;

-- Routers that have signed a request before: with the policy auto they must sign from then on.
CREATE OR REPLACE FUNCTION aaa_snapshot_signers() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(nas_id), '{}') FROM nas_status WHERE message_authenticator_seen_at IS NOT NULL $$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_signers TO lango_radius;

-- Logins changed by p_since or a later transaction, each once; p_limit of them where there are more.
CREATE OR REPLACE FUNCTION aaa_snapshot_changed(p_since text, p_limit integer) RETURNS TABLE (tenant_id bigint, username text, xid text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.username, max(c.xid::text::bigint)::text FROM snapshot_change c WHERE c.xid >= p_since::xid8 GROUP BY 1, 2 LIMIT p_limit
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_changed TO lango_radius;

-- Those of them who may not come in at all now, however many: they leave before the others are read anew.
CREATE OR REPLACE FUNCTION aaa_snapshot_barred(p_since text) RETURNS TABLE (tenant_id bigint, username text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.username FROM (SELECT DISTINCT x.tenant_id, x.username FROM snapshot_change x WHERE x.xid >= p_since::xid8) c
  LEFT JOIN LATERAL (SELECT s.status FROM subscription s WHERE s.tenant_id = c.tenant_id AND s.username = c.username OFFSET 0) s ON true
  WHERE s.status IN ('suspended', 'paused', 'ended')
    OR s.status IS NULL AND NOT EXISTS (SELECT FROM radcheck r WHERE r.tenant_id = c.tenant_id AND r.username = c.username OFFSET 0)
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_barred TO lango_radius;

-- All logins in their order, after one of them; of one company or of all.
CREATE OR REPLACE FUNCTION aaa_snapshot_logins(p_after_tenant bigint, p_after_username text, p_limit integer) RETURNS TABLE (tenant_id bigint, username text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.tenant_id, k.username FROM access_card k WHERE (k.tenant_id, k.username) > (p_after_tenant, p_after_username)
  ORDER BY k.tenant_id, k.username LIMIT p_limit
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_logins TO lango_radius;

-- What is left to a login of its allowance and of its time online, as [company, name, bytes, seconds, open sessions, until]; no row where its plan counts neither.
-- Of each open session: when it was last heard of, and for how many seconds it may count on without another word (plan_online_s), so that a host can go on
-- counting by itself. `until`: when a new period begins, with all of its own.
CREATE OR REPLACE FUNCTION snapshot_left(k access_card) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(k.tenant_id, k.username, k.allowance_bytes - coalesce(u.input_bytes + u.output_bytes, 0),
    v.online_s - CASE WHEN v.cycle_ends_at <= lango_now() THEN 0 ELSE coalesce(u.seconds, 0) END, o.sessions,
    CASE WHEN v.cycle_ends_at > lango_now() THEN extract(epoch FROM v.cycle_ends_at) END)
  FROM (SELECT 1) one
  LEFT JOIN usage_cycle u ON u.subscription_id = k.subscription_id AND u.cycle_no = k.cycle_no
  LEFT JOIN LATERAL (
    SELECT p.online_s, s.cycle_ends_at FROM subscription s JOIN plan_version p ON p.id = s.plan_version_id WHERE k.has_rules AND s.id = k.subscription_id) v ON true
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM l.updated_at), 3 * coalesce(l.interim_s, 300) + 30)) AS sessions
    FROM session_live l WHERE v.online_s IS NOT NULL AND l.subscription_id = k.subscription_id AND l.stopped_at IS NULL AND l.mode IS DISTINCT FROM 'garden') o ON true
  WHERE k.allowance_bytes IS NOT NULL OR v.online_s IS NOT NULL
$$;

-- What is left to these logins.
CREATE OR REPLACE FUNCTION aaa_snapshot_left(p_tenant_ids bigint[], p_usernames text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(l) FILTER (WHERE l IS NOT NULL), '[]')::text
  FROM unnest(p_tenant_ids, p_usernames) AS a (tenant, name)
  CROSS JOIN LATERAL (SELECT snapshot_left(k) AS l FROM access_card k WHERE k.tenant_id = a.tenant AND k.username = a.name OFFSET 0) x
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_left TO lango_radius;

-- Logins that have an allowance and whose sessions were written by p_since or a later transaction: a session and the use that it reports are of one transaction. It
-- walks the open sessions and those of the last day (20 ms for each 100,000); an index on what every interim changes would cost each of them more.
DROP FUNCTION IF EXISTS aaa_snapshot_used(integer, integer);
CREATE OR REPLACE FUNCTION aaa_snapshot_used(p_since text) RETURNS TABLE (tenant_id bigint, username text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.tenant_id, k.username
  FROM (
    -- Numbers of transactions go round; both ages are counted from the same one, the newest.
    SELECT DISTINCT l.subscription_id FROM session_live l
    WHERE l.subscription_id IS NOT NULL AND age(l.xmin) <= age((p_since::numeric % 4294967296)::text::xid)) d
  CROSS JOIN LATERAL (SELECT * FROM access_card c WHERE c.subscription_id = d.subscription_id OFFSET 0) k
  WHERE k.allowance_bytes IS NOT NULL OR k.has_rules
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_used(text) TO lango_radius;

-- Changes older than any reader needs: one that was away for longer reads everything.
CREATE OR REPLACE FUNCTION aaa_snapshot_tidy() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ DELETE FROM snapshot_change WHERE at < clock_timestamp() - interval '2 days' $$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_tidy TO lango_radius;

-- The moments after p_at at which time alone changes the answer to a login, up to the first one after p_until.
CREATE OR REPLACE FUNCTION snapshot_moments(k access_card, p_at timestamptz, p_until timestamptz) RETURNS SETOF timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  v record;
  v_next_at timestamptz := p_at;
BEGIN
  IF k.status <> 'active' THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT DISTINCT m FROM unnest(ARRAY[k.expires_at, k.expires_at + make_interval(secs => k.grace_s)]) AS m WHERE m > p_at;
  IF k.has_rules THEN
    SELECT p.rules->'week' AS week, t.timezone, s.cycle_ends_at INTO v
    FROM subscription s JOIN plan_version p ON p.id = s.plan_version_id JOIN tenant t ON t.id = s.tenant_id WHERE s.id = k.subscription_id;
    IF v.cycle_ends_at > p_at THEN
      RETURN NEXT v.cycle_ends_at;
    END IF;
    -- Every minute of a week may be an hour's end; nobody needs to know of more than these.
    FOR n IN 1 .. CASE WHEN v.week IS NULL THEN 0 ELSE 100 END LOOP
      v_next_at := (plan_week_at(v.week, v.timezone, v_next_at)).o_next_at;
      RETURN NEXT v_next_at;
      EXIT WHEN v_next_at > p_until;
    END LOOP;
  END IF;
END $$;

-- The answers to these logins as of lango_now(), without what belongs to one login alone: who asked, the random login id, the seconds left.
-- A session of the same device is no obstacle, so it is asked as that device; ppp and other are all that is told apart by the kind of service.
CREATE OR REPLACE FUNCTION snapshot_answers_now(p_tenant_ids bigint[], p_usernames text[], p_from double precision[], p_until double precision[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  WITH login AS (
    SELECT k.*, a.f, a.u, own.id IS NOT NULL AS own_time, own.hours_end_at FROM unnest(p_tenant_ids, p_usernames, p_from, p_until) AS a (tenant, name, f, u)
    JOIN access_card k ON k.tenant_id = a.tenant AND k.username = a.name
    -- Where time online or a first use is sold, and when the hours of such a plan end the service, whatever time of its own is left.
    LEFT JOIN LATERAL (
      SELECT n.id, r.until AS hours_end_at FROM subscription_now n
      LEFT JOIN LATERAL subscription_rules_now(n.rules - '{online_s,first_use}'::text[], n.tenant_id, n.id, n.status, n.expires_at, n.grace_s, n.quota_bytes, n.topup_bytes,
        n.on_quota, n.unused_validities, n.cycle_ends_at, n.used_bytes, 0, lango_now()) r ON n.rules ? 'week'
      WHERE k.has_rules AND n.id = k.subscription_id AND n.rules ?| ARRAY['online_s', 'first_use']) own ON true
  ), asked AS (
    SELECT l.tenant_id, l.username, l.subscription_id, l.mac_lock, l.f, l.u, l.expires_at + make_interval(secs => l.grace_s) AS valid_until, t.type, s.service, d.device, a.*,
           l.own_time, l.hours_end_at,
           l.own_time AND EXISTS (SELECT FROM subscription_now n WHERE n.id = l.subscription_id AND n.online_s - n.online_used_s <= a.timeout_s + 1) AS online_ends
    FROM login l
    JOIN LATERAL (SELECT DISTINCT n.type FROM nas n WHERE n.tenant_id = l.tenant_id) t ON true
    CROSS JOIN (VALUES ('ppp', '2', '15'), ('other', '1', '19')) AS s (service, service_type, port_type)
    JOIN LATERAL (
      SELECT 'any' AS device, coalesce((
        SELECT coalesce(o.mac, o.calling_station_id) FROM session_live o WHERE o.subscription_id = l.subscription_id AND o.stopped_at IS NULL
        ORDER BY o.radacctid DESC LIMIT 1), '') AS station WHERE l.mac_lock IS NULL
      UNION ALL SELECT 'own', l.mac_lock WHERE l.mac_lock IS NOT NULL
      UNION ALL SELECT 'foreign', '' WHERE l.mac_lock IS NOT NULL) d ON true
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_array(r.attribute,
               CASE r.attribute WHEN 'Class' THEN regexp_replace(r.value, '^(L1:[0-9]+:)[0-9a-f]+', '\1{login}') WHEN 'Session-Timeout' THEN '' ELSE r.value END,
               r.op)) FILTER (WHERE r.attribute <> 'Lango-Login') AS pairs,
             max(r.value) FILTER (WHERE r.attribute = 'Session-Timeout')::bigint AS timeout_s,
             max(r.value) FILTER (WHERE r.attribute = 'Lango-Decision') AS decision
      FROM aaa_authorize(0, l.tenant_id, t.type, 'off', 'approved', encode(convert_to(l.username, 'UTF8'), 'hex'),
                         encode(convert_to(d.station, 'UTF8'), 'hex'), s.service_type, s.port_type, '', '') AS r) a
  ), one AS (
    SELECT tenant_id, username, type, device, min(service) AS service, count(DISTINCT pairs) AS kinds FROM asked GROUP BY 1, 2, 3, 4
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object(
    't', q.tenant_id, 'n', q.username, 'k', q.type, 's', CASE one.kinds WHEN 1 THEN 'any' ELSE q.service END, 'd', q.device, 'm', q.mac_lock,
    -- As DHCP clients write it.
    'h', regexp_replace(lower(q.mac_lock), '(^|:)0', '\1', 'g'),
    -- What other spellings of this name come to (access_meant_username).
    'a', coalesce(access_mac(q.username), (SELECT u.code FROM voucher u WHERE u.tenant_id = q.tenant_id AND u.code = q.username AND u.subscription_id = q.subscription_id)),
    'f', q.f, 'u', q.u, 'p', q.pairs,
    -- A timeout is what is left until a moment, or a time of its own: in the garden, and where time online or a first use is sold, which validity and hours end
    -- as well. Time online of the period that runs is counted by the host (snapshot_left).
    'x', CASE WHEN q.decision <> 'garden' THEN
      extract(epoch FROM least(q.valid_until, CASE WHEN q.own_time THEN q.hours_end_at ELSE lango_now() + make_interval(secs => q.timeout_s + 1) END)) END,
    'c', CASE WHEN q.decision = 'garden' OR q.own_time AND NOT (q.online_ends AND q.f = 0) THEN q.timeout_s END)), '[]')
  FROM asked q JOIN one ON (one.tenant_id, one.username, one.type, one.device) = (q.tenant_id, q.username, q.type, q.device)
  WHERE one.kinds > 1 OR q.service = one.service
$$;

-- The answers to these logins from now on, as JSON text: foretold until p_horizon_s from now, and then as far as they hold. A login that is not in it is
-- known to nobody. Each moment is asked of aaa_authorize itself, with the clock set to it: in a part of the transaction that is taken back at once,
-- so that nobody else ever sees that clock. Moments of one minute share their question, which costs some milliseconds, and none is asked early.
CREATE OR REPLACE FUNCTION aaa_snapshot_answers(p_tenant_ids bigint[], p_usernames text[], p_horizon_s integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_until timestamptz := v_now + make_interval(secs => p_horizon_s);
  v_shift interval := lango_clock_shift();
  v_all jsonb := '[]';
  v_some jsonb;
  r record;
BEGIN
  FOR r IN
    WITH login AS (
      SELECT k FROM unnest(p_tenant_ids, p_usernames) AS a (tenant, name) JOIN access_card k ON k.tenant_id = a.tenant AND k.username = a.name
    ), moment AS (
      SELECT (k).tenant_id, (k).username, v_now AS at FROM login
      UNION SELECT (k).tenant_id, (k).username, m FROM login, LATERAL snapshot_moments(k, v_now, v_until) AS m
    ), segment AS (
      SELECT tenant_id, username, at, lead(at) OVER (PARTITION BY tenant_id, username ORDER BY at) AS until FROM moment
    )
    SELECT s.asked_at, array_agg(s.tenant_id) AS tenant_ids, array_agg(s.username) AS usernames,
           -- What holds now has held before: a clock that is a little behind must not find nothing.
           array_agg(CASE WHEN s.at = v_now THEN 0 ELSE extract(epoch FROM s.at)::float8 END) AS froms, array_agg(extract(epoch FROM s.until)::float8) AS untils
    FROM (SELECT g.*, CASE WHEN g.at = v_now THEN g.at ELSE least(date_trunc('minute', g.at) + interval '1 minute', g.at + (g.until - g.at) / 2) END AS asked_at FROM segment g) s
    WHERE s.at <= v_until
    GROUP BY s.asked_at ORDER BY s.asked_at
  LOOP
    IF r.asked_at = v_now THEN
      v_all := v_all || snapshot_answers_now(r.tenant_ids, r.usernames, r.froms, r.untils);
    ELSE
      BEGIN
        EXECUTE format('CREATE OR REPLACE FUNCTION lango_clock_shift() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE AS %L',
                       format('SELECT %L::interval', v_shift + (r.asked_at - v_now)));
        v_some := snapshot_answers_now(r.tenant_ids, r.usernames, r.froms, r.untils);
        RAISE EXCEPTION USING ERRCODE = 'LG001';
      EXCEPTION WHEN SQLSTATE 'LG001' THEN
        v_all := v_all || v_some;
      END;
    END IF;
  END LOOP;
  RETURN v_all::text;
END $$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_answers TO lango_radius;

-- The certificates with which these logins come in by EAP-TLS, as a JSON text of [company, serial, username]. Their dates are FreeRADIUS' to check.
CREATE OR REPLACE FUNCTION aaa_snapshot_certificates(p_tenant_ids bigint[], p_usernames text[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_array(c.tenant_id, c.serial, k.username)), '[]')::text
  FROM unnest(p_tenant_ids, p_usernames) AS a (tenant, name)
  JOIN access_card k ON k.tenant_id = a.tenant AND k.username = a.name
  JOIN certificate c ON c.subscription_id = k.subscription_id
  WHERE c.revoked_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_certificates TO lango_radius;

-- Batches of vouchers whose unused codes let somebody in.
CREATE OR REPLACE FUNCTION aaa_snapshot_batches() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(id), '{}') FROM voucher_batch WHERE voucher_is_open(voided_at, valid_until) $$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_batches TO lango_radius;

-- Unused codes of a batch in their order, as a JSON text of [company, code], after one of them.
CREATE OR REPLACE FUNCTION aaa_snapshot_codes(p_batch_id bigint, p_after text, p_limit integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_array(c.tenant_id, c.code) ORDER BY c.code), '[]')::text
  FROM (SELECT tenant_id, code FROM voucher WHERE batch_id = p_batch_id AND code > p_after AND used_at IS NULL ORDER BY code LIMIT p_limit) c
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_codes TO lango_radius;

-- The answers to an unused code of a batch, in the form of aaa_snapshot_answers, under company 0 and the batch's id: its codes differ in nothing else. The
-- time sold begins with the login, so Session-Timeout is a time of its own.
CREATE OR REPLACE FUNCTION aaa_snapshot_batch_answers(p_batch_id bigint) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('t', 0, 'n', p_batch_id::text, 'k', t.type, 's', s.service, 'd', 'any', 'f', 0, 'p', a.pairs, 'c', a.timeout_s)), '[]')::text
  FROM (SELECT tenant_id, code FROM voucher WHERE batch_id = p_batch_id AND used_at IS NULL ORDER BY code LIMIT 1) v
  JOIN LATERAL (SELECT DISTINCT n.type FROM nas n WHERE n.tenant_id = v.tenant_id) t ON true
  CROSS JOIN (VALUES ('ppp', '2', '15'), ('other', '1', '19')) AS s (service, service_type, port_type)
  CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(r.attribute,
             CASE WHEN r.attribute = 'Class' THEN regexp_replace(r.value, '^(L1:[0-9]+:)[0-9a-f]+', '\1{login}') WHEN r.attribute = 'Session-Timeout' THEN ''
                  WHEN r.attribute = 'Cleartext-Password' AND r.value = v.code THEN '{name}' ELSE r.value END,
             r.op)) FILTER (WHERE r.attribute <> 'Lango-Login') AS pairs,
           max(r.value) FILTER (WHERE r.attribute = 'Session-Timeout')::bigint AS timeout_s
    FROM aaa_authorize(0, v.tenant_id, t.type, 'off', 'approved', encode(convert_to(v.code, 'UTF8'), 'hex'), '', s.service_type, s.port_type, '', '') AS r) a
  WHERE a.pairs IS NOT NULL
$$;
GRANT EXECUTE ON FUNCTION aaa_snapshot_batch_answers TO lango_radius;
