import { readFile, rm } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { RecordQueue } from '../record-queue';
import type { AccountingRecord } from '../record';
import { type BatchWriter, writeBatch } from '../write-batch';
import { segmentsIn, type SpoolDirectory } from './directory';
import { decodeSegment } from './format';
import type { SealedSegment, SpoolWriter } from './writer';

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
}

const CLAIM_EVERY_MS = 2000;

/**
 * Brings the spool into the database, batch by batch with the same function as live packets, which go past it. Killed in the
 * middle, the segment is read again from its start: writing twice changes nothing.
 */
export class Drainer {
  private readonly claimed: Claimed[] = [];
  private running: Promise<void> | undefined;
  private stopped = false;
  private nextClaim_ms = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly o: DrainerOptions) {
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
      .catch((error: unknown) =>
        this.o.writer.log.error({ err: error }, 'the spool could not be drained; trying again'),
      )
      .finally(() => (this.running = undefined));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  private async work(): Promise<void> {
    this.claim();
    while (!this.stopped && this.o.mayDrain()) {
      const claim = this.claimed[0];
      const done = claim ? await this.drainClaimed(claim) : await this.drainOwn();
      if (!done) return;
    }
  }

  private claim(): void {
    if (performance.now() < this.nextClaim_ms) return;
    this.nextClaim_ms = performance.now() + CLAIM_EVERY_MS;
    this.o.directory.touch();
    for (const { path, from } of this.o.directory.claimLeftBehind()) {
      const segments = segmentsIn(path);
      const bytes = segments.reduce((sum, segment) => sum + statSync(segment).size, 0);
      this.claimed.push({ path, from, bytes, segments: segments.length });
      if (bytes > 0)
        this.o.writer.log.info({ from, bytes }, 'taking over accounting records that another process left on disk');
    }
  }

  private async drainClaimed(claim: Claimed): Promise<boolean> {
    for (const path of segmentsIn(claim.path)) {
      if (!(await this.drainFile(path))) return false;
      claim.segments -= 1;
      await rm(path, { force: true });
    }
    await rm(claim.path, { recursive: true, force: true });
    this.claimed.splice(this.claimed.indexOf(claim), 1);
    this.o.claimedDrained(claim.from);
    return true;
  }

  private async drainOwn(): Promise<boolean> {
    const segment: SealedSegment | undefined = await this.o.spool.nextSealed();
    if (!segment || !(await this.drainFile(segment.path))) return false;
    await this.o.spool.discard(segment);
    return true;
  }

  private async drainFile(path: string): Promise<boolean> {
    const { records, left_bytes } = decodeSegment(await readFile(path));
    if (left_bytes > 0)
      this.o.writer.log.warn(
        { path, left_bytes },
        'a spool segment ends in an unfinished write, which was never answered',
      );
    const queue = new RecordQueue<{ record: AccountingRecord }>();
    for (const record of records) queue.add({ record });
    while (queue.size > 0) {
      if (this.stopped || !this.o.mayDrain()) return false;
      const items = queue.take(this.o.maxBatch ?? 1000);
      const written = await writeBatch(
        this.o.writer,
        items.map((item) => item.record),
      );
      if (!written) return false;
      queue.release(items);
      this.o.writer.counters.drained += items.length;
    }
    return true;
  }
}
