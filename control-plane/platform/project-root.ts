import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder that holds our package.json, whether this file runs from source or from dist/.
 * SQL, templates, CSS and locales are read from there.
 */
export function projectRoot(): string {
  root ??= findRoot();
  return root;
}

let root: string | undefined;

function findRoot(): string {
  for (let dir = __dirname; dir !== dirname(dir); dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (!existsSync(manifest)) continue;
    if ((JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'lango') return dir;
  }
  throw new Error(`No package.json of Lango above ${__dirname}. Run Lango from its own folder.`);
}
