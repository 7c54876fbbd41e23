import type { Counters } from './counters';
import { Gathering, type PartLog } from '../part';
import type { AccountingRecord } from './record';
import type { SpoolWriter } from './spool/writer';
import { RecordQueue } from './record-queue';
import { type BatchWriter, writeBatch } from './write-batch';
import type { AccountingStore } from './store';

/** A packet that waits for its answer. */
export interface Waiting {
  readonly record: AccountingRecord;
  /** Milliseconds of a monotonic clock. */
  readonly since_ms: number;
  /** Called once: the record is durable (answer it) or was given up (say nothing; the router tries again). */
  done(durable: boolean): void;
  settled: boolean;
  /** On its way to the disk. */
  spooling: boolean;
}

export interface IntakeOptions {
  store: AccountingStore;
  spool: SpoolWriter;
  counters: Counters;
  log: PartLog;
  maxBatch?: number;
  /** A record that is not durable after this long goes to the spool. RouterOS may ask again after 300 ms. */
  patience_ms?: number;
  /** Records held in memory; beyond it they are given up. */
  maxWaiting?: number;
}

/** `live`: the database answers in time. `slow`: a batch is overdue. `away`: the last write failed. In the last two, packets go to the spool at once. */
export type Database = 'live' | 'slow' | 'away';

const TICK_MS = 25;
const PROBE_MS = 500;
/** Routers ask again after 300 ms at the earliest. Beside 2,000 interims a second, batches of three cost a record four times what batches of fifteen do. */
const GATHER_MS = 5;
const ENOUGH = 32;
/** While one batch is under way a second begins when so many wait: the database then has one in hand while the other is read, made durable and answered. */
const ENOUGH_FOR_SECOND = 48;
const MOST_UNDER_WAY = 2;

/**
 * Group commit: while one batch is under way the next collects, and for a few milliseconds after it, so that a quiet listener answers at once and a busy
 * one writes hundreds of records with one commit; a full next one does not wait for the first. Records that the database does not take in time are made durable by the spool.
 */
export class IntakeQueue {
  private readonly queue = new RecordQueue<Waiting>();
  private readonly underWay = new Set<Waiting[]>();
  private readonly writer: BatchWriter;
  private readonly timer: NodeJS.Timeout;
  private readonly gathering = new Gathering({ enough: ENOUGH, wait_ms: GATHER_MS }, () => this.pump());
  private probing = false;
  private nextProbe_ms = 0;
  private pumpQueued = false;
  private state: Database = 'live';
  private readonly maxBatch: number;
  private readonly patience_ms: number;
  private readonly maxWaiting: number;
  /** Told when the database is live again, so that the spool is drained. */
  onLive: () => void = () => undefined;

  constructor(private readonly o: IntakeOptions) {
    this.writer = { store: o.store, counters: o.counters, log: o.log };
    this.maxBatch = o.maxBatch ?? 1000;
    this.patience_ms = o.patience_ms ?? 300;
    this.maxWaiting = o.maxWaiting ?? 20_000;
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  get database(): Database {
    return this.state;
  }

  get waiting(): number {
    return this.queue.size;
  }

  /** Whether a new record of this router could be made durable now, by whatever means. */
  canPromise(nasId: string): boolean {
    return this.state === 'live' || (this.o.spool.usable && this.o.spool.hasRoomFor(nasId));
  }

  add(item: Waiting): void {
    if (this.queue.size >= this.maxWaiting) {
      this.settle(item, false);
      return;
    }
    this.queue.add(item);
    if (this.pumpQueued) return;
    // Once per turn of the event loop: datagrams that arrived together share the first batch.
    this.pumpQueued = true;
    setImmediate(() => {
      this.pumpQueued = false;
      this.pump();
    });
  }

  /** Waits until everything taken is settled; what the database does not take within `limit_ms` goes to the spool. */
  async drain(limit_ms: number): Promise<void> {
    const until = performance.now() + limit_ms;
    while ((this.queue.size > 0 || this.underWay.size > 0) && performance.now() < until) {
      this.pump();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    clearInterval(this.timer);
    await this.toSpool([...this.unsettledUnderWay(), ...this.everything()]);
  }

  private pump(): void {
    if (this.state !== 'live') {
      if (this.o.spool.usable) void this.toSpool(this.everything());
      return;
    }
    if (!this.mayWrite(this.queue.size)) return;
    const items = this.queue.take(this.maxBatch);
    if (items.length > 0) void this.write(items);
  }

  /** Of one session no two packets are ever under way, so two batches meet at most in the usage of a subscription with several sessions. */
  private mayWrite(waiting: number): boolean {
    if (waiting === 0 || this.underWay.size >= MOST_UNDER_WAY) return false;
    return this.underWay.size > 0 ? waiting >= ENOUGH_FOR_SECOND : this.gathering.mayBegin(waiting);
  }

  private async write(items: Waiting[]): Promise<void> {
    this.underWay.add(items);
    const ok = await writeBatch(
      this.writer,
      items.map((item) => item.record),
    );
    this.underWay.delete(items);
    this.gathering.ended();
    this.queue.release(items);
    this.turn(ok ? 'live' : 'away');
    if (!ok) await this.toSpool(items);
    // The database works on the next batch while the answers to this one are sent.
    this.pump();
    if (ok) for (const item of items) this.settle(item, true);
  }

  /** Makes records durable on disk. Those that the disk refuses go back to wait for the database. */
  private async toSpool(items: Waiting[]): Promise<void> {
    const open = items.filter((item) => !item.settled && !item.spooling && this.mayEnterSpool(item));
    if (open.length === 0) return;
    for (const item of open) item.spooling = true;
    const kept = await this.o.spool.append(open.map((item) => item.record));
    for (const item of open) item.spooling = false;
    if (kept) {
      for (const item of open) this.settle(item, true);
      this.o.counters.spooled += open.length;
    } else {
      for (const item of open) if (!item.settled && !this.isUnderWay(item)) this.queue.add(item);
    }
  }

  /** A router that has filled its part of the spool is not answered, unless the database still takes what is under way. */
  private mayEnterSpool(item: Waiting): boolean {
    if (this.o.spool.hasRoomFor(item.record.nas.id)) return true;
    if (!this.isUnderWay(item)) this.settle(item, false);
    return false;
  }

  private settle(item: Waiting, durable: boolean): void {
    if (item.settled) return;
    item.settled = true;
    if (!durable) this.o.counters.dropped += 1;
    item.done(durable);
  }

  private tick(): void {
    const overdue = performance.now() - this.patience_ms;
    const late = [...this.underWay].some((items) => items[0]!.since_ms < overdue);
    if (late && this.state === 'live') this.turn('slow');
    if (this.state !== 'live' && this.o.spool.usable) {
      void this.toSpool([...this.unsettledUnderWay().filter((item) => item.since_ms < overdue), ...this.everything()]);
    } else if (this.o.spool.usable) {
      void this.toSpool(this.queue.removeWhile((item) => item.since_ms < overdue));
    }
    if (this.state === 'away' && this.underWay.size === 0) void this.probe();
    this.pump();
  }

  private async probe(): Promise<void> {
    if (this.probing || performance.now() < this.nextProbe_ms) return;
    this.probing = true;
    const alive = await this.o.store.probe();
    this.probing = false;
    this.nextProbe_ms = performance.now() + PROBE_MS;
    if (alive) this.turn('live');
  }

  private turn(state: Database): void {
    if (state === this.state) return;
    const before = this.state;
    this.state = state;
    if (state === 'live') {
      this.o.log.info({ before }, 'the database takes accounting again');
      this.onLive();
    } else if (before === 'live') {
      this.o.log.warn(
        { state },
        'the database does not take accounting in time; packets are kept on disk and answered',
      );
    }
  }

  private everything(): Waiting[] {
    return this.queue.removeWhile(() => true);
  }

  private unsettledUnderWay(): Waiting[] {
    return [...this.underWay].flat().filter((item) => !item.settled);
  }

  private isUnderWay(item: Waiting): boolean {
    for (const items of this.underWay) if (items.includes(item)) return true;
    return false;
  }
}
