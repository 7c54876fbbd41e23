import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { TaskList } from 'graphile-worker';
import type { HookKind } from './hooks';
import type { JobSpec } from './platform/jobs/job';
import type { NamedTask, TaskTools } from './platform/jobs/task';
import type { PageRoute } from './platform/http/page';
import type { ApiRoute } from './platform/http/route';

/** Folders of control-plane that are foundations and tools, not slices. */
const notSlices = new Set(['platform', 'ui', 'cli', 'scenarios', 'test-kit']);
const extension = extname(__filename);

/** Names of the slices: one folder per business noun. */
export function sliceNames(): string[] {
  return readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !notSlices.has(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/** `apiRoutes` of every `<slice>/api.routes.ts`, with the slice that they stand in. */
export function sliceApiRoutes(): { slice: string; file: string; routes: ApiRoute[] }[] {
  return load<ApiRoute[]>(['api.routes'], 'apiRoutes').map(({ slice, file, value }) => ({
    slice,
    file,
    routes: value,
  }));
}

/** `pageRoutes` of every `<slice>/admin.routes.ts` and `<slice>/portal.routes.ts`. */
export function slicePageRoutes(): { slice: string; file: string; routes: PageRoute[] }[] {
  return load<PageRoute[]>(['admin.routes', 'portal.routes'], 'pageRoutes').map(({ slice, file, value }) => ({
    slice,
    file,
    routes: value,
  }));
}

/** `hookKinds` of every `<slice>/callback.routes.ts`: what providers may call us about. */
export function sliceHookKinds(): HookKind[] {
  return load<HookKind[]>(['callback.routes'], 'hookKinds').flatMap(({ value }) => value);
}

/** `jobs` of every `<slice>/jobs.ts`. */
export function sliceJobs(): JobSpec[] {
  return load<JobSpec[]>(['jobs'], 'jobs').flatMap(({ value }) => value);
}

/** `tasks` of every `<slice>/tasks.ts`: what the queue's jobs call, by task identifier (`<slice>.<what>`). */
export function sliceTasks(tools: TaskTools): TaskList {
  const found = load<NamedTask[]>(['tasks'], 'tasks').flatMap(({ value }) => value);
  return Object.fromEntries(found.map(([name, task]) => [name, (payload, helpers) => task(payload, helpers, tools)]));
}

/** Convention instead of a list to keep: a file of the right name exporting the right name is mounted. @throws at start when the export is missing */
function load<T>(files: string[], name: string): { slice: string; file: string; value: T }[] {
  const found: { slice: string; file: string; value: T }[] = [];
  for (const slice of sliceNames()) {
    for (const file of files) {
      const path = join(__dirname, slice, file + extension);
      if (!existsSync(path)) continue;
      const value = (require(path) as Record<string, T | undefined>)[name];
      if (!Array.isArray(value)) throw new Error(`${slice}/${file}.ts must export ${name}, an array.`);
      found.push({ slice, file: `${slice}/${file}.ts`, value });
    }
  }
  return found;
}
