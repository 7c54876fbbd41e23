-- Time online that a plan gives, kept beside watch_bytes for the same reason: a record that brings more seconds than the alarm foresaw must be noticed at once.
ALTER TABLE subscription ADD COLUMN watch_seconds bigint;
