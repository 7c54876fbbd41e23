-- Codes that are printed are sold for a while and forgotten: from this moment on those of the batch that were not yet used let nobody in.
ALTER TABLE voucher_batch ADD COLUMN valid_until timestamptz;
GRANT UPDATE (valid_until) ON voucher_batch TO lango_web;

-- Whether the unused codes of a batch let somebody in.
CREATE FUNCTION voucher_is_open(p_voided_at timestamptz, p_valid_until timestamptz) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT p_voided_at IS NULL AND coalesce(p_valid_until > lango_now(), true) $$;
GRANT EXECUTE ON FUNCTION voucher_is_open TO lango_web, lango_jobs;
