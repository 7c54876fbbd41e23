-- Who has an address out of which pool.

-- Addresses (or prefixes) of each pool that are in use: by live sessions of its routers, or of a static pool by subscriptions. Each is counted once,
-- however many sessions have it. p_pool_id NULL: all pools that the caller may see.
CREATE OR REPLACE FUNCTION pool_used(p_pool_id bigint) RETURNS TABLE (pool_id bigint, used bigint) LANGUAGE sql STABLE AS $$
  SELECT p.id, CASE WHEN p.kind = 'static' THEN
      (SELECT count(DISTINCT s.static_ip) FROM subscription s JOIN pool_range r ON r.pool_id = p.id AND s.static_ip BETWEEN r.first_ip AND r.last_ip
       WHERE s.tenant_id = p.tenant_id AND s.static_ip IS NOT NULL AND s.status <> 'ended')
    ELSE
      (SELECT count(DISTINCT a.address)
       FROM (SELECT CASE p.kind WHEN 'ipv4' THEN l.framed_ip
                    ELSE CASE WHEN x.prefix ~ '^[0-9a-fA-F:]+(/[0-9]+)?$' THEN x.prefix::inet END END AS address
             FROM session_live l
             CROSS JOIN LATERAL (SELECT CASE p.kind WHEN 'ipv6' THEN l.framed_ipv6_prefix ELSE l.delegated_ipv6_prefix END AS prefix) x
             WHERE l.tenant_id = p.tenant_id AND l.stopped_at IS NULL
               AND (NOT EXISTS (SELECT FROM pool_router o WHERE o.pool_id = p.id) OR l.nas_id IN (SELECT o.nas_id FROM pool_router o WHERE o.pool_id = p.id))) a
       JOIN pool_range r ON r.pool_id = p.id AND host(a.address)::inet BETWEEN r.first_ip AND r.last_ip)
    END
  FROM pool p WHERE p_pool_id IS NULL OR p.id = p_pool_id
$$;
GRANT EXECUTE ON FUNCTION pool_used TO lango_web, lango_jobs;

-- Notes how full the pools of all companies are. Gives the number of pools.
CREATE OR REPLACE FUNCTION pool_note_usage() RETURNS bigint LANGUAGE sql AS $$
  WITH noted AS (
    INSERT INTO pool_usage AS u (pool_id, hour, tenant_id, used, used_max, seen_at)
    SELECT n.pool_id, date_trunc('hour', lango_now()), p.tenant_id, n.used, n.used, lango_now() FROM pool_used(NULL) n JOIN pool p ON p.id = n.pool_id
    ON CONFLICT (pool_id, hour) DO UPDATE SET used = excluded.used, used_max = greatest(u.used_max, excluded.used), seen_at = excluded.seen_at
    RETURNING 1)
  SELECT count(*) FROM noted
$$;
GRANT EXECUTE ON FUNCTION pool_note_usage TO lango_jobs;

-- The pool from which routers might give this address to anybody, by name: no customer can have it for their own. NULL when there is none.
CREATE OR REPLACE FUNCTION pool_giving(p_tenant_id bigint, p_address inet) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT p.name FROM pool p JOIN pool_range r ON r.pool_id = p.id
  WHERE p.tenant_id = p_tenant_id AND p.kind = 'ipv4' AND p_address BETWEEN r.first_ip AND r.last_ip ORDER BY p.id LIMIT 1
$$;
GRANT EXECUTE ON FUNCTION pool_giving TO lango_web;
