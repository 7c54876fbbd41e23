-- Which logins may be answered otherwise since when, for the snapshots that FreeRADIUS hosts keep of the answers. Only ever appended to: a table with
-- one row per login would have the transactions of money, accounting and enforcement wait for each other.
CREATE TABLE snapshot_change (
  tenant_id bigint NOT NULL,
  username text NOT NULL,
  -- The transaction that changed it. Whoever has read up to the oldest one under way has missed nothing; a sequence or a time would not say that.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON snapshot_change (xid);
SELECT platform_protect_table('snapshot_change');
