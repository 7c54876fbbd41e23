import type { PartLog } from '../part';
import { SnapshotFile, type Progress } from './snapshot-file';
import { SnapshotSource, type Login, type Point } from './source';
import type { FileOwner } from './sqlite-file';
import { VoucherKeeper } from './vouchers';

export interface SnapshotOptions {
  /** Connection of the role lango_radius. */
  databaseUrl: string;
  /** The file that FreeRADIUS of this host reads. */
  path: string;
  /** The user FreeRADIUS runs as, when that is not us and we are root. */
  owner?: FileOwner;
  /** A snapshot older than this answers nobody. */
  bound_s: number;
  log: Omit<PartLog, 'debug'>;
}

/** Everything is read again this often, so that nothing that was ever missed stays. */
const PASS_EVERY_S = 24 * 3600;
/** The database keeps changes for two days, and sessions that are over where their use is looked up for one. */
const TRUST_S = 20 * 3600;
const LOOK_EVERY_MS = 1000;
/** What was used is asked for so often, and never for more than a twentieth of the time. */
const USED_EVERY_MS = 10_000;
const USED_SHARE = 20;
const USED_PAGE = 2000;
/** After so long the other news have their turn. */
const MOST_USED_MS = 500;
const ENDING_EVERY_S = 60;
const HOURLY_S = 3600;
/** More logins than this are not told one by one: those who may not come in any more are forgotten, and a pass over everything is made. */
const MOST_CHANGES = 20_000;
const FORGET_PAGE = 5000;
const PAGE = 200;
const MOST_ENDING = 5000;
/** Foretold beyond the bound, so that a login is not asked about again every minute. */
const AHEAD_S = 7200;

/**
 * Keeps the file as the database is: changes within about a second, all logins once a day and in a new file, each page followed by a rest as long as it
 * took. While the database is away nothing is written, and the file grows old.
 */
export class SnapshotWriter {
  private readonly source: SnapshotSource;
  private readonly file: SnapshotFile;
  private readonly vouchers: VoucherKeeper;
  private progress: Progress | undefined;
  /** Changes that were read already, by the transaction that made them, because an older one is still under way. */
  private readonly seen = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  private away = false;
  /** When what was used is asked for again, by performance.now(). */
  private used_ms = 0;
  private ending_at = 0;
  /** Who has used something, as of that transaction, and was not looked up yet. */
  private spent: { logins: Login[]; xid: string; took_ms: number } | undefined;
  private hourly_at = 0;
  /** When the file was last brought up to date, or this writer began, by performance.now(). */
  private good_ms = performance.now();

  constructor(private readonly o: SnapshotOptions) {
    this.source = new SnapshotSource(o.databaseUrl);
    this.file = new SnapshotFile(o.path, o.owner);
    this.vouchers = new VoucherKeeper(this.source, this.file);
  }

  start(): void {
    this.turn();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
    await this.file.close();
    await this.source.end();
  }

  /** `ok`, or how long the file has not been brought up to date. */
  state(): string {
    const minutes = Math.floor((performance.now() - this.good_ms) / 60_000);
    return minutes < 1 ? 'ok' : `not brought up to date for ${minutes} min`;
  }

  private turn(): void {
    const began = performance.now();
    this.running = this.work().then(
      () => this.said(undefined),
      (error: unknown) => this.said(error),
    );
    void this.running.then(() => {
      if (this.stopped) return;
      // While a pass goes on, its pages take half of the time.
      const rest_ms = this.progress?.passing && !this.away ? Math.min(2000, performance.now() - began) : LOOK_EVERY_MS;
      this.timer = setTimeout(() => this.turn(), rest_ms);
    });
  }

  private async work(): Promise<void> {
    const progress = (this.progress ??= await this.file.open());
    const point = await this.source.point();
    const now_s = Date.now() / 1000;
    if (this.mustPass(progress, point, now_s)) await this.beginPass(progress, point);
    await this.follow(progress, point);
    await this.used(progress, point);
    if (progress.passing) await this.pass(progress, point, now_s);
    else await this.upkeep(progress, point, now_s);
    const signers = await this.source.signers();
    await this.file.upToDate({ ...point, bound_s: this.o.bound_s, signers, now_s });
    progress.xid = point.xid;
    progress.written_at = now_s;
  }

  private mustPass(progress: Progress, point: Point, now_s: number): boolean {
    if (progress.passing && progress.xid !== undefined && now_s - progress.written_at < TRUST_S) return false;
    return (
      progress.xid === undefined ||
      // Another database, or this one from a backup.
      BigInt(progress.xid) > BigInt(point.xid) ||
      now_s - progress.written_at > TRUST_S ||
      now_s - progress.passed_at > PASS_EVERY_S ||
      progress.kinds !== point.kinds
    );
  }

  private async beginPass(progress: Progress, point: Point): Promise<void> {
    progress.pass += 1;
    progress.passing = true;
    progress.cursor = { tenant_id: '0', username: '' };
    progress.kinds = point.kinds;
    progress.xid = point.xid;
    progress.used_xid = point.xid;
    this.spent = undefined;
    await this.file.beginPass(progress.pass, point.xid);
  }

  /** What was changed since the last look. */
  private async follow(progress: Progress, point: Point): Promise<void> {
    const changes = await this.source.changed(progress.xid!, MOST_CHANGES);
    if (changes.length >= MOST_CHANGES) {
      const barred = await this.source.barred(progress.xid!);
      while (barred.length > 0 && !this.stopped) await this.file.forget(barred.splice(-FORGET_PAGE));
      // While a transaction of long ago is open, the same changes are found at each look: a pass that began anew with each of them would never get beyond its first page.
      if (!progress.passing || progress.xid !== point.xid) await this.beginPass(progress, point);
      return;
    }
    if (progress.xid !== point.xid) this.seen.clear();
    const news = changes.filter((change) => this.seen.get(keyOf(change)) !== change.xid);
    await this.write(news, progress);
    for (const change of changes) this.seen.set(keyOf(change), change.xid);
  }

  /** What was used of allowances since the last look: who it was in one go, what is left to them over as many turns as it takes. */
  private async used(progress: Progress, point: Point): Promise<void> {
    const begun_ms = performance.now();
    if (!this.spent && begun_ms < this.used_ms) return;
    const spent = (this.spent ??= {
      logins: await this.source.used(progress.used_xid ?? point.xid),
      xid: point.xid,
      took_ms: 0,
    });
    const { logins, xid } = spent;
    while (logins.length > 0 && performance.now() - begun_ms < MOST_USED_MS && !this.stopped)
      await this.file.left(await this.source.left(logins.splice(-USED_PAGE)));
    const ended_ms = performance.now();
    spent.took_ms += ended_ms - begun_ms;
    if (logins.length > 0) return;
    await this.file.usedUpTo(xid);
    progress.used_xid = xid;
    this.spent = undefined;
    this.used_ms = ended_ms + Math.max(USED_EVERY_MS, spent.took_ms * USED_SHARE);
  }

  private async pass(progress: Progress, point: Point, now_s: number): Promise<void> {
    const logins = await this.source.logins(progress.cursor, PAGE);
    const last = logins.at(-1);
    if (last) {
      await this.write(logins, progress, last);
      progress.cursor = last;
      return;
    }
    // A company's first router of a type may have come while the pass went on.
    await this.file.endPass(progress.pass, progress.kinds, now_s);
    progress.passing = false;
    progress.passed_at = now_s;
    this.hourly_at = 0;
    this.o.log.info(
      { pass: progress.pass },
      'the snapshot holds every login; this host can answer without the database',
    );
    if (progress.kinds !== point.kinds) await this.beginPass(progress, point);
  }

  private async upkeep(progress: Progress, point: Point, now_s: number): Promise<void> {
    if (now_s - this.ending_at > ENDING_EVERY_S) {
      const until_s = now_s + point.shift_s + this.o.bound_s;
      await this.write(await this.file.endingBefore(until_s, MOST_ENDING), progress);
      this.ending_at = now_s;
    }
    await this.vouchers.keep(progress.pass);
    if (now_s - this.hourly_at > HOURLY_S) {
      await this.vouchers.renew(progress.pass);
      await this.source.tidy();
      this.hourly_at = now_s;
    }
  }

  private async write(logins: readonly Login[], progress: Progress, cursor?: Login): Promise<void> {
    for (let from = 0; from < logins.length && !this.stopped; from += PAGE) {
      const page = logins.slice(from, from + PAGE);
      const known = await this.source.known(page, this.o.bound_s + AHEAD_S);
      await this.file.replace(page, known, { pass: progress.pass, ...(cursor ? { cursor } : {}) });
    }
    // Nothing that was left out may count as written.
    if (this.stopped) throw new Error('stopped');
  }

  private said(error: unknown): void {
    if (this.stopped) return;
    if (error !== undefined && !this.away)
      this.o.log.warn({ err: error }, 'the snapshot could not be brought up to date; it stays as it is and grows old');
    if (error === undefined && this.away) this.o.log.info({}, 'the snapshot is kept up to date again');
    this.away = error !== undefined;
    if (!this.away) {
      this.good_ms = performance.now();
      return;
    }
    // The file may be another one now; what is true of it is read again.
    this.progress = undefined;
    this.spent = undefined;
    this.vouchers.forget();
    if (this.file.discardIfBroken(error))
      this.o.log.error(
        { path: this.o.path },
        'the snapshot was damaged and is made anew; restart FreeRADIUS on this host, which still has the damaged one open',
      );
  }
}

const keyOf = ({ tenant_id, username }: Login): string => `${tenant_id}/${username}`;
