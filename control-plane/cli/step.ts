import { join } from 'node:path';
import { projectRoot } from '../platform/project-root';

interface Progress {
  withProgress<T>(text: string, work: () => Promise<T>): Promise<T>;
}

/** Shows `text` with its seconds when `work` takes longer than one; the same display as before anything was compiled. */
export function step<T>(text: string, work: () => Promise<T>): Promise<T> {
  // Plain JavaScript, because it also runs before the build.
  const progress = require(join(projectRoot(), 'control-plane/cli/progress.cjs')) as Progress;
  return progress.withProgress(text, work);
}
