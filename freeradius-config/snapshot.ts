import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of the template folder `snapshot`, which stand beside radiusd.conf in a folder of the same name. */
const templates = ['module.conf', 'answer.conf', 'status.conf'];

/** The file in which this host keeps the answers for the time without a database; radius/snapshot writes it. */
export function snapshotFile(dir: string): string {
  return join(dir, 'snapshot', 'logins.sqlite');
}

/**
 * Writes the part of a configuration that answers from the snapshot. Without FreeRADIUS' SQLite module nobody is answered while the database is away,
 * and Status-Server neither.
 * @param from the source folder with the templates
 * @param write writes one file, closed to others
 */
export function writeSnapshotConf(
  dir: string,
  from: string,
  o: { hasSqlite: boolean; threads: number },
  write: (path: string, text: string) => void,
  ownFolder: (path: string) => void,
): void {
  const to = join(dir, 'snapshot');
  mkdirSync(to, { recursive: true, mode: 0o700 });
  ownFolder(to);
  // FreeRADIUS opens it when it starts; until it is written there is nobody in it.
  if (!existsSync(snapshotFile(dir))) write(snapshotFile(dir), '');
  for (const name of templates) {
    const text = readFileSync(join(from, name), 'utf8')
      .replaceAll('@SNAPSHOT@', snapshotFile(dir))
      .replaceAll('@THREADS@', String(o.threads));
    const without = name === 'status.conf' ? 'handled\n' : '';
    write(join(to, name), o.hasSqlite ? text : without);
  }
}
