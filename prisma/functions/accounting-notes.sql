-- What accounting says and writes down beside sessions and usage.

-- Live pages hear of sessions that came or went, not of every interim: notifications queue commits behind one another.
CREATE OR REPLACE FUNCTION accounting_tell_sessions(p_tenants bigint[]) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('lango_live', json_build_object('tenant', t::text, 'topic', 'sessions')::text) FROM unnest(p_tenants) t
$$;

-- When routers were last heard of and what they call themselves; at most every few seconds, from all listener processes.
CREATE OR REPLACE FUNCTION accounting_heard_of(p_nas bigint[], p_identity text[], p_age_ms bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO nas_status AS t (nas_id, tenant_id, identity, last_accounting_at)
  SELECT n.id, n.tenant_id, u.identity, lango_now() - u.age_ms * interval '1 ms'
  FROM unnest(p_nas, p_identity, p_age_ms) AS u (nas, identity, age_ms) JOIN nas n ON n.id = u.nas ORDER BY n.id
  ON CONFLICT (nas_id) DO UPDATE SET identity = coalesce(excluded.identity, t.identity),
    last_accounting_at = greatest(t.last_accounting_at, excluded.last_accounting_at)
$$;
GRANT EXECUTE ON FUNCTION accounting_heard_of TO lango_accounting;

-- Packets from addresses that are no router of ours. The table is bounded: a flood of forged addresses pushes out nothing that is known.
CREATE OR REPLACE FUNCTION accounting_unknown_heard(p_address inet[], p_packets bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO nas_unknown AS t (address, kind, packets, first_at, last_at)
  SELECT u.address, 'acct', u.packets, lango_now(), lango_now() FROM unnest(p_address, p_packets) AS u (address, packets)
  WHERE (SELECT count(*) FROM nas_unknown) < 1000 OR EXISTS (SELECT 1 FROM nas_unknown k WHERE k.address = u.address AND k.kind = 'acct')
  ORDER BY 1
  ON CONFLICT (address, kind) DO UPDATE SET packets = t.packets + excluded.packets, last_at = excluded.last_at
$$;
GRANT EXECUTE ON FUNCTION accounting_unknown_heard TO lango_accounting;

-- Keeps a packet that cannot be stored for a person to look at: the first 1,000 of each company, so that one broken router fills neither the disk
-- nor the room of the others.
CREATE OR REPLACE FUNCTION accounting_keep_aside(p_tenant bigint, p_address inet, p_packet bytea, p_error text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO accounting_quarantine (tenant_id, nas_address, packet, error)
  SELECT p_tenant, p_address, p_packet, p_error 
  WHERE (SELECT count(*) FROM (SELECT FROM accounting_quarantine q WHERE q.tenant_id IS NOT DISTINCT FROM p_tenant LIMIT 1000) kept) < 1000
$$;
GRANT EXECUTE ON FUNCTION accounting_keep_aside TO lango_accounting;
