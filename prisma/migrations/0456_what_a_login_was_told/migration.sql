-- What a login is told of, as two short sums: of its end and its data, and of its plan. Its Class carries them, so that the beginning session says what it was let in
-- with. prisma/functions/subscription-card.sql fills the column in when it is applied, after this; until then payments are made, so what writes cards must
-- know of it at once: it stands here as well.
ALTER TABLE access_card ADD COLUMN told text NOT NULL DEFAULT '';
-- A new database has none of the functions yet that these call.
SET LOCAL check_function_bodies = off;

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

-- Of earlier versions. Dropping a trigger keeps logins from the table: functions do not, for they are applied with each version.
DROP TRIGGER IF EXISTS subscription_access_card ON subscription;
DROP TRIGGER IF EXISTS snapshot_update_new ON access_card;
DROP TRIGGER IF EXISTS snapshot_update_old ON access_card;
DROP TRIGGER IF EXISTS snapshot_update_new ON radcheck;
DROP TRIGGER IF EXISTS snapshot_update_old ON radcheck;
