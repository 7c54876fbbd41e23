-- Damping of those who guess. Counting is done by the loader of the logs of answers, so that a login writes nothing; it only looks where the
-- router's file says that somebody there is trying in vain (aaa_routers: 'watched').

-- The first wrong tries of a name, or names of a device, are free: people mistype.
CREATE OR REPLACE FUNCTION access_free_tries() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 10 $$;
-- A row that rests this long is forgotten.
CREATE OR REPLACE FUNCTION access_guess_rest() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT interval '15 minutes' $$;

-- Counts the wrong tries of a part of a log. After the free ones each further try doubles the wait: 2 s, 4 s … up to a minute, so that somebody who
-- guesses has a try a minute, and somebody who has found the typing error is in within that minute. Tries during the wait do not count: they were
-- not looked at. A device is told by its different names: a CPE that dials with one wrong password all night is no guesser, and neither is the
-- router that tries each new device's own address as a name.
CREATE OR REPLACE FUNCTION access_count_guesses(p_answers jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz := lango_now();
  v_waiting bigint;
BEGIN
  -- Two FreeRADIUS hosts may load at once, and both count.
  PERFORM pg_advisory_xact_lock(hashtextextended('access_guess', 0));
  DELETE FROM access_guess WHERE last_at < v_now - access_guess_rest();
  WITH wrong AS (
    SELECT a.tenant_id, a.nas_id, a.at, a.username, a.reason, coalesce(access_mac(a.station), nullif(a.station, '')) AS device, access_mac(a.username) AS named
    FROM jsonb_to_recordset(p_answers) AS a (at double precision, tenant_id bigint, nas_id bigint, reason text, username text, station text)
    WHERE a.reason IN ('wrong_password', 'unknown_user', 'ended') AND a.tenant_id > 0
  ), guess AS (
    SELECT tenant_id, nas_id, 'name' AS kind, username AS key, count(*) AS tries, NULL AS first_name, NULL AS last_name
    FROM wrong WHERE reason = 'wrong_password' OR named IS DISTINCT FROM device GROUP BY 1, 2, 4
    UNION ALL
    SELECT tenant_id, nas_id, 'device', device, count(DISTINCT username), (array_agg(username ORDER BY at))[1], (array_agg(username ORDER BY at DESC))[1]
    FROM wrong WHERE named IS DISTINCT FROM device AND device IS NOT NULL GROUP BY 1, 2, 4
  ), counted AS (
    INSERT INTO access_guess AS g (tenant_id, nas_id, kind, key, tries, last_name, last_at, wait_until)
    SELECT n.tenant_id, n.nas_id, n.kind, n.key, n.total, n.last_name, v_now, access_wait_until(n.total, v_now)
    FROM (SELECT guess.*, least(100000, coalesce(o.tries, 0) + guess.tries - (guess.first_name = o.last_name IS TRUE)::integer)::integer AS total
          FROM guess LEFT JOIN access_guess o USING (nas_id, kind, key)) n
    ON CONFLICT (nas_id, kind, key) DO UPDATE
      SET tries = excluded.tries, last_name = excluded.last_name, last_at = excluded.last_at, wait_until = excluded.wait_until
    RETURNING g.wait_until
  )
  SELECT count(wait_until) INTO v_waiting FROM counted;
  IF v_waiting > 0 THEN
    -- A router whose first guesser this is gets its file; the files of the others stay as they are.
    PERFORM pg_notify('lango_nas', '');
  END IF;
END $$;

CREATE OR REPLACE FUNCTION access_wait_until(p_tries integer, p_at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_tries >= access_free_tries() THEN p_at + least(60, 2 ^ least(6, p_tries - access_free_tries() + 1)) * interval '1 s' END
$$;

-- Whether this try is not looked at because of those before it. Never held against a device that this subscription has been online with: nobody
-- can lock a customer out by guessing at their name, from elsewhere or from beside them.
CREATE OR REPLACE FUNCTION access_must_wait(p_nas_id bigint, p_username text, p_station text, p_subscription_id bigint, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE v_mac text := access_mac(p_station);
BEGIN
  RETURN EXISTS (SELECT FROM access_guess g WHERE g.nas_id = p_nas_id AND g.wait_until > p_at
                 AND (g.kind = 'name' AND g.key = p_username OR g.kind = 'device' AND g.key = coalesce(v_mac, p_station)))
    AND NOT (v_mac IS NOT NULL AND p_subscription_id IS NOT NULL AND (
      EXISTS (SELECT FROM subscription s WHERE s.id = p_subscription_id AND s.mac_lock = v_mac)
      OR EXISTS (SELECT FROM session_live l WHERE l.tenant_id = (SELECT tenant_id FROM nas WHERE id = p_nas_id) AND l.username = p_username
                 AND l.subscription_id = p_subscription_id AND l.mac = v_mac)
      OR EXISTS (SELECT FROM (SELECT c.mac FROM session_closed c WHERE c.subscription_id = p_subscription_id ORDER BY c.started_at DESC LIMIT 100) c WHERE c.mac = v_mac)));
END $$;

-- What a router's file says of its company: also whether somebody there tries in vain, which only such a router's logins then look at.
CREATE OR REPLACE FUNCTION access_company(p_status text, p_nas_id bigint) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_status = 'approved' AND EXISTS (SELECT FROM access_guess g WHERE g.nas_id = p_nas_id AND g.wait_until IS NOT NULL
                                                     AND g.last_at > lango_now() - access_guess_rest()) THEN 'watched' ELSE p_status END
$$;
