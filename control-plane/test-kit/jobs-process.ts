import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../platform/project-root';
import type { TestLango } from './lango';

/** The jobs role in a process of its own, as the supervisor runs it, for tests that kill it. */
export function startJobsProcess(lango: TestLango, dataDir: string): ChildProcess {
  return spawn(process.execPath, [join(projectRoot(), 'dist/control-plane/main.js'), 'jobs'], {
    stdio: process.env['TEST_LOG'] ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      PATH: process.env['PATH'] ?? '',
      LANGO_PART_DATABASE_URL: lango.db.urls.jobs,
      LANGO_MASTER_KEY: lango.db.masterKey.toString('base64'),
      LANGO_DATA: dataDir,
      LANGO_BIND: '127.0.0.1',
    },
  });
}

/** kill -9, and gone. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
