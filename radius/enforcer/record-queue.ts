import type { PartLog } from '../part';
import type { EnforcementRecord, EnforcementStore } from './store';

/** More than can be under way at a time; beyond it the database has been away so long that the rows' leases are over anyway. */
const LONGEST_QUEUE = 10_000;
const LARGEST_WRITE = 500;
const RETRY_MS = 500;
/** What a claim has set going is answered within a few milliseconds: so long outcomes are gathered, and written in one statement and one commit. */
const GATHER_MS = 4;

/**
 * Writes outcomes in the order in which they happened, those together that come within a few milliseconds; while one write is under way the next ones collect. A write that fails because the
 * database is away is tried again; a single record that cannot be written is dropped with an error, and its row falls free with its lease.
 */
export class RecordQueue {
  private readonly queue: EnforcementRecord[] = [];
  private writing: Promise<void> | undefined;
  private stopped = false;
  private failing = false;

  constructor(
    private readonly store: EnforcementStore,
    private readonly log: PartLog,
    /** Told after each write in how many milliseconds the first row of it that stays open is due again, where one does. */
    private readonly again: (ms: number) => void,
  ) {}

  add(record: EnforcementRecord): void {
    if (this.queue.length >= LONGEST_QUEUE) this.queue.shift();
    this.queue.push(record);
    this.writing ??= this.drain().finally(() => {
      this.writing = undefined;
    });
  }

  /** Writes what is left, once, and waits for it. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.writing;
    if (this.queue.length > 0) await this.store.record(this.queue.splice(0)).catch(() => undefined);
  }

  private async drain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    while (this.queue.length > 0) {
      // Out of the queue while it is written: what overflows meanwhile takes nothing of it away, and it takes nothing of what came.
      const batch = this.queue.splice(0, LARGEST_WRITE);
      while (!(await this.write(batch))) {
        if (this.stopped) {
          this.queue.unshift(...batch);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** False when the database is away. */
  private async write(batch: EnforcementRecord[]): Promise<boolean> {
    try {
      const due_ms = await this.store.record(batch);
      this.failing = false;
      if (due_ms !== null) this.again(due_ms);
      return true;
    } catch (error) {
      if (!isDataError(error)) {
        if (!this.failing) this.log.warn({ err: error }, 'outcomes cannot be written at the moment; trying again');
        this.failing = true;
        return false;
      }
      const [only] = batch;
      if (only !== undefined && batch.length === 1) {
        this.log.error(
          { err: error, enforcement: only.id },
          'an outcome could not be written; its row will be tried again',
        );
        return true;
      }
      for (const record of batch) if (!(await this.write([record]))) return false;
      return true;
    }
  }
}

/** SQLSTATE classes 22 and 23: the record itself is at fault, and no second try will change that. */
function isDataError(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return /^2[23]/.test(code);
}
