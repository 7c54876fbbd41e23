import cluster, { type Worker } from 'node:cluster';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ListenerOptions } from './listener';
import type { AccountingLog } from './log';
import type { FromWorker, ToWorker } from './worker-messages';

export interface Group {
  port: number;
  pids(): number[];
  stop(): Promise<void>;
}

const RESTART_MS = [100, 500, 2000, 5000];
const HEALTHY_MS = 30_000;
const STOP_MS = 6000;

/**
 * Processes that share one port: node:cluster opens the sockets here and hands them to each (Node 20 refuses a second bind of
 * a UDP port). A worker that dies is started again; if this process dies, however, the workers end by themselves.
 */
export async function startGroup(options: ListenerOptions, size: number, log: AccountingLog): Promise<Group> {
  const exec = join(__dirname, 'worker.js');
  if (!existsSync(exec))
    throw new Error('Several accounting processes run from dist/ only. Build first, or use workers: 0.');
  // Options go by message, not by argument: they hold a password.
  cluster.setupPrimary({ exec, args: [], serialization: 'json', execArgv: ['--enable-source-maps'] });
  const group = new WorkerGroup(options, log);
  try {
    const port = await group.launch();
    // The others take the port that the first was given.
    for (let i = 1; i < size; i++) await group.launch(port);
    return { port, pids: () => group.pids(), stop: () => group.stop() };
  } catch (error) {
    await group.stop();
    throw error;
  }
}

class WorkerGroup {
  private readonly workers = new Set<Worker>();
  private stopping = false;
  private failures = 0;

  constructor(
    private readonly options: ListenerOptions,
    private readonly log: AccountingLog,
  ) {}

  pids(): number[] {
    return [...this.workers].map((worker) => worker.process.pid ?? 0);
  }

  /** Starts one worker; gives its port once it listens. */
  launch(port = this.options.port): Promise<number> {
    const worker = cluster.fork();
    this.workers.add(worker);
    const started_ms = performance.now();
    return new Promise((resolve, reject) => {
      let listening = false;
      worker.once('online', () => tell(worker, { kind: 'start', options: { ...this.options, port } }));
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'listening') {
          listening = true;
          resolve(message.port);
        } else if (message.kind === 'failed') {
          reject(new Error(message.reason));
          // One that cannot start (a full disk) must not stay: another is tried every few seconds.
          tell(worker, { kind: 'stop' });
        } else this.log[message.level]({ worker: worker.process.pid, ...message.fields }, message.text);
      });
      worker.once('exit', (code, signal) => {
        this.workers.delete(worker);
        if (!listening) reject(new Error(`an accounting process ended at its start (${signal ?? code})`));
        else if (!this.stopping) this.again(port, started_ms, signal ?? code);
      });
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const ended = [...this.workers].map((worker) => new Promise<void>((done) => worker.once('exit', () => done())));
    for (const worker of this.workers) tell(worker, { kind: 'stop' });
    const kill = setTimeout(() => {
      for (const worker of this.workers) worker.process.kill('SIGKILL');
    }, STOP_MS);
    await Promise.all(ended);
    clearTimeout(kill);
  }

  private again(port: number, started_ms: number, why: string): void {
    this.failures = performance.now() - started_ms > HEALTHY_MS ? 0 : this.failures + 1;
    const wait_ms = RESTART_MS[Math.min(this.failures, RESTART_MS.length - 1)]!;
    this.log.error({ why, wait_ms }, 'an accounting process ended; another takes its place');
    setTimeout(() => {
      if (this.stopping) return;
      this.launch(port).catch((error: unknown) => {
        this.log.error({ err: error }, 'an accounting process could not be started');
        if (!this.stopping) this.again(port, performance.now(), 'start failed');
      });
    }, wait_ms);
  }
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}
