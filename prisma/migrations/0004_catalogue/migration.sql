CREATE TABLE plan (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  kind text NOT NULL CHECK (kind IN ('pppoe', 'hotspot')),
  current_version_id bigint,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  archived_at timestamptz
);
CREATE UNIQUE INDEX plan_name_live ON plan (tenant_id, lower(name)) WHERE archived_at IS NULL;

-- What is sold. Never edited: a change of a plan is a new version, and a running subscription keeps the one it was sold.
CREATE TABLE plan_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  plan_id bigint NOT NULL REFERENCES plan,
  version integer NOT NULL,
  price_cents bigint NOT NULL CHECK (price_cents >= 0),
  currency char(3) NOT NULL,
  validity_count integer NOT NULL CHECK (validity_count BETWEEN 1 AND 100000),
  validity_unit text NOT NULL CHECK (validity_unit IN ('second', 'minute', 'hour', 'day', 'week', 'month')),
  validity_ends text NOT NULL DEFAULT 'exact' CHECK (validity_ends IN ('exact', 'end_of_day')),
  down_kbps bigint NOT NULL CHECK (down_kbps BETWEEN 1 AND 100000000),
  up_kbps bigint NOT NULL CHECK (up_kbps BETWEEN 1 AND 100000000),
  burst_down_kbps bigint,
  burst_up_kbps bigint,
  burst_threshold_down_kbps bigint,
  burst_threshold_up_kbps bigint,
  burst_time_s integer,
  quota_bytes bigint CHECK (quota_bytes > 0),
  on_quota text NOT NULL DEFAULT 'cut' CHECK (on_quota IN ('cut', 'throttle')),
  throttle_down_kbps bigint CHECK (throttle_down_kbps > 0),
  throttle_up_kbps bigint CHECK (throttle_up_kbps > 0),
  simultaneous_use integer NOT NULL DEFAULT 1 CHECK (simultaneous_use BETWEEN 1 AND 1000),
  interim_s integer NOT NULL DEFAULT 300 CHECK (interim_s BETWEEN 5 AND 86400),
  idle_timeout_s integer CHECK (idle_timeout_s > 0),
  grace_s integer NOT NULL DEFAULT 0 CHECK (grace_s >= 0),
  pool text,
  address_list text,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  UNIQUE (plan_id, version),
  CHECK (on_quota = 'cut' OR quota_bytes IS NULL OR (throttle_down_kbps IS NOT NULL AND throttle_up_kbps IS NOT NULL))
);
ALTER TABLE plan ADD FOREIGN KEY (current_version_id) REFERENCES plan_version DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE subscriber (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  phone text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  email text CHECK (length(email) <= 254),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  deleted_at timestamptz,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX ON subscriber (tenant_id, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX ON subscriber (tenant_id, phone);

-- status is what people and money decided; the state shown and enforced (subscription_state) also weighs time and usage and is never stored,
-- so that expiry is true at its second without any job.
CREATE TABLE subscription (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  plan_version_id bigint NOT NULL REFERENCES plan_version,
  next_plan_version_id bigint REFERENCES plan_version,
  username text NOT NULL CHECK (length(username) BETWEEN 1 AND 128 AND username !~ '[[:cntrl:]]'),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'suspended', 'paused', 'ended')),
  starts_at timestamptz,
  expires_at timestamptz,
  cycle_no integer NOT NULL DEFAULT 0,
  quota_bytes bigint CHECK (quota_bytes > 0),
  topup_bytes bigint NOT NULL DEFAULT 0 CHECK (topup_bytes >= 0),
  static_ip inet,
  mac_lock text CHECK (mac_lock ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$'),
  suspended_reason text,
  paused_at timestamptz,
  -- When the network must next be told that this entitlement has ended (end of validity and grace); NULL once that was done.
  expiry_due_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  version integer NOT NULL DEFAULT 1,
  CHECK (status <> 'active' OR (starts_at IS NOT NULL AND expires_at IS NOT NULL)),
  UNIQUE (tenant_id, username)
);
CREATE INDEX ON subscription (subscriber_id);
CREATE INDEX ON subscription (tenant_id, id DESC);
CREATE INDEX subscription_expiry_due ON subscription (expiry_due_at) WHERE expiry_due_at IS NOT NULL;
CREATE UNIQUE INDEX subscription_static_ip ON subscription (tenant_id, static_ip) WHERE static_ip IS NOT NULL AND status <> 'ended';

-- Usage of one subscription in one cycle; the row of the running cycle is what caps are held against.
CREATE TABLE usage_cycle (
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  cycle_no integer NOT NULL,
  tenant_id bigint NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  input_bytes bigint NOT NULL DEFAULT 0,
  output_bytes bigint NOT NULL DEFAULT 0,
  seconds bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (subscription_id, cycle_no)
) WITH (fillfactor = 70);

CREATE FUNCTION subscription_state(
  status text, expires_at timestamptz, grace_s integer, quota_bytes bigint, used_bytes bigint, on_quota text, at timestamptz
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN status <> 'active' THEN status
    WHEN at >= expires_at + make_interval(secs => grace_s) THEN 'expired'
    WHEN quota_bytes IS NOT NULL AND used_bytes >= quota_bytes THEN CASE on_quota WHEN 'throttle' THEN 'throttled' ELSE 'capped' END
    WHEN at >= expires_at THEN 'grace'
    ELSE 'active'
  END
$$;
COMMENT ON FUNCTION subscription_state IS 'The one definition of a subscription''s state. used_bytes and quota_bytes are of the running cycle; quota includes top-ups.';
GRANT EXECUTE ON FUNCTION subscription_state TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

CREATE VIEW subscription_now WITH (security_invoker = true) AS
SELECT s.*,
       v.plan_id, v.grace_s, v.on_quota,
       s.quota_bytes + s.topup_bytes AS allowance_bytes,
       coalesce(u.input_bytes + u.output_bytes, 0) AS used_bytes,
       s.expires_at + make_interval(secs => v.grace_s) AS valid_until,
       subscription_state(s.status, s.expires_at, v.grace_s, s.quota_bytes + s.topup_bytes,
                          coalesce(u.input_bytes + u.output_bytes, 0), v.on_quota, lango_now()) AS state
FROM subscription s
JOIN plan_version v ON v.id = s.plan_version_id
LEFT JOIN usage_cycle u ON u.subscription_id = s.id AND u.cycle_no = s.cycle_no;

-- Keeps the expiry sleeper's alarm right whoever changes the row.
CREATE FUNCTION subscription_arm_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT'
     OR (NEW.status, NEW.expires_at, NEW.plan_version_id) IS DISTINCT FROM (OLD.status, OLD.expires_at, OLD.plan_version_id) THEN
    NEW.expiry_due_at := CASE WHEN NEW.status = 'active' THEN
      NEW.expires_at + make_interval(secs => (SELECT v.grace_s FROM plan_version v WHERE v.id = NEW.plan_version_id)) END;
    IF NEW.expiry_due_at IS NOT NULL THEN
      PERFORM pg_notify('lango_expiry', '');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER subscription_arm_expiry BEFORE INSERT OR UPDATE ON subscription FOR EACH ROW EXECUTE FUNCTION subscription_arm_expiry();
