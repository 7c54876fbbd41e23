import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

/** The user a child process runs as. */
export interface RunAs {
  name: string;
  uid: number;
  gid: number;
}

/** Where things go that an unprivileged user must reach while the clone stands under a closed home. Root only. */
const openHome = '/var/lib/lango';

/** Looks a user up in /etc/passwd; undefined when there is none of that name. */
export function findUser(name: string): RunAs | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/**
 * The user to give a server that must not run as root: the first of `names` that exists, else a new system user
 * `lango`. Undefined when we are not root: then children simply run as us.
 */
export function unprivilegedUser(...names: string[]): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of [...names, 'lango']) {
    const user = findUser(name);
    if (user) return user;
  }
  const made = spawnSync('useradd', [
    '--system',
    '--user-group',
    '--home-dir',
    openHome,
    '--shell',
    '/usr/sbin/nologin',
    'lango',
  ]);
  const user = findUser('lango');
  if (!user) {
    throw new Error(
      `Postgres and FreeRADIUS must not run as root and the user 'lango' could not be made (${String(made.stderr).trim()}). ` +
        `Make it with: useradd --system lango`,
    );
  }
  return user;
}

/** Whether `user` (or we ourselves) may enter and read `path`; `mode` is a flag of test(1). */
export function canReach(user: RunAs | undefined, path: string, mode: '-r' | '-w' | '-x' = '-r'): boolean {
  const who = user ? { uid: user.uid, gid: user.gid } : {};
  return spawnSync('test', [mode, path], { ...who, cwd: '/' }).status === 0;
}

/**
 * Makes `dir` with mode 0700 for `user`, in a place that user can reach: `dir` itself, or, when a parent is closed to
 * them (a clone under root's own 0700 home), a folder under /var/lib/lango named after it. A note in `dir` says where.
 */
export function ownedDir(dir: string, user: RunAs | undefined): string {
  const wanted = resolve(dir);
  mkdirSync(wanted, { recursive: true, mode: 0o711 });
  if (!user) return wanted;
  let place = wanted;
  if (!canReach(user, join(wanted, '..'), '-x')) {
    const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 10);
    place = join(openHome, `${basename(wanted)}-${hash}`);
    mkdirSync(openHome, { recursive: true, mode: 0o755 });
    mkdirSync(place, { recursive: true, mode: 0o700 });
    writeFileSync(join(wanted, 'is-at'), `${place}\n`);
  }
  chownSync(place, user.uid, user.gid);
  return place;
}

/** Where `ownedDir` put `dir`; nothing is made. */
export function placeOf(dir: string): string {
  try {
    return readFileSync(join(dir, 'is-at'), 'utf8').trim();
  } catch {
    return resolve(dir);
  }
}

/** The folder under /var/lib/lango (root) or `fallback` (anyone else) for program files that must be reachable. */
export function programHome(fallback: string): string {
  const home = process.getuid?.() === 0 ? openHome : fallback;
  mkdirSync(home, { recursive: true, mode: 0o755 });
  return home;
}
