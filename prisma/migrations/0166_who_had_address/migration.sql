-- Who had this address at this second: answered from indexes over the sessions of all months (prisma/functions/address.sql).
-- IPv4 in the history has its index since the first migration (tenant_id, framed_ip, started_at).
CREATE INDEX session_live_address ON session_live (tenant_id, framed_ip, started_at DESC) WHERE framed_ip IS NOT NULL;
CREATE INDEX session_live_prefix ON session_live (tenant_id, framed_ipv6_prefix, started_at DESC) WHERE framed_ipv6_prefix IS NOT NULL;
CREATE INDEX session_live_delegated ON session_live (tenant_id, delegated_ipv6_prefix, started_at DESC) WHERE delegated_ipv6_prefix IS NOT NULL;
CREATE INDEX ON session_closed (tenant_id, framed_ipv6_prefix, started_at DESC) WHERE framed_ipv6_prefix IS NOT NULL;
CREATE INDEX ON session_closed (tenant_id, delegated_ipv6_prefix, started_at DESC) WHERE delegated_ipv6_prefix IS NOT NULL;
-- Sessions of more than two days are few: the others are found within two days of their beginning.
CREATE INDEX session_closed_long ON session_closed (tenant_id, framed_ip, started_at DESC) WHERE stopped_at - started_at > interval '2 days';
-- The history of one company, a page at a time, newest first.
CREATE INDEX session_closed_newest ON session_closed (tenant_id, radacctid DESC);

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, 'sessions.trace' FROM staff_role r WHERE r.tenant_id IS NULL AND r.key IN ('super_admin', 'isp_admin');
