import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

interface Asked {
  sql: string;
  end: string;
  lines: string[];
  done(lines: string[]): void;
  failed(error: Error): void;
}

/** Whoever may read the file: FreeRADIUS' user, when we are root and it is not us. */
export interface FileOwner {
  uid: number;
  gid: number;
}

/**
 * A SQLite file that others read while we write, through SQLite's own command-line program: it locks as FreeRADIUS' library does, and Node 20 brings no
 * SQLite of its own. Statements are asked one after the other. After a failure the program is started anew with the next one.
 */
export class SqliteFile {
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly asked: Asked[] = [];
  private number = 0;
  private said = '';
  private complaint = '';

  constructor(
    readonly path: string,
    private readonly owner?: FileOwner,
  ) {}

  /** Makes the file and its folder if missing, closed to others. */
  prepare(): void {
    const folder = dirname(this.path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(this.path)) closeSync(openSync(this.path, 'a', 0o600));
    chmodSync(this.path, 0o600);
    if (!this.owner || process.getuid?.() !== 0) return;
    for (const place of [folder, this.path]) {
      if (statSync(place).uid !== this.owner.uid) chownSync(place, this.owner.uid, this.owner.gid);
    }
  }

  /** Removes the file and makes an empty one. Readers that have the old one open see it until they open it again. */
  discard(): void {
    this.child?.kill('SIGKILL');
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.path + suffix, { force: true });
    this.prepare();
  }

  /** Runs statements; gives the printed rows, columns parted by `|`. Rejects with SQLite's complaint. */
  run(sql: string): Promise<string[]> {
    return new Promise((done, failed) => {
      const end = `end of ${(this.number += 1)}`;
      this.asked.push({ sql, end, lines: [], done, failed });
      if (this.asked.length === 1) this.send();
    });
  }

  async close(): Promise<void> {
    const child = this.child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    setTimeout(() => child.kill('SIGKILL'), 3000).unref();
    await gone;
  }

  private send(): void {
    const first = this.asked[0];
    if (!first) return;
    this.child ??= this.start();
    this.child.stdin.write(`${first.sql};\nSELECT '${first.end}';\n`);
  }

  private start(): ChildProcessWithoutNullStreams {
    const as = this.owner && process.getuid?.() === 0 ? { uid: this.owner.uid, gid: this.owner.gid } : {};
    const child = spawn('sqlite3', ['-batch', '-bail', this.path], {
      ...as,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      detached: true,
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaint = text.slice(0, 500)));
    child.stdin.on('error', () => undefined);
    const over = (error: Error): void => {
      if (this.child !== child) return;
      this.child = undefined;
      this.said = '';
      const failed = this.asked.shift();
      failed?.failed(error);
      this.send();
    };
    child.on('error', over);
    child.on('exit', (code) => over(new Error(`sqlite3 ended (${code}): ${this.complaint}`)));
    // A reader's checkpoint may hold the file for a moment.
    // What these print would be taken for the first answer.
    child.stdin.write(
      '.timeout 5000\n.output /dev/null\nPRAGMA journal_mode = WAL;\nPRAGMA synchronous = NORMAL;\n.output\n',
    );
    return child;
  }

  private hear(text: string): void {
    const lines = (this.said + text).split('\n');
    this.said = lines.pop() ?? '';
    for (const line of lines) {
      const first = this.asked[0];
      if (!first) continue;
      if (line !== first.end) {
        first.lines.push(line);
        continue;
      }
      this.asked.shift();
      first.done(first.lines);
      this.send();
    }
  }
}

/** Text as a literal that nothing in it can leave. */
export function textLiteral(text: string): string {
  return `CAST(x'${Buffer.from(text).toString('hex')}' AS TEXT)`;
}
