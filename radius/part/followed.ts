import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Notices } from './notices';

export interface FollowedOptions<T> {
  databaseUrl: string;
  /** Name of the listening connection in pg_stat_activity. */
  name: string;
  /** Where a change is told. */
  channel: string;
  /** Reads all of it from the database. What it gives must survive JSON where a file is kept. */
  read(): Promise<T>;
  /** Puts to use what was read, changed or not. What it throws counts as not read. */
  take(value: T): void | Promise<void>;
  /** It could not be read or taken; what was taken last stays in use. Told each time. */
  unread(error: unknown): void;
  /** Where the last known is kept for a start without the database, mode 0600. */
  file?: {
    path: string;
    /** It could not be written: a start without the database would know an older state, or none. */
    unkept(error: unknown): void;
  };
}

/** Read again this often though no word came, in case one was lost. */
const REREAD_MS = 30_000;
/** Many changes at once are one reading. */
const SETTLE_MS = 20;

/**
 * Something of the database that a part keeps in memory as it is there: read at the start, again within moments of each word of a change, after each loss of
 * the connection and every 30 s. While the database is away the last known stays in use; with a file also through a start.
 */
export class Followed<T> {
  private readonly notices: Notices;
  private reading: Promise<void> | undefined;
  private readAgain = false;
  private soon: NodeJS.Timeout | undefined;
  private every: NodeJS.Timeout | undefined;
  private stopped = false;
  private kept = '';

  constructor(private readonly o: FollowedOptions<T>) {
    this.notices = new Notices({
      databaseUrl: o.databaseUrl,
      name: o.name,
      channels: [o.channel],
      heard: () => this.readSoon(),
      connected: () => void this.readNow(),
    });
  }

  /** Takes what the file holds, then what the database says; ends with the first try. Never rejects. */
  async start(): Promise<void> {
    await this.takeFile();
    this.every = setInterval(() => void this.readNow(), REREAD_MS);
    await Promise.all([this.notices.start(), this.readNow()]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.every);
    clearTimeout(this.soon);
    await this.notices.stop();
    await this.reading;
  }

  private readSoon(): void {
    if (this.stopped) return;
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      void this.readNow();
    }, SETTLE_MS);
  }

  /** One reading at a time; whoever asks meanwhile is served by the next. */
  private readNow(): Promise<void> {
    if (this.reading) this.readAgain = true;
    else if (!this.stopped) this.reading = this.readings();
    return this.reading ?? Promise.resolve();
  }

  private async readings(): Promise<void> {
    do {
      this.readAgain = false;
      await this.readOnce();
    } while (this.readAgain && !this.stopped);
    this.reading = undefined;
  }

  private async readOnce(): Promise<void> {
    try {
      const value = await this.o.read();
      if (this.stopped) return;
      await this.o.take(value);
      this.keep(value);
    } catch (error) {
      if (!this.stopped) this.o.unread(error);
    }
  }

  private async takeFile(): Promise<void> {
    if (!this.o.file) return;
    try {
      const text = readFileSync(this.o.file.path, 'utf8');
      await this.o.take(JSON.parse(text) as T);
      this.kept = text;
    } catch {
      // None yet, or not to be understood: the database will tell.
    }
  }

  private keep(value: T): void {
    const { file } = this.o;
    if (!file) return;
    const text = JSON.stringify(value);
    if (text === this.kept) return;
    const draft = `${file.path}.${randomBytes(4).toString('hex')}`;
    try {
      mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
      writeFileSync(draft, text, { mode: 0o600 });
      renameSync(draft, file.path);
      this.kept = text;
    } catch (error) {
      rmSync(draft, { force: true });
      file.unkept(error);
    }
  }
}
