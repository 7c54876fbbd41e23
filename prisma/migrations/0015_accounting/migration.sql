-- What the accounting function needs to tell one life of a session id from the next.
--   start_mark  the first 64 bits of the Start packet's authenticator: a repeated Start is known by it; NULL until a Start was seen
--   closed_at   the moment whose event closed the session (the reboot, the takeover); stopped_at is when it was last known alive
ALTER TABLE session_live ADD COLUMN start_mark bigint, ADD COLUMN closed_at timestamptz;
ALTER TABLE session_closed ADD COLUMN start_mark bigint, ADD COLUMN closed_at timestamptz;

-- At most one life of a session id is open. It also serves every search by router that session_live_nas served.
CREATE UNIQUE INDEX session_live_open ON session_live (nas_id, acct_session_id) WHERE stopped_at IS NULL;
DROP INDEX session_live_nas;

-- Every interim rewrites its row: vacuum early, in small bites.
ALTER TABLE session_live SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE usage_cycle SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
