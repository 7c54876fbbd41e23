import type { LoadOptions, WorkerReport } from './options';
import { Sender } from './sender';

/** What the parent sends to a worker process. */
export interface WorkerTask {
  options: LoadOptions;
  share: WorkerReport['share'];
}

/** What comes back: a report, or why there is none. */
export type WorkerAnswer = { kind: 'report'; report: WorkerReport } | { kind: 'failed'; message: string };

// The parent gone means nobody wants the figures any more.
process.on('disconnect', () => process.exit(1));
process.once('message', (task: WorkerTask) => {
  new Sender(task.options, task.share)
    .run()
    .then((report): WorkerAnswer => ({ kind: 'report', report }))
    .catch((error: unknown): WorkerAnswer => ({ kind: 'failed', message: String(error) }))
    .then((answer) => process.send?.(answer))
    .catch(() => process.exit(1));
});
