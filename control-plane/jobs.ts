import { Logger, run, type Runner, type TaskList } from 'graphile-worker';
import { createPool } from './platform/db/pool';
import { startScheduler } from './platform/jobs/scheduler';
import type { Log } from './platform/log';
import { sliceJobs, sliceTasks } from './slices';

export interface JobsOptions {
  /** Login of the jobs role. */
  databaseUrl: string;
  /** LANGO_DATA. */
  dataDir: string;
  log: Log;
}

const TASKS_AT_ONCE = 4;

/** Starts scheduled work (`<slice>/jobs.ts`) and the queue's worker (`<slice>/tasks.ts`). Any number of processes may run it. */
export async function startJobs(options: JobsOptions): Promise<{ stop(): Promise<void> }> {
  const { log } = options;
  const pool = createPool(options.databaseUrl, 'jobs', 10);
  const scheduler = startScheduler(pool, sliceJobs(), { log, dataDir: options.dataDir });
  const worker = await startWorker(options, sliceTasks());
  return {
    async stop() {
      await Promise.all([scheduler.stop(), worker.stop().catch(() => undefined)]);
      await pool.end();
    },
  };
}

function startWorker({ databaseUrl, log }: JobsOptions, taskList: TaskList): Promise<Runner> {
  return run({
    connectionString: databaseUrl,
    concurrency: TASKS_AT_ONCE,
    // main.ts decides when this process ends.
    noHandleSignals: true,
    taskList,
    logger: new Logger((scope) => (level, message, meta) => {
      const write = level === 'error' ? log.error : level === 'warning' ? log.warn : log.debug;
      write.call(log, { worker: scope.workerId, ...meta }, message);
    }),
  });
}
