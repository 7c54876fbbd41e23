-- Wrong passwords of every company stand in one table: no company's web role reads it, it only asks how long to wait (prisma/functions/staff.sql).
REVOKE ALL ON staff_login_failure FROM lango_web;

-- An IPv6 customer has a whole /64 of addresses: guessing from the next one must not begin anew. IPv4 written as IPv6 is IPv4.
CREATE FUNCTION staff_login_source(p_ip inet) RETURNS inet LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN family(p_ip) = 4 THEN p_ip
              WHEN p_ip << inet '::ffff:0:0/96' THEN substr(host(p_ip), 8)::inet
              ELSE network(set_masklen(p_ip, 64))::inet END
$$;

-- The share of one company in what is put aside is counted at each packet that is.
CREATE INDEX ON accounting_quarantine (tenant_id);
