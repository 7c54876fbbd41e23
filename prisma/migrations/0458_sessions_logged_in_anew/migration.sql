-- Somebody who logs in anew in the middle of a session (802.1X) goes on with another Class. What was once accepted for the same life is known by it from then on,
-- whatever clocks do. The last eight; NULL where nobody did.
ALTER TABLE session_live ADD COLUMN relogin_ids text[];
ALTER TABLE session_closed ADD COLUMN relogin_ids text[];
