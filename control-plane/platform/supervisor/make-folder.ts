import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Like mkdir -p. Node's own recursive mkdir never returns where a parent answers ENOENT to a new entry (/proc, Node 20). */
export function makeFolder(dir: string, mode = 0o711): void {
  if (existsSync(dir)) return;
  const parent = dirname(dir);
  if (parent !== dir) makeFolder(parent, mode);
  try {
    mkdirSync(dir, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
