import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type Lock = { kind: 'held'; release(): void } | { kind: 'taken'; pid: number | undefined };

/**
 * Takes the one lock of a data folder. The kernel frees it when this process ends, however that happens, so a lock is
 * never stale; it also holds between containers that share the folder. flock(1) locks the open file that we hand it,
 * and the lock lives on with our descriptor. Throws when the folder cannot be written.
 */
export function takeLock(dataDir: string): Lock {
  const file = join(dataDir, 'lock');
  const fd = openSync(file, 'a+', 0o644);
  const taken = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  if (taken.error) {
    closeSync(fd);
    throw new Error('The program flock is missing. Install it with: apt-get install util-linux');
  }
  if (taken.status !== 0) {
    closeSync(fd);
    return { kind: 'taken', pid: Number(readFileSync(file, 'utf8').trim()) || undefined };
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  let open = true;
  return {
    kind: 'held',
    release: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
