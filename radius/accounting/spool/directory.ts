import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { isGone, type Owner, ownOwner } from './owner';

/** A directory of another process that we cannot look at counts as left behind when its sign of life is this old. */
const SILENT_MS = 60_000;
const OWNER_FILE = 'owner.json';
/** Where segments go that the disk has damaged, for a person to look at. */
const DAMAGED = '.damaged';

/**
 * The spool of one process: `<root>/<instance>/`, made complete under another name and then renamed, so that nobody sees half
 * of it. What a dead process left is claimed by renaming it to `<our instance>+<writer's instance>`: only one rename can succeed, and if
 * we die, ours and what we claimed can be claimed again, with the writer's name kept through any number of hands.
 */
export class SpoolDirectory {
  readonly path: string;
  readonly instance: string;
  private readonly self: Owner = ownOwner();

  constructor(private readonly root: string) {
    this.instance = `${this.self.host.replace(/[^A-Za-z0-9.-]/g, '-')}_${this.self.pid}_${randomBytes(4).toString('hex')}`;
    this.path = join(root, this.instance);
    const draft = join(root, `.draft-${this.instance}`);
    mkdirSync(draft, { recursive: true, mode: 0o700 });
    writeFileSync(join(draft, OWNER_FILE), JSON.stringify(this.self), { mode: 0o600 });
    renameSync(draft, this.path);
  }

  /** A sign of life for processes that cannot see ours. */
  touch(): void {
    const now = new Date();
    try {
      utimesSync(join(this.path, OWNER_FILE), now, now);
    } catch {
      // A disk that refuses shows itself at the next write.
    }
  }

  /** Takes over what dead processes left; gives the directories that are now ours, with the instance that wrote each. */
  claimLeftBehind(): { path: string; from: string }[] {
    const claimed: { path: string; from: string }[] = [];
    for (const name of readdirSync(this.root)) {
      const [base = name, writer = base] = name.split('+');
      if (name.startsWith('.') || base === this.instance || !this.isLeftBehind(base)) continue;
      const path = join(this.root, `${this.instance}+${writer}`);
      try {
        renameSync(join(this.root, name), path);
        claimed.push({ path, from: writer });
      } catch {
        // Another process was first.
      }
    }
    return claimed;
  }

  /** Keeps a damaged segment, under the name of the process that wrote it; gives its place. */
  keepDamaged(path: string, from: string): string {
    const folder = join(this.root, DAMAGED);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = join(folder, `${from}-${basename(path)}`);
    renameSync(path, kept);
    return kept;
  }

  /** Ends our ownership: an empty directory goes, one with segments is left for whoever comes next. */
  leave(): void {
    if (segmentsIn(this.path).length === 0) rmSync(this.path, { recursive: true, force: true });
    else rmSync(join(this.path, OWNER_FILE), { force: true });
  }

  private isLeftBehind(base: string): boolean {
    const file = join(this.root, base, OWNER_FILE);
    if (!existsSync(file)) return true;
    try {
      return isGone(readOwner(file), this.self) ?? Date.now() - statSync(file).mtimeMs > SILENT_MS;
    } catch {
      // Its owner has just left.
      return false;
    }
  }
}

/** A power cut can leave the file empty, although the segments beside it were synced: then only its sign of life tells. */
function readOwner(file: string): Partial<Owner> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return {};
  }
}

/** The segments of a directory, oldest first. */
export function segmentsIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(path, name));
}
