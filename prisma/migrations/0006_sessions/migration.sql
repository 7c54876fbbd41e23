CREATE SEQUENCE session_id_seq;

-- Sessions that are open, and those closed in the last day (late packets find them here). One unpartitioned table: a unique key over monthly
-- partitions would have to contain the partition column, and the key of a session is (NAS, session id, generation) alone.
-- A generation is one life of a session id: RouterOS repeats ids after reboots.
-- No index may contain a column that an interim changes, or updates stop being HOT.
CREATE TABLE session_live (
  radacctid bigint NOT NULL DEFAULT nextval('session_id_seq'),
  tenant_id bigint NOT NULL,
  nas_id bigint NOT NULL,
  acct_session_id text NOT NULL,
  generation integer NOT NULL DEFAULT 0,
  first_seen_on date NOT NULL DEFAULT (lango_now() AT TIME ZONE 'UTC')::date,
  subscription_id bigint,
  username text NOT NULL DEFAULT '',
  realm text,
  nas_address inet NOT NULL,
  nas_identifier text,
  nas_ip_address inet,
  nas_port bigint,
  nas_port_id text,
  nas_port_type text,
  service_type text,
  framed_protocol text,
  service text NOT NULL DEFAULT 'other' CHECK (service IN ('ppp', 'hotspot', 'other')),
  acct_authentic text,
  called_station_id text,
  calling_station_id text,
  mac text,
  framed_ip inet,
  framed_ipv6_prefix text,
  delegated_ipv6_prefix text,
  class bytea,
  login_id text,
  started_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  stopped_at timestamptz,
  terminate_cause text,
  closed_by text CHECK (closed_by IN ('stop', 'stale', 'nas_reboot', 'takeover', 'new_generation')),
  session_time_s bigint NOT NULL DEFAULT 0,
  input_bytes bigint NOT NULL DEFAULT 0,
  output_bytes bigint NOT NULL DEFAULT 0,
  -- What stood before the last update: the delta is computed inside the update itself, where the old row is certain.
  prev_session_time_s bigint NOT NULL DEFAULT 0,
  prev_input_bytes bigint NOT NULL DEFAULT 0,
  prev_output_bytes bigint NOT NULL DEFAULT 0,
  prev_updated_at timestamptz,
  interim_s integer,
  -- As the router last reported them.
  rate_limit text,
  address_list text,
  -- What this session was let in with (from Class) or last told by an acknowledged CoA; NULL when the NAS echoes no Class.
  mode text CHECK (mode IN ('full', 'throttled', 'garden')),
  PRIMARY KEY (nas_id, acct_session_id, generation)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX session_live_id ON session_live (radacctid);
CREATE INDEX session_live_subscription ON session_live (subscription_id) WHERE stopped_at IS NULL;
CREATE INDEX session_live_tenant ON session_live (tenant_id, radacctid DESC) WHERE stopped_at IS NULL;
CREATE INDEX session_live_nas ON session_live (nas_id) WHERE stopped_at IS NULL;
CREATE INDEX session_live_closed ON session_live (stopped_at) WHERE stopped_at IS NOT NULL;
CREATE INDEX session_live_username ON session_live (tenant_id, username);

-- Closed sessions, by the immutable day they were first seen.
CREATE TABLE session_closed (LIKE session_live INCLUDING DEFAULTS, PRIMARY KEY (first_seen_on, nas_id, acct_session_id, generation)) PARTITION BY RANGE (first_seen_on);
CREATE TABLE session_closed_default PARTITION OF session_closed DEFAULT;
CREATE INDEX ON session_closed (nas_id, acct_session_id, generation DESC);
CREATE INDEX ON session_closed (tenant_id, username, started_at DESC);
CREATE INDEX ON session_closed (subscription_id, started_at DESC);
CREATE INDEX ON session_closed (tenant_id, framed_ip, started_at DESC);
CREATE INDEX ON session_closed (radacctid);

CREATE VIEW session_all WITH (security_invoker = true) AS
  SELECT * FROM session_live UNION ALL SELECT * FROM session_closed;

-- The standard view of both, for tools made for FreeRADIUS.
CREATE VIEW radacct WITH (security_invoker = true) AS
SELECT radacctid,
       acct_session_id AS acctsessionid,
       md5(nas_id::text || ',' || acct_session_id || ',' || generation::text) AS acctuniqueid,
       username,
       NULL::text AS groupname,
       realm,
       coalesce(nas_ip_address, nas_address) AS nasipaddress,
       nas_port_id AS nasportid,
       nas_port_type AS nasporttype,
       started_at AS acctstarttime,
       updated_at AS acctupdatetime,
       stopped_at AS acctstoptime,
       interim_s::bigint AS acctinterval,
       session_time_s AS acctsessiontime,
       acct_authentic AS acctauthentic,
       NULL::text AS connectinfo_start,
       NULL::text AS connectinfo_stop,
       input_bytes AS acctinputoctets,
       output_bytes AS acctoutputoctets,
       called_station_id AS calledstationid,
       calling_station_id AS callingstationid,
       terminate_cause AS acctterminatecause,
       service_type AS servicetype,
       framed_protocol AS framedprotocol,
       framed_ip AS framedipaddress,
       NULL::inet AS framedipv6address,
       framed_ipv6_prefix AS framedipv6prefix,
       NULL::text AS framedinterfaceid,
       delegated_ipv6_prefix AS delegatedipv6prefix,
       encode(class, 'hex') AS class,
       tenant_id
FROM session_all;

-- Exact usage: the sum over a subscription's hours, over its cycles, and over its sessions' counters are one number.
CREATE TABLE usage_hour (
  subscription_id bigint NOT NULL,
  hour timestamptz NOT NULL,
  tenant_id bigint NOT NULL,
  input_bytes bigint NOT NULL DEFAULT 0,
  output_bytes bigint NOT NULL DEFAULT 0,
  seconds bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (subscription_id, hour)
) PARTITION BY RANGE (hour);
CREATE TABLE usage_hour_default PARTITION OF usage_hour DEFAULT;

-- Spool of each listener process: no session is swept as stale while one of these is not drained.
CREATE TABLE accounting_spool (
  instance text PRIMARY KEY,
  host text NOT NULL,
  pending_packets bigint NOT NULL DEFAULT 0,
  oldest_at timestamptz,
  beat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  drained_at timestamptz
);

-- Records that could not be stored, kept whole for a person to look at.
CREATE TABLE accounting_quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT lango_now(),
  tenant_id bigint,
  nas_address inet,
  packet bytea NOT NULL,
  error text NOT NULL
);

-- Makes the monthly partitions of the history tables from last month to months_ahead. Run at migration and daily.
-- Rows that already fell into a default partition for that month are moved with it.
CREATE FUNCTION platform_make_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  parent text; key text; m date; part text; made integer := 0;
BEGIN
  FOR parent, key IN VALUES ('audit_event', 'at'), ('radpostauth', 'authdate'), ('session_closed', 'first_seen_on'), ('usage_hour', 'hour') LOOP
    FOR m IN SELECT generate_series(date_trunc('month', lango_now() AT TIME ZONE 'UTC') - interval '1 month',
                                    date_trunc('month', lango_now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead), '1 month')::date LOOP
      part := format('%s_%s', parent, to_char(m, 'YYYYMM'));
      CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                     parent || '_default', key, m::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END,
                     key, (m + interval '1 month')::date::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END, part);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part,
                     m::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END,
                     (m + interval '1 month')::date::text || CASE WHEN key = 'first_seen_on' THEN '' ELSE ' 00:00:00+00' END);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
GRANT EXECUTE ON FUNCTION platform_make_partitions(integer) TO lango_jobs;
SELECT platform_make_partitions(3);
