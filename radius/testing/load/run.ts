import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Histogram } from './histogram';
import type { LoadOptions, LoadResult, WorkerReport } from './options';
import type { WorkerAnswer, WorkerTask } from './worker';

/**
 * Runs a load in processes of its own and adds up what they saw. Rejects when a worker cannot start or dies; a server
 * that is silent is no error but counts as timeouts.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const tasks = splitTasks(options);
  const children = tasks.map(() => fork(workerFile(), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  try {
    return addUp(await Promise.all(children.map((child, i) => runWorker(child, tasks[i]!))));
  } finally {
    for (const child of children) child.kill();
  }
}

/** Each worker gets its own users or sessions, and its part of the load; the parts add up exactly. */
function splitTasks(options: LoadOptions): WorkerTask[] {
  const workers = Math.max(1, Math.min(options.workers ?? 1, options.users.count));
  const part = (whole: number, i: number) =>
    Math.floor((whole * (i + 1)) / workers) - Math.floor((whole * i) / workers);
  return Array.from({ length: workers }, (_, i) => ({
    share: { first: Math.floor((options.users.count * i) / workers), count: part(options.users.count, i) },
    options: {
      ...options,
      ...(options.total === undefined ? {} : { total: part(options.total, i) }),
      mode:
        options.mode.kind === 'closed'
          ? { kind: 'closed', outstanding: part(options.mode.outstanding, i) }
          : { kind: 'open', rate_per_s: options.mode.rate_per_s / workers },
    },
  }));
}

function runWorker(child: ChildProcess, task: WorkerTask): Promise<WorkerReport> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a load worker ended with ${code} before its report`)));
    child.once('message', (answer: WorkerAnswer) => {
      if (answer.kind === 'report') resolve(answer.report);
      else reject(new Error(`a load worker failed: ${answer.message}`));
    });
    child.send(task);
  });
}

function addUp(reports: WorkerReport[]): LoadResult {
  const sum = (pick: (report: WorkerReport) => number) => reports.reduce((total, report) => total + pick(report), 0);
  const histogram = new Histogram();
  for (const report of reports) histogram.merge(report.latencies);
  const measured_ms = Math.max(...reports.map((report) => report.measured_ms));
  const accepts = sum((r) => r.accepts);
  const rejects = sum((r) => r.rejects);
  const acks = sum((r) => r.acks);
  return {
    measured_ms,
    accepts,
    rejects,
    acks,
    timeouts: sum((r) => r.timeouts),
    retransmits: sum((r) => r.retransmits),
    badReplies: sum((r) => r.badReplies),
    overruns: sum((r) => r.overruns),
    cpu_ms: sum((r) => r.cpu_ms),
    answered_per_s: ((accepts + rejects + acks) * 1000) / measured_ms,
    accepts_per_s: (accepts * 1000) / measured_ms,
    p50_ms: histogram.quantile_ms(0.5),
    p99_ms: histogram.quantile_ms(0.99),
    max_ms: histogram.quantile_ms(1),
    busiest_worker_cpu: Math.max(...reports.map((r) => r.cpu_ms / r.measured_ms)),
    workers: reports.map(({ share, issued, cpu_ms, measured_ms: ms }) => ({ share, issued, cpu_ms, measured_ms: ms })),
  };
}

/** The compiled worker: beside this file when that is compiled, else under dist/ (a test that runs from source). */
function workerFile(): string {
  const beside = join(__dirname, 'worker.js');
  if (existsSync(beside)) return beside;
  const built = join(__dirname, '../../../dist/radius/testing/load/worker.js');
  if (!existsSync(built)) throw new Error('The load generator is not compiled: run `npm run build` first.');
  return built;
}
