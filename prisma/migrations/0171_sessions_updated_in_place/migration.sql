-- A session's beginning moves with its interims (the earliest that a packet tells), and a row whose update touches an indexed column is written anew
-- with all its index entries: a third of the rate of accounting. No index of session_live may hold it; of one address or customer there are few rows.
DROP INDEX session_live_address, session_live_prefix, session_live_delegated, session_live_over;
CREATE INDEX session_live_address ON session_live (tenant_id, framed_ip) WHERE framed_ip IS NOT NULL;
CREATE INDEX session_live_prefix ON session_live (tenant_id, framed_ipv6_prefix) WHERE framed_ipv6_prefix IS NOT NULL;
CREATE INDEX session_live_delegated ON session_live (tenant_id, delegated_ipv6_prefix) WHERE delegated_ipv6_prefix IS NOT NULL;
CREATE INDEX session_live_over ON session_live (subscription_id) WHERE stopped_at IS NOT NULL;
