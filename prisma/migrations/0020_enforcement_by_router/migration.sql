-- The enforcer takes a few due rows of each router at a time, so that thousands of rows for a dead one cost the others nothing.
CREATE INDEX enforcement_open_nas ON enforcement (nas_id, next_attempt_at) WHERE state = 'open';
