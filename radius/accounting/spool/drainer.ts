import { readFile, rm } from 'node:fs/promises';
import { existsSync, statSync } from 'node:fs';
import { RecordQueue } from '../record-queue';
import type { AccountingRecord } from '../record';
import { type BatchWriter, writeBatch } from '../write-batch';
import { segmentsIn, type SpoolDirectory } from './directory';
import { decodeSegment } from './format';
import { withoutOvertaken } from './overtaken';
import type { SpoolWriter } from './writer';

export interface DrainerOptions {
  directory: SpoolDirectory;
  spool: SpoolWriter;
  writer: BatchWriter;
  /** Asked before each batch: draining waits while the database is not well. */
  mayDrain: () => boolean;
  /** Told when what a dead process had left is in the database. */
  claimedDrained: (from: string) => void;
  maxBatch?: number;
}

interface Claimed {
  path: string;
  from: string;
  bytes: number;
  /** Unknown until read; counted as one so that nothing is swept meanwhile. */
  segments: number;
  /** When its first segment was written last. */
  begun_ms: number;
}

/** A segment whose records are on their way into the database. */
interface Loaded {
  path: string;
  /** Records that are not written yet. */
  left: number;
  /** All are, and it is being removed. */
  finishing: boolean;
  finish: () => Promise<void>;
}

interface Draining {
  record: AccountingRecord;
  segment: Loaded;
}

const CLAIM_EVERY_MS = 2000;
/** Records in memory at once, and not beyond it by more than one segment. */
const MOST_LOADED = 200_000;
/** Batches at once: while the database writes one the next is put together. */
const IN_FLIGHT = 2;
/** Larger than those of live packets, which wait for their answers: a record of a batch of 2,000 costs a fifth less than one of 1,000. */
const LARGEST_BATCH = 2000;

/**
 * Brings the spool into the database, batch by batch with the same function as live packets, which go past it. When what is loaded gives only small
 * batches, because few sessions fill it, the next segment is loaded beside it: one session must not hold up the others. Killed in the middle, the
 * segments are read again from their start: writing twice changes nothing.
 */
export class Drainer {
  private readonly claimed: Claimed[] = [];
  private readonly loaded = new Map<string, Loaded>();
  private queue = new RecordQueue<Draining>();
  private running: Promise<void> | undefined;
  private stopped = false;
  private nextClaim_ms = 0;
  private readonly timer: NodeJS.Timeout;
  private readonly maxBatch: number;

  constructor(private readonly o: DrainerOptions) {
    this.maxBatch = o.maxBatch ?? LARGEST_BATCH;
    this.timer = setInterval(() => this.wake(), 200);
  }

  /** Segments that other processes left and we have taken over. */
  get pendingClaimed(): number {
    return this.claimed.reduce((sum, claim) => sum + claim.segments, 0);
  }

  get claimedBytes(): number {
    return this.claimed.reduce((sum, claim) => sum + claim.bytes, 0);
  }

  wake(): void {
    if (this.running || this.stopped) return;
    this.running = this.work()
      .catch((error: unknown) => {
        this.o.writer.log.error({ err: error }, 'the spool could not be drained; trying again');
        this.startOver();
      })
      .finally(() => (this.running = undefined));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  private async work(): Promise<void> {
    this.claim();
    const underWay = new Set<Promise<void>>();
    let away = false;
    let room = true;
    try {
      while (!this.stopped && !away && this.o.mayDrain()) {
        const wanted = room || this.queue.size < this.maxBatch;
        const loaded = wanted && this.queue.size < MOST_LOADED && (await this.loadNext());
        const items = this.queue.take(this.maxBatch);
        if (items.length === 0) {
          if (underWay.size > 0) await Promise.race(underWay);
          else if (!loaded) {
            this.dropEmptyClaims();
            return;
          }
          continue;
        }
        room = items.length < this.maxBatch / 2;
        const batch = this.write(items)
          .then((written) => {
            if (!written) away = true;
          })
          .finally(() => underWay.delete(batch));
        underWay.add(batch);
        if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
      }
    } finally {
      await Promise.allSettled(underWay);
    }
    if (away) this.startOver();
  }

  /** False when the database is away. */
  private async write(items: readonly Draining[]): Promise<boolean> {
    const written = await writeBatch(
      this.o.writer,
      items.map((item) => item.record),
    );
    if (!written) return false;
    this.queue.release(items);
    this.o.writer.counters.drained += items.length;
    for (const { segment } of items) segment.left -= 1;
    await this.finishWritten();
    return true;
  }

  /** What was under way is read from the disk again when the database is well. */
  private startOver(): void {
    this.queue = new RecordQueue<Draining>();
    this.loaded.clear();
  }

  private async finishWritten(): Promise<void> {
    for (const segment of this.loaded.values()) {
      if (segment.left > 0 || segment.finishing) continue;
      segment.finishing = true;
      await segment.finish();
      this.loaded.delete(segment.path);
      this.dropEmptyClaims();
    }
  }

  private claim(): void {
    if (performance.now() < this.nextClaim_ms) return;
    this.nextClaim_ms = performance.now() + CLAIM_EVERY_MS;
    this.o.directory.touch();
    for (const { path, from } of this.o.directory.claimLeftBehind()) {
      const segments = segmentsIn(path);
      const bytes = segments.reduce((sum, segment) => sum + statSync(segment).size, 0);
      const begun_ms = segments[0] === undefined ? Infinity : statSync(segments[0]).mtimeMs;
      this.claimed.push({ path, from, bytes, segments: segments.length, begun_ms });
      if (bytes > 0)
        this.o.writer.log.info({ from, bytes }, 'taking over accounting records that another process left on disk');
    }
    // One after the other, as they lived: a counter of 32 bits tells its wraps only in the order in which it was heard.
    this.claimed.sort((a, b) => a.begun_ms - b.begun_ms);
  }

  /** Loads the oldest segment that is not loaded yet, of the dead first; false when there is none. */
  private async loadNext(): Promise<boolean> {
    for (const claim of this.claimed) {
      const path = segmentsIn(claim.path).find((segment) => !this.loaded.has(segment));
      if (path === undefined) continue;
      await this.load(path, claim.from, async () => {
        await rm(path, { force: true });
        claim.segments -= 1;
      });
      return true;
    }
    const own = await this.o.spool.sealedSegments();
    const segment = own.find(({ path }) => !this.loaded.has(path));
    if (segment) await this.load(segment.path, this.o.directory.instance, () => this.o.spool.discard(segment));
    return segment !== undefined;
  }

  private async load(path: string, from: string, finish: () => Promise<void>): Promise<void> {
    const { records, left_bytes, damaged_bytes } = decodeSegment(await readFile(path));
    if (left_bytes > 0)
      this.o.writer.log.warn(
        { path, left_bytes },
        'a spool segment ends in an unfinished write, which was never answered',
      );
    const wanted = withoutOvertaken(records);
    const segment: Loaded = {
      path,
      left: wanted.length,
      finishing: false,
      finish: async () => {
        if (damaged_bytes > 0) this.keepDamaged(path, from, damaged_bytes);
        await finish();
      },
    };
    this.loaded.set(path, segment);
    this.o.writer.counters.drained += records.length - wanted.length;
    for (const record of wanted) this.queue.add({ record, segment });
    if (wanted.length === 0) await this.finishWritten();
  }

  /** The records around the damage are in the database; the file itself is kept for a person. */
  private keepDamaged(path: string, from: string, damaged_bytes: number): void {
    const kept = existsSync(path) ? this.o.directory.keepDamaged(path, from) : path;
    this.o.writer.log.error(
      { kept, damaged_bytes },
      'the disk has damaged a spool segment: records in it are lost. Everything readable was written; look at the disk',
    );
  }

  private dropEmptyClaims(): void {
    const empty = this.claimed.filter((claim) => segmentsIn(claim.path).length === 0);
    for (const claim of empty) {
      // What a disk does not remove now is found again as left behind.
      void rm(claim.path, { recursive: true, force: true }).catch(() => undefined);
      this.claimed.splice(this.claimed.indexOf(claim), 1);
      this.o.claimedDrained(claim.from);
    }
  }
}
