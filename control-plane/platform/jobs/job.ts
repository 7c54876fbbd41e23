import type { PoolClient } from 'pg';
import type { Log } from '../log';

/** What a scheduled job is given. */
export interface JobContext {
  log: Log;
  /** The tick that this run stands for; later than the clock's minute when a run was caught up. */
  scheduledFor: Date;
  /** LANGO_DATA, for jobs that read files. */
  dataDir: string;
}

/** A connection of the jobs role, which also holds the lock of the run: a job that asked for another beside it could wait for those that wait for it. */
export type JobConnection = Pick<PoolClient, 'query'>;

/**
 * Scheduled work over all companies, exported as `jobs` from `<slice>/jobs.ts`. A tick runs once wherever it fires; a run that throws is logged,
 * kept in platform_job_tick and tried again at the next tick, so `run` must be safe to repeat.
 */
export interface JobSpec {
  /** `<slice>.<what>`. */
  name: string;
  /** Cron with five fields, or six with seconds first; in UTC. */
  cron: string;
  /** Also runs when a jobs process starts, for work that must not wait for the next tick after a day off. */
  atStart?: boolean;
  /** @returns rows touched, for platform_job_tick */
  run(db: JobConnection, ctx: JobContext): Promise<number>;
}
