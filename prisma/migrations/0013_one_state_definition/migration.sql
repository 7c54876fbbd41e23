-- The rule of 0011 once more, so that it is one definition for both uses.

-- The definition, inlined where its arguments are columns and parameters.
CREATE FUNCTION subscription_state_at(
  status text, expires_at timestamptz, grace_s integer, quota_bytes bigint, used_bytes bigint, on_quota text, at timestamptz
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN status <> 'active' THEN status
    WHEN at >= expires_at + make_interval(secs => grace_s) THEN 'expired'
    WHEN quota_bytes IS NOT NULL AND used_bytes >= quota_bytes THEN CASE on_quota WHEN 'throttle' THEN 'throttled' ELSE 'capped' END
    WHEN at >= expires_at THEN 'grace'
    ELSE 'active'
  END
$$;
COMMENT ON FUNCTION subscription_state_at IS 'The one definition of a subscription''s state. used_bytes and quota_bytes are of the running cycle; quota includes top-ups.';
GRANT EXECUTE ON FUNCTION subscription_state_at TO lango_web, lango_jobs, lango_accounting, lango_enforcer;

-- The same for arguments too dear to be inlined twice, such as lango_now().
CREATE OR REPLACE FUNCTION subscription_state(
  status text, expires_at timestamptz, grace_s integer, quota_bytes bigint, used_bytes bigint, on_quota text, at timestamptz
) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN subscription_state_at(status, expires_at, grace_s, quota_bytes, used_bytes, on_quota, at);
END $$;
