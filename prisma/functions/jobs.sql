-- The one way to hand work to the queue, in the transaction that made it necessary: it runs if and only if that commits.
-- What waits for routers, one task for each of them, or draws for minutes comes after everything else: a payment does not stand in line behind 200 routers.
-- p_key: work that is asked for again under the same key before it has run is one piece of work.
CREATE OR REPLACE FUNCTION job_enqueue(p_task text, p_payload json DEFAULT '{}', p_run_at timestamptz DEFAULT NULL, p_key text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (SELECT j.id FROM graphile_worker.add_job(p_task, payload => p_payload, run_at => p_run_at, job_key => p_key, priority => CASE
    WHEN p_task IN ('sites.put-pages', 'configurations.take', 'drift.check', 'drift.repair', 'vouchers.draw-sheet') THEN 10 ELSE 0 END) AS j);
END $$;
COMMENT ON FUNCTION job_enqueue IS 'Hands a task (control-plane/<slice>/tasks.ts) to the jobs role. Payloads carry ids, never secrets.';
GRANT EXECUTE ON FUNCTION job_enqueue TO lango_web, lango_jobs, lango_accounting, lango_enforcer;
