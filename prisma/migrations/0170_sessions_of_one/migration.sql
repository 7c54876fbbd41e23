-- The last sessions of one service, on a customer's page: those that ended within the day. Written when a session ends, when its row moves anyhow.
CREATE INDEX session_live_over ON session_live (subscription_id, started_at DESC) WHERE stopped_at IS NOT NULL;
