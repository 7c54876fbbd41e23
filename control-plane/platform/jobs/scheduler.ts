import { schedule, validate, type ScheduledTask } from 'node-cron';
import type { Pool } from 'pg';
import { jobRuns } from '../http/metrics';
import type { Log } from '../log';
import type { JobConnection, JobSpec } from './job';

export interface Scheduler {
  /** No new ticks; resolves when running jobs have ended. */
  stop(): Promise<void>;
}

/**
 * Fires each job by its cron line in every jobs process; the first to insert (job, scheduled_for) runs it and the others pass.
 * @throws at start for a cron line that does not parse or a name used twice
 */
export function startScheduler(pool: Pool, specs: JobSpec[], o: { log: Log; dataDir: string }): Scheduler {
  const running = new Set<Promise<void>>();
  const fire = (spec: JobSpec, at: Date): void => {
    const run = runTick(pool, spec, at, o);
    running.add(run);
    void run.finally(() => running.delete(run));
  };
  assertRunnable(specs);
  const tasks = specs.map((spec): ScheduledTask => {
    if (spec.atStart) fire(spec, wholeSecond(new Date()));
    const task = schedule(spec.cron, (context) => fire(spec, wholeSecond(context.date)), {
      timezone: 'Etc/UTC',
      name: spec.name,
      suppressMissedWarning: true,
    });
    // Its moment passed while this process stood still: a job of once a day must not wait for tomorrow.
    task.on('execution:missed', (context) => fire(spec, wholeSecond(context.date)));
    return task;
  });
  return {
    async stop() {
      for (const task of tasks) await task.destroy();
      await Promise.allSettled(running);
    },
  };
}

/** All of them before the first is scheduled: a start that fails must leave no timer behind. */
function assertRunnable(specs: JobSpec[]): void {
  const names = new Set<string>();
  for (const { name, cron } of specs) {
    if (!validate(cron)) throw new Error(`Job ${name} has a cron line that does not parse: ${cron}`);
    if (names.has(name)) throw new Error(`Two jobs are called ${name}.`);
    names.add(name);
  }
}

/** Every process must write the same moment for the same tick. */
function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}

/** One tick: claimed once over all processes, never beside an earlier run of the same job that still goes on. */
export async function runTick(pool: Pool, spec: JobSpec, at: Date, o: { log: Log; dataDir: string }): Promise<void> {
  const log = o.log.child({ job: spec.name });
  const client = await pool.connect().catch((error: unknown) => {
    log.warn({ err: error }, 'tick missed: the database is not answering');
    return undefined;
  });
  if (!client) return;
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS free', [
      `lango job ${spec.name}`,
    ]);
    if (!rows[0]?.free) return;
    const { rowCount } = await client.query(
      'INSERT INTO platform_job_tick (job, scheduled_for) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [spec.name, at],
    );
    if (rowCount === 1) await runClaimed(client, spec, at, { ...o, log });
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [`lango job ${spec.name}`]);
  } catch (error) {
    // A connection that failed may still hold the lock: it is closed, not reused.
    broken = error instanceof Error ? error : new Error(String(error));
    log.warn({ err: error }, 'tick not kept');
  } finally {
    client.release(broken);
  }
}

async function runClaimed(db: JobConnection, spec: JobSpec, at: Date, o: { log: Log; dataDir: string }): Promise<void> {
  let touched: number | null = null;
  let fault: string | null = null;
  try {
    touched = await spec.run(db, { log: o.log, dataDir: o.dataDir, scheduledFor: at });
    jobRuns.inc({ job: spec.name, outcome: 'done' });
  } catch (error) {
    fault = error instanceof Error ? error.message.slice(0, 1000) : String(error);
    jobRuns.inc({ job: spec.name, outcome: 'failed' });
    o.log.error({ err: error }, 'job failed; it is tried again at its next tick');
  }
  await db.query(
    'UPDATE platform_job_tick SET finished_at = clock_timestamp(), rows_touched = $3, error = $4 WHERE job = $1 AND scheduled_for = $2',
    [spec.name, at, touched, fault],
  );
}
