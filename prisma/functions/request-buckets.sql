-- Requests that web processes count together (control-plane/platform/http/limits.ts). Real time, as the processes have it: a test that moves
-- the clock of the business does not refill them.

-- Takes n requests out of a bucket of so many that fills at so many a second. Gives what is left, less than nothing when more was taken than
-- there was: with many processes it is that debt which slows all of them to the one rate. It is at most half a bucket, so that nobody waits for minutes.
CREATE OR REPLACE FUNCTION request_bucket_take(p_key bytea, p_n integer, p_burst integer, p_per_second double precision) RETURNS double precision
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO request_bucket AS b (key, left_over, at) VALUES (p_key, p_burst - p_n, clock_timestamp())
  ON CONFLICT (key) DO UPDATE SET at = clock_timestamp(),
    left_over = greatest(-p_burst / 2.0, least(p_burst, b.left_over + greatest(0, extract(epoch FROM clock_timestamp() - b.at)) * p_per_second) - p_n)
  RETURNING left_over
$$;
GRANT EXECUTE ON FUNCTION request_bucket_take(bytea, integer, integer, double precision) TO lango_web;

-- Forgets buckets that are full again: none takes longer than an hour. Gives how many.
CREATE OR REPLACE FUNCTION request_bucket_forget() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM request_bucket WHERE at < clock_timestamp() - interval '1 hour' RETURNING 1) SELECT count(*) FROM gone
$$;
GRANT EXECUTE ON FUNCTION request_bucket_forget() TO lango_jobs;
