import type { Pool } from 'pg';
import { Logger, run, type Runner, type TaskList } from 'graphile-worker';
import type { Config } from './platform/config';
import { createSecretBox } from './platform/crypto';
import { createPool } from './platform/db/pool';
import { createDatabase } from './platform/db/prisma';
import { roleUrls } from './platform/db/roles';
import { startScheduler } from './platform/jobs/scheduler';
import type { Log } from './platform/log';
import { sliceJobs, sliceTasks } from './slices';

export interface JobsOptions {
  /** Login of the jobs role. */
  databaseUrl: string;
  /** 32 bytes: the web role's login is derived from it, as which work for one company is done. */
  masterKey: Buffer;
  /** Private networks that webhooks may be sent into; none unless told. */
  insecureWebhookNetworks?: readonly string[];
  /** Base URLs of foreign services where they differ from the real ones. */
  urls?: Config['urls'];
  /** As people and providers reach us. */
  publicUrl: string;
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
  const secrets = createSecretBox(options.masterKey);
  const db = createDatabase(roleUrls(options.databaseUrl, options.masterKey).web, secrets, log, TASKS_AT_ONCE);
  const { insecureWebhookNetworks = [], urls = {}, publicUrl } = options;
  await tellRelay(pool, urls.smtp !== undefined).catch((error: unknown) =>
    log.warn({ err: error }, 'mail relay not noted'),
  );
  // A pool of ours: from the one that it makes itself the worker takes its ear off before the connections have ended, and a server
  // that ends them then would end the process.
  const queue = createPool(options.databaseUrl, 'jobs', 10);
  const worker = await startWorker(
    queue,
    log,
    sliceTasks({ db, secrets, insecureWebhookNetworks, urls, publicUrl, log }),
  );
  return {
    async stop() {
      await Promise.all([scheduler.stop(), worker.stop().catch(() => undefined)]);
      await Promise.all([pool.end(), queue.end(), db.close()]);
    },
  };
}

/** Companies without a mail server of their own may send through the installation's, where there is one. */
async function tellRelay(pool: Pool, there: boolean): Promise<void> {
  await pool.query(
    there ? 'INSERT INTO message_relay DEFAULT VALUES ON CONFLICT DO NOTHING' : 'DELETE FROM message_relay',
  );
}

function startWorker(pgPool: Pool, log: Log, taskList: TaskList): Promise<Runner> {
  return run({
    pgPool,
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
