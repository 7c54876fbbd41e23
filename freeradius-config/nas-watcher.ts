import { Pool } from 'pg';
import { Followed, NasReader, type PartLog } from '../radius/part';
import { AnswerLog } from './answer-log';
import { detectFreeradius } from './detect';
import { freeradiusPlaces } from './generate';
import { RouterFiles, type RouterEntry } from './router-files';
import { StrangerLog } from './stranger-log';

export interface NasWatcherOptions {
  /** Connection URL of the radius role. */
  databaseUrl: string;
  /** The folder that writeFreeradiusConfig wrote. */
  dir: string;
  /** The user FreeRADIUS runs as, when that is not us. */
  owner?: { uid: number; gid: number };
  log: Pick<PartLog, 'info' | 'warn'>;
}

const answers_ms = 500;
/** The longest rest after work that took long. */
const restMax_ms = 2000;

/**
 * Stands beside one FreeRADIUS: keeps its router files as the nas table says (a change acts within a second, without a restart), and loads its
 * log of answers into radpostauth. While the database is away it changes nothing, so that known routers stay known.
 */
export async function startNasWatcher(o: NasWatcherOptions): Promise<{ stop(): Promise<void> }> {
  const watcher = new NasWatcher(o);
  await watcher.start();
  return { stop: () => watcher.stop() };
}

/** All routers, and when the database was asked, by its clock: what was committed before is in it. */
interface Reading {
  at: string;
  routers: RouterEntry[];
}

class NasWatcher {
  private readonly pool: Pool;
  private readonly files: RouterFiles;
  private readonly answers: AnswerLog;
  private readonly strangers: StrangerLog;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly routers: Followed<Reading>;
  private readonly reader: NasReader;
  /** As of when the files hold the routers, by the database's clock, while FreeRADIUS has not been told. */
  private readAt: string | undefined;
  private stopped = false;
  private away = false;

  constructor(private readonly o: NasWatcherOptions) {
    const freeradius = detectFreeradius();
    if (!freeradius)
      throw new Error(
        'FreeRADIUS 3 is not installed. Install it with: apt-get install freeradius freeradius-postgresql',
      );
    const places = freeradiusPlaces(o.dir);
    this.pool = new Pool({
      connectionString: o.databaseUrl,
      max: 2,
      application_name: 'lango-nas-watcher',
      connectionTimeoutMillis: 3000,
    });
    this.pool.on('error', () => undefined);
    this.reader = new NasReader(this.pool, 'freeradius');
    this.files = new RouterFiles(places, freeradius, o.owner);
    this.answers = new AnswerLog(places.loginLog, this.pool);
    this.strangers = new StrangerLog(places.logFile, this.pool);
    this.routers = new Followed<Reading>({
      databaseUrl: o.databaseUrl,
      name: 'lango-nas-watcher-listen',
      channel: 'lango_nas',
      read: () => this.read(),
      take: (reading) => this.agree(reading),
      unread: (error) => this.unanswered(error),
    });
  }

  async start(): Promise<void> {
    await this.routers.start();
    this.every(answers_ms, () => this.files.forgetChanged().then(() => this.noteRead()));
    this.every(answers_ms, () => this.answers.load().then(() => this.answered()));
    this.every(answers_ms * 4, async () => this.strangers.take());
    this.every(answers_ms * 10, () => this.strangers.load());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.routers.stop();
    await this.answers.load().catch(() => undefined);
    await this.reader.forget();
    await this.pool.end();
  }

  /**
   * One after the other, and again a while after the last has ended, whatever became of it. What takes long is also done more seldom, so that
   * bookkeeping takes some hundredths of a processor from the logins.
   */
  private every(wait_ms: number, work: () => Promise<unknown>, atLeast_ms = wait_ms): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const start_ms = performance.now();
      void work()
        .then(() => Math.min(restMax_ms, 40 * (performance.now() - start_ms)))
        .catch((error: unknown) => {
          this.unanswered(error);
          return 0;
        })
        .then((rest_ms) => (this.stopped ? undefined : this.every(Math.max(atLeast_ms, rest_ms), work, atLeast_ms)));
    }, wait_ms);
    this.timers.add(timer);
  }

  private async read(): Promise<Reading> {
    const { rows } = await this.pool.query<Partial<RouterEntry> & { at: string }>(
      'SELECT statement_timestamp()::text AS at, r.* FROM (VALUES (1)) one LEFT JOIN aaa_routers() r ON true',
    );
    return {
      at: rows[0]?.at ?? '',
      routers: rows.flatMap(({ at: _at, ...row }) => (row.id ? [row as RouterEntry] : [])),
    };
  }

  /** Once FreeRADIUS has forgotten what changed, it knows the routers as they were read. */
  private noteRead(): void {
    if (this.readAt === undefined || !this.files.told) return;
    this.reader.note(this.readAt);
    this.readAt = undefined;
  }

  private async agree({ at, routers }: Reading): Promise<void> {
    const changed = await this.files.agree(routers);
    this.readAt = at;
    this.noteRead();
    if (changed.length > 0)
      this.o.log.info({ routers: changed.length }, 'FreeRADIUS knows the routers as they are now');
    this.answered();
  }

  private answered(): void {
    if (this.away) this.o.log.info({}, 'the database is back');
    this.away = false;
  }

  private unanswered(error: unknown): void {
    if (!this.away && !this.stopped)
      this.o.log.warn(
        { err: error },
        'no word from the database: routers stay as they were, answers wait in their log',
      );
    this.away = true;
  }
}
