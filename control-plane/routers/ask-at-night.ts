import type { JobSpec } from '../platform/jobs/job';

/** Seconds over which the routers are spread, so that no site's are all asked at once. */
const SPREAD_S = 7200;

/**
 * A job that puts a task for each router with an API user into the queue (`{router_id}`, one at a time for a router), spread over two hours.
 * @param stride a number of its own for each task, prime, so that one router's tasks do not meet
 */
export function askAtNight(name: string, cron: string, task: string, stride: number): JobSpec {
  return {
    name,
    cron,
    async run(db) {
      const { rowCount } = await db.query(
        `SELECT job_enqueue($1, json_build_object('router_id', id::text), now() + make_interval(secs => (id * $2::bigint) % $3::bigint), $1 || ':' || id)
         FROM nas WHERE type = 'mikrotik' AND api_username IS NOT NULL`,
        [task, stride, SPREAD_S],
      );
      return rowCount ?? 0;
    },
  };
}
