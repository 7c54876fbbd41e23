-- Made anew, so that it is the newest: over an empty table it costs no less to look up a subscription's open sessions than to walk through any other
-- index of open ones, and of equals the planner takes the newest. The plan would stand while the table fills.
DROP INDEX session_live_subscription;
CREATE INDEX session_live_subscription ON session_live (subscription_id) WHERE stopped_at IS NULL;
