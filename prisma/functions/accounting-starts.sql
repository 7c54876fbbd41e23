-- What the beginning of a session sets going.

-- Sessions that were taken for gone are heard of again: what their silence had proved, or a look at the router that did not find them, or what was given up
-- meanwhile, is to be done after all, whatever the router had acknowledged of it. A look may also have seen what was wanted: that is told again only where
-- nothing was closed after it, so that nobody gets an older rate than the last. Too many sessions and locked devices are weighed anew by accounting_greet.
-- Rows are locked in the order of their ids, as wherever many are (enforcement-proof.sql).
CREATE OR REPLACE FUNCTION accounting_unprove(p_ids bigint[], p_heard_at timestamptz[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  WITH silent AS (
    SELECT DISTINCT ON (x.session_id, x.kind) x.id FROM unnest(p_ids, p_heard_at) AS h (id, heard_at)
    CROSS JOIN LATERAL (SELECT * FROM enforcement o WHERE o.session_id = h.id AND (o.proven_by IN ('silence', 'read_back') OR o.state = 'gave_up') AND o.closed_at >= h.heard_at
      AND o.reason NOT IN ('simultaneous_use', 'mac_lock_changed') OFFSET 0) x
    WHERE NOT EXISTS (SELECT 1 FROM enforcement o WHERE o.session_id = x.session_id AND o.kind = x.kind AND coalesce(o.state, '') = 'open' OFFSET 0)
      AND (x.proven_by IS DISTINCT FROM 'read_back' OR NOT EXISTS (SELECT 1 FROM enforcement o WHERE o.session_id = x.session_id AND o.closed_at > x.closed_at OFFSET 0))
    ORDER BY x.session_id, x.kind, x.id DESC
  ), found AS MATERIALIZED (
    SELECT e.id FROM silent JOIN enforcement e ON e.id = ANY (ARRAY[silent.id]) AND (e.proven_by IN ('silence', 'read_back') OR e.state = 'gave_up') ORDER BY e.id + 0 FOR UPDATE OF e
  )
  UPDATE enforcement e SET state = 'open', proven_by = NULL, proven_at = NULL, closed_at = NULL, acked_at = NULL, attempts = 0,
    -- It is due from now on: nobody could be asked before.
    created_at = lango_now(), next_attempt_at = lango_now()
  FROM found WHERE e.id = ANY (ARRAY[found.id]);
  IF FOUND THEN PERFORM pg_notify('lango_enforcement', ''); END IF;
END $$;

-- What has changed of a subscription since its router was told of it, for sessions that have just begun or are heard of again and are entitled to be online: `extended`
-- where it is their end or their data, `plan_changed` where it is more. A session that begins says in its Class what it was let in with (access_card.told). One that is heard
-- of again, or whose router echoes no Class, is told of any change since it was last heard of, or began: routers tell the time in seconds, and whoever pays is often
-- in again within one, so what was bought within two seconds of a login counts as told. Its Class does not say what it was told since that login; whether its plan came to
-- say something else is kept (subscription_note_plan). A rate that staff set after that is the last word on it.
DROP FUNCTION IF EXISTS accounting_outdated(bigint[], timestamptz[]);
CREATE FUNCTION accounting_outdated(p_ids bigint[], p_heard_at timestamptz[], OUT o_ids bigint[], OUT o_reasons text[]) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v_changed bigint[]; v_reasons text[];
BEGIN
  SELECT array_agg(l.radacctid), array_agg(CASE WHEN CASE
      WHEN l.told IS NOT NULL THEN right(l.told, 8) <> right(k.told, 8)
      ELSE s.plan_changed_at > since.at AND NOT EXISTS (SELECT 1 FROM enforcement e WHERE e.session_id = l.radacctid AND e.params ? 'down_kbps' AND e.created_at >= s.plan_changed_at OFFSET 0)
    END THEN 'plan_changed' ELSE 'extended' END)
  INTO v_changed, v_reasons
  FROM unnest(p_ids, p_heard_at) AS h (id, heard_at)
  CROSS JOIN LATERAL (SELECT x.*, CASE WHEN h.heard_at IS NULL THEN substring(encode(x.class, 'escape') FROM '^L1:\d+:[0-9a-f]{16}:[ft]:[^@\s]*@([0-9a-f]{16})$') END AS told
                      FROM session_live x WHERE x.radacctid = h.id AND x.closed_by IS NULL OFFSET 0) l
  CROSS JOIN LATERAL (SELECT * FROM subscription x WHERE x.id = l.subscription_id OFFSET 0) s
  CROSS JOIN LATERAL (SELECT greatest(s.created_at, coalesce(h.heard_at, l.started_at + interval '2 seconds')) AS at) since
  LEFT JOIN LATERAL (SELECT x.told FROM access_card x WHERE x.subscription_id = l.subscription_id AND l.told IS NOT NULL OFFSET 0) k ON true
  WHERE CASE WHEN l.told IS NOT NULL THEN k.told <> l.told ELSE s.updated_at > since.at END AND l.mode IS DISTINCT FROM 'garden';
  -- Nearly always none: their state is worked out for these alone.
  SELECT array_agg(l.radacctid ORDER BY l.radacctid), array_agg(o.reason ORDER BY l.radacctid) INTO o_ids, o_reasons
  FROM unnest(v_changed, v_reasons) AS o (id, reason) CROSS JOIN LATERAL (SELECT * FROM session_live x WHERE x.radacctid = o.id OFFSET 0) l
  CROSS JOIN LATERAL (SELECT access_state FROM subscription_now x WHERE x.id = l.subscription_id OFFSET 0) n WHERE subscription_is_entitled(n.access_state);
END $$;

-- Cuts what was let in before its name or address was changed: when a session was last heard of, or began, is told by our clock.
CREATE OR REPLACE FUNCTION accounting_cut_let_in_before(p_ids bigint[], p_heard_at timestamptz[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE v_ids bigint[]; v_reasons text[];
BEGIN
  SELECT array_agg(l.radacctid ORDER BY l.radacctid),
    array_agg(CASE WHEN l.username <> s.username THEN 'username_changed' ELSE 'static_ip_changed' END ORDER BY l.radacctid)
  INTO v_ids, v_reasons
  FROM unnest(p_ids, p_heard_at) AS h (id, heard_at)
  CROSS JOIN LATERAL (SELECT * FROM session_live x WHERE x.radacctid = h.id AND x.closed_by IS NULL OFFSET 0) l
  CROSS JOIN LATERAL (SELECT * FROM subscription x WHERE x.id = l.subscription_id OFFSET 0) s
  WHERE s.login_anew_at > coalesce(h.heard_at, l.received_at - l.session_time_s * interval '1 second' + interval '5 seconds');
  IF v_ids IS NOT NULL THEN
    PERFORM enforcement_open(v_ids, array_fill('cut'::text, ARRAY[cardinality(v_ids)]), v_reasons, '{}');
  END IF;
END $$;

-- What a session that has just begun (or was re-opened) asks for: an entitlement that ended between Accept and Start, what was changed since its router was told
-- of it, and too many sessions at once. p_heard_at: when each was last heard of before it was closed; NULL for one that is new.
DROP FUNCTION IF EXISTS accounting_greet(bigint[]);
CREATE OR REPLACE FUNCTION accounting_greet(p_ids bigint[], p_heard_at timestamptz[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE sub record; v_outdated bigint[]; v_reasons text[];
BEGIN
  -- Two Starts of one subscription in two processes must see each other: the second waits here and then counts both.
  PERFORM pg_advisory_xact_lock(1279350855, hashint8(o.subscription_id)) FROM (
    SELECT DISTINCT subscription_id FROM session_live WHERE radacctid = ANY (p_ids) AND subscription_id IS NOT NULL ORDER BY 1) o;
  -- Asked before what these very sessions change of their subscriptions.
  SELECT o_ids, o_reasons INTO v_outdated, v_reasons FROM accounting_outdated(p_ids, p_heard_at);
  PERFORM subscription_first_use(p_ids);
  PERFORM access_learn_devices(p_ids);
  -- Orders come after everything else that is locked; those that follow overtake these where they must.
  IF array_remove(p_heard_at, NULL) <> '{}' THEN PERFORM accounting_unprove(p_ids, p_heard_at); END IF;
  IF v_outdated IS NOT NULL THEN
    PERFORM enforcement_open(v_outdated, array_fill('refresh'::text, ARRAY[cardinality(v_outdated)]), v_reasons, '{}');
  END IF;
  PERFORM accounting_cut_let_in_before(p_ids, p_heard_at);
  FOR sub IN
    SELECT * FROM (
      SELECT n.id, n.state, n.online_s, n.simultaneous_use, n.open_sessions,
        bool_or(CASE
          WHEN n.state IN ('pending', 'expired', 'capped') THEN l.mode IS DISTINCT FROM 'garden'
          WHEN n.state = 'throttled' THEN l.mode IN ('full', 'garden') OR session_rate_differs(l.told_rate, l.class, n.service_rate)
          WHEN n.state IN ('active', 'grace') THEN l.mode IN ('throttled', 'garden') OR session_rate_differs(l.told_rate, l.class, n.service_rate)
          ELSE true END) AS disagrees
      FROM session_live l CROSS JOIN LATERAL (
        -- Kept apart, so that the state is worked out once and each subscription is looked up by its key, whatever the tables were like at planning.
        SELECT n.id, n.access_state AS state, n.online_s, n.service_rate, (SELECT v.simultaneous_use FROM plan_version v WHERE v.id = n.plan_version_id) AS simultaneous_use,
          (SELECT count(*) FROM session_live o WHERE o.subscription_id = n.id AND o.stopped_at IS NULL) AS open_sessions
        FROM subscription_now n WHERE n.id = l.subscription_id OFFSET 0) n
      -- Not "stopped_at IS NULL": there is an index of open sessions that would be walked from end to end.
      WHERE l.radacctid = ANY (p_ids) AND l.closed_by IS NULL
      GROUP BY n.id, n.state, n.online_s, n.simultaneous_use, n.open_sessions) begun
    -- Nearly always nothing is to be done.
    WHERE disagrees OR open_sessions > simultaneous_use OR online_s IS NOT NULL ORDER BY id
  LOOP
    IF sub.online_s IS NOT NULL THEN
      PERFORM subscription_arm_online(ARRAY[sub.id]);
    END IF;
    IF sub.open_sessions > sub.simultaneous_use THEN
      PERFORM accounting_limit_sessions(sub.id, sub.simultaneous_use);
    END IF;
    IF sub.disagrees THEN
      PERFORM enforce_subscription(sub.id, CASE sub.state WHEN 'throttled' THEN 'cap_throttle' WHEN 'active' THEN 'renewed' WHEN 'grace' THEN 'renewed'
        WHEN 'pending' THEN 'ended' ELSE sub.state END);
    END IF;
  END LOOP;
END $$;

-- More sessions than sold. A device that came back takes over its own ghost; of what remains the newest are cut.
CREATE OR REPLACE FUNCTION accounting_limit_sessions(p_subscription_id bigint, p_limit integer) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  PERFORM accounting_close(array_agg(ghost.radacctid), 'takeover', max(heir.started_at))
  FROM session_live ghost JOIN LATERAL (
    SELECT max(h.started_at) AS started_at FROM session_live h
    WHERE h.subscription_id = p_subscription_id AND h.stopped_at IS NULL AND h.radacctid <> ghost.radacctid
      AND coalesce(h.mac, h.calling_station_id) = coalesce(ghost.mac, ghost.calling_station_id)
      -- Routers tell the time in seconds: of two that began in one, the one written down later came later.
      AND h.started_at >= ghost.updated_at
      AND (h.started_at > ghost.started_at OR (h.started_at = ghost.started_at AND h.radacctid > ghost.radacctid AND h.nas_id = ghost.nas_id AND h.service = ghost.service))
    HAVING max(h.started_at) IS NOT NULL) heir ON true
  WHERE ghost.subscription_id = p_subscription_id AND ghost.stopped_at IS NULL
  HAVING count(*) > 0;
  -- What counts is devices: one may be online through two services of a router at once. The same address at two routers is two devices. What is being cut already,
  -- whatever is paid, makes room.
  PERFORM enforce_session(extra.radacctid, 'cut', 'simultaneous_use', '{}'::jsonb)
  FROM (SELECT radacctid, dense_rank() OVER (ORDER BY first_at, first_id) AS place
        FROM (SELECT radacctid, min(started_at) OVER device AS first_at, min(radacctid) OVER device AS first_id
              FROM (SELECT * FROM session_live WHERE subscription_id = p_subscription_id AND stopped_at IS NULL OFFSET 0) open
              WHERE NOT EXISTS (SELECT 1 FROM enforcement e WHERE e.session_id = open.radacctid AND e.kind = 'cut' AND coalesce(e.state, '') = 'open'
                AND enforcement_is_final(e.reason) OFFSET 0)
              WINDOW device AS (PARTITION BY nas_id, coalesce(mac, calling_station_id, acct_session_id))) devices) extra
  WHERE extra.place > p_limit;
END $$;
