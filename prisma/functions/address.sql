-- Who had an address at a moment: the sessions of the caller's company that held it then. Past row-level security for speed, so they ask for the company.

-- The prefixes that hold an IPv6 address, as accounting writes them (2001:db8:1::/64), from /32 to /128.
CREATE OR REPLACE FUNCTION address_prefixes(p_ip inet) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT array_agg(network(set_masklen(p_ip, n))::text) || host(p_ip) FROM generate_series(CASE family(p_ip) WHEN 6 THEN 32 ELSE 129 END, 128) n $$;

-- Sessions that held p_ip at some moment from p_from to p_to, at most p_limit, the latest first. One that never stopped is open or was heard of last at
-- updated_at. Of IPv4 a session begun more than two days before is looked for among the long ones alone.
DROP FUNCTION IF EXISTS address_holders;
CREATE FUNCTION address_holders(p_ip inet, p_from timestamptz, p_to timestamptz, p_limit integer) RETURNS TABLE (
  session_id bigint, subscription_id bigint, subscriber_id bigint, name text, phone text, username text, address text, mac text, router text, nas_id bigint,
  acct_session_id text, started_at timestamptz, stopped_at timestamptz, updated_at timestamptz, closed_by text
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_columns text := 'radacctid, l.subscription_id, l.username, coalesce(host(l.framed_ip), l.delegated_ipv6_prefix, l.framed_ipv6_prefix) AS address, l.mac, l.nas_id, l.acct_session_id, l.started_at, l.stopped_at, l.updated_at, l.closed_by';
  v_held text := 'l.tenant_id = $1 AND l.started_at <= $3 AND (l.stopped_at IS NULL OR l.stopped_at >= $2)';
  v_sources text;
BEGIN
  IF lango_tenant() IS NULL THEN RETURN; END IF;
  IF family(p_ip) = 4 THEN
    v_sources := format($q$
      SELECT %1$s FROM session_live l WHERE l.framed_ip = $4 AND %2$s
      UNION SELECT %1$s FROM session_closed l WHERE l.framed_ip = $4 AND %2$s AND l.started_at >= $2 - interval '2 days'
      UNION SELECT %1$s FROM session_closed l WHERE l.framed_ip = $4 AND %2$s AND l.stopped_at - l.started_at > interval '2 days' $q$, 'l.' || v_columns, v_held);
  ELSE
    SELECT string_agg(format('SELECT %s FROM %I l WHERE l.%I = ANY ($5) AND %s', replace('l.' || v_columns, 'coalesce(host(l.framed_ip), l.delegated_ipv6_prefix, l.framed_ipv6_prefix)', 'l.' || col), t, col, v_held), ' UNION ')
    INTO v_sources FROM unnest(ARRAY['session_live', 'session_closed']) t, unnest(ARRAY['framed_ipv6_prefix', 'delegated_ipv6_prefix']) col;
  END IF;
  RETURN QUERY EXECUTE format($q$
    SELECT h.radacctid, h.subscription_id, c.id, c.name, c.phone, h.username, h.address, h.mac, n.name::text, h.nas_id, h.acct_session_id, h.started_at, h.stopped_at, h.updated_at, h.closed_by
    FROM (SELECT * FROM (%s) u ORDER BY u.started_at DESC LIMIT $6) h
    LEFT JOIN subscription s ON s.id = h.subscription_id AND s.tenant_id = $1 LEFT JOIN subscriber c ON c.id = s.subscriber_id LEFT JOIN nas n ON n.id = h.nas_id AND n.tenant_id = $1
    ORDER BY h.started_at DESC $q$, v_sources)
  USING lango_tenant(), p_from, p_to, p_ip, address_prefixes(p_ip), p_limit;
END $$;
GRANT EXECUTE ON FUNCTION address_holders TO lango_web;
