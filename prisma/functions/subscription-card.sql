-- Keeps access_card: one row per subscription, rewritten in the transaction of whatever changes what a login is told. A test holds it to
-- what it is derived from, after every kind of change.

-- 8 hex digits.
CREATE OR REPLACE FUNCTION access_sum(p_text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(hashtext(p_text)), 8, '0') $$;

-- What the rows of these logins should be, from the tables they are derived from.
CREATE OR REPLACE FUNCTION access_cards_of(p_tenant_id bigint, p_usernames text[]) RETURNS SETOF access_card LANGUAGE sql STABLE AS $$
  SELECT s.tenant_id, s.username, s.id, s.status, s.expires_at, v.grace_s, s.cycle_no, s.quota_bytes + s.topup_bytes, v.on_quota, s.mac_lock,
         v.simultaneous_use,
         access_interim_s(v.interim_s, s.watch_bytes, greatest(v.down_kbps, v.burst_down_kbps) + greatest(v.up_kbps, v.burst_up_kbps)),
         CASE WHEN v.on_quota = 'throttle' THEN radius_rate_limit(v.throttle_up_kbps, v.throttle_down_kbps) END,
         coalesce(i.names, '{}'), coalesce(i.vals, '{}'), coalesce(i.ops, '{}'), v.rules IS NOT NULL,
         -- As a number, because the text of a time hangs on the reader's zone.
         access_sum(concat_ws(' ', extract(epoch FROM s.expires_at), v.grace_s, s.cycle_no, s.quota_bytes + s.topup_bytes))
         || access_sum(concat_ws(' ', s.plan_version_id, i.names, i.vals))
  -- Name by name, each by the index: a plan made while there are few subscriptions reads all of the company's otherwise.
  FROM unnest(p_usernames) AS name (username)
  CROSS JOIN LATERAL (SELECT * FROM subscription WHERE tenant_id = p_tenant_id AND username = name.username OFFSET 0) s
  JOIN plan_version v ON v.id = s.plan_version_id
  CROSS JOIN LATERAL (
    -- A customer's own item replaces the plan's of the same name; an address of their own replaces the pool. What holds only at the moment of a
    -- login is not kept.
    SELECT array_agg(a.attribute ORDER BY a.place, a.id) AS names, array_agg(access_literal(a.value) ORDER BY a.place, a.id) AS vals,
           array_agg(a.op ORDER BY a.place, a.id) AS ops
    FROM (
      SELECT 1 AS place, r.id, r.attribute, r.op::text AS op, r.value
      FROM radreply r WHERE r.tenant_id = s.tenant_id AND r.username = s.username
      UNION ALL
      SELECT 2, g.id, g.attribute, g.op::text, g.value
      FROM radusergroup m JOIN radgroupreply g ON g.tenant_id = m.tenant_id AND g.groupname = m.groupname
      WHERE m.tenant_id = s.tenant_id AND m.username = s.username
        AND (g.op = '+=' OR NOT EXISTS (
          SELECT FROM radreply r WHERE r.tenant_id = s.tenant_id AND r.username = s.username
            AND (r.attribute = g.attribute OR (r.attribute = 'Framed-IP-Address' AND g.attribute = 'Framed-Pool')
              OR (r.attribute = 'Framed-IPv6-Prefix' AND g.attribute = 'Framed-IPv6-Pool')
              OR (r.attribute = 'Delegated-IPv6-Prefix' AND g.attribute LIKE '%Delegated-IPv6-%Pool'))))
    ) a
    WHERE a.attribute NOT IN ('Session-Timeout', 'Acct-Interim-Interval', 'Class', 'Reply-Message', 'Mikrotik-Total-Limit', 'Mikrotik-Total-Limit-Gigawords')
  ) i
$$;

-- Its plan is kept: made for each list of names anew it costs ten times what it does.
CREATE OR REPLACE FUNCTION access_write_cards(p_tenant_id bigint, p_usernames text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  INSERT INTO access_card AS k SELECT * FROM access_cards_of(p_tenant_id, p_usernames)
  ON CONFLICT (tenant_id, username) DO UPDATE SET
    (subscription_id, status, expires_at, grace_s, cycle_no, allowance_bytes, on_quota, mac_lock, simultaneous_use, interim_s, throttle_rate, item_names, item_values, item_ops, has_rules, told)
    = (excluded.subscription_id, excluded.status, excluded.expires_at, excluded.grace_s, excluded.cycle_no, excluded.allowance_bytes, excluded.on_quota, excluded.mac_lock,
       excluded.simultaneous_use, excluded.interim_s, excluded.throttle_rate, excluded.item_names, excluded.item_values, excluded.item_ops,
       excluded.has_rules, excluded.told);
END $$;

-- Once for a statement, so that payments that are settled together cost one look at what they changed.
CREATE OR REPLACE FUNCTION access_follow_subscriptions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE r record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR r IN SELECT c.tenant_id, array_agg(c.username) AS usernames FROM changed c GROUP BY c.tenant_id LOOP
      PERFORM access_write_cards(r.tenant_id, r.usernames);
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    DELETE FROM access_card k USING was o WHERE k.tenant_id = o.tenant_id AND k.username = o.username;
  ELSE
    -- EXCEPT and no join of the rows as they were with the rows as they are: connections that write much are told not to hash.
    DELETE FROM access_card k USING (SELECT o.tenant_id, o.username FROM was o EXCEPT SELECT c.tenant_id, c.username FROM changed c) o
    WHERE k.tenant_id = o.tenant_id AND k.username = o.username;
    FOR r IN
      SELECT c.tenant_id, array_agg(c.username) AS usernames
      FROM (SELECT id, tenant_id, username, status, expires_at, cycle_no, quota_bytes, topup_bytes, watch_bytes, mac_lock, static_ip, routes, framed_ipv6_prefix, delegated_ipv6_prefix, plan_version_id FROM changed
            EXCEPT
            SELECT id, tenant_id, username, status, expires_at, cycle_no, quota_bytes, topup_bytes, watch_bytes, mac_lock, static_ip, routes, framed_ipv6_prefix, delegated_ipv6_prefix, plan_version_id FROM was) c
      GROUP BY c.tenant_id
    LOOP
      PERFORM access_write_cards(r.tenant_id, r.usernames);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
-- After radius_write_subscription, which writes what is read here: what is told of a statement comes after what is told of its rows.
DROP FUNCTION IF EXISTS access_follow_subscription();
CREATE OR REPLACE TRIGGER access_card_insert AFTER INSERT ON subscription REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_follow_subscriptions();
CREATE OR REPLACE TRIGGER access_card_delete AFTER DELETE ON subscription REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION access_follow_subscriptions();
CREATE OR REPLACE TRIGGER access_card_update AFTER UPDATE ON subscription REFERENCING OLD TABLE AS was NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_follow_subscriptions();

-- radreply and radusergroup are also written by the subscription's own trigger, which is followed above; this is for everybody else.
CREATE OR REPLACE FUNCTION access_follow_items() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE r record;
BEGIN
  IF pg_trigger_depth() > 1 THEN
    RETURN NULL;
  END IF;
  IF TG_TABLE_NAME = 'radgroupreply' THEN
    FOR r IN SELECT m.tenant_id, array_agg(DISTINCT m.username) AS usernames FROM changed c
             JOIN radusergroup m ON m.tenant_id = c.tenant_id AND m.groupname = c.groupname GROUP BY m.tenant_id LOOP
      PERFORM access_write_cards(r.tenant_id, r.usernames);
    END LOOP;
  ELSE
    FOR r IN SELECT c.tenant_id, array_agg(DISTINCT c.username) AS usernames FROM changed c GROUP BY c.tenant_id LOOP
      PERFORM access_write_cards(r.tenant_id, r.usernames);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['radreply', 'radusergroup', 'radgroupreply'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER access_card_insert AFTER INSERT ON %1$I
      REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_follow_items()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER access_card_delete AFTER DELETE ON %1$I
      REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_follow_items()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER access_card_update_new AFTER UPDATE ON %1$I
      REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_follow_items()', t);
    EXECUTE format('CREATE OR REPLACE TRIGGER access_card_update_old AFTER UPDATE ON %1$I
      REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_follow_items()', t);
  END LOOP;
END $$;

-- Subscriptions from before there were cards, and any whose derivation this file has changed.
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT tenant_id, array_agg(username) AS usernames FROM (
             SELECT tenant_id, username, row_number() OVER (PARTITION BY tenant_id ORDER BY id) / 1000 AS part FROM subscription) s
           GROUP BY tenant_id, part LOOP
    PERFORM access_write_cards(r.tenant_id, r.usernames);
  END LOOP;
END $$;
