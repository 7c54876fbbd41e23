import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { killed, startJobsProcess } from './jobs-process';
import { startTestLango, type TestLango } from './lango';
import type { Json } from './story';
import { until } from './until';

/**
 * A company whose jobs run in a process of their own before a test file, for runs that are killed in the middle: whatever `holder` locks is where the
 * process stands when it is killed.
 */
export function crashStage() {
  let lango!: TestLango;
  let holder!: Client;
  let worker: ChildProcess | undefined;
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-crash-'));
  beforeAll(async () => {
    lango = await startTestLango();
    holder = new Client({ connectionString: lango.db.ownerUrl });
    await holder.connect();
  }, 60_000);
  const kill = async (): Promise<void> => {
    if (worker) await killed(worker);
  };
  afterAll(async () => {
    await kill();
    await holder?.end();
    await lango?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const number = async (sql: string): Promise<number> =>
    Number((await lango.asOwner<{ n: string }>(`SELECT ${sql} AS n`))[0]?.n);
  const show = async (run: string): Promise<Json> => (await lango.api.get<Json>(`/bulk/${run}`)).body;
  /** Other tests wait for locks on the same server, in databases of their own. */
  const waiting = () =>
    number(
      `(SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database())`,
    );
  return {
    /** There once the tests run. */
    get lango() {
      return lango;
    },
    get holder() {
      return holder;
    },
    number,
    show,
    kill,
    /** Starts the process that works on runs. */
    work: (): void => {
      worker = startJobsProcess(lango, dataDir);
    },
    /** Kills it as soon as it waits for what `holder` holds; what it had begun is over when this returns, and the run is up for another at once. */
    killInTheMiddle: async (run: string): Promise<void> => {
      // Not what anything else of the process waits for, as when it starts.
      const [{ pid } = { pid: 0 }] = (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
      const held = () => number(`(SELECT count(*) FROM pg_stat_activity WHERE ${pid} = ANY (pg_blocking_pids(pid)))`);
      await until(held, (many) => many > 0, 60_000);
      await kill();
      await holder.query('ROLLBACK');
      await until(waiting, (many) => many === 0, 20_000);
      await lango.asOwner(`UPDATE bulk_run SET beat_at = beat_at - interval '1 minute' WHERE id = $1`, [run]);
    },
    /** The run, once it is in that state. */
    settled: (run: string, state: string): Promise<Json> =>
      until(
        async () => {
          await sleep(200);
          return show(run);
        },
        (found) => found['state'] === state,
        120_000,
      ),
  };
}
