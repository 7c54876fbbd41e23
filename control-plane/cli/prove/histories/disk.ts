import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountingRecord } from '../../../../radius/accounting/record';
import { SpoolDirectory } from '../../../../radius/accounting/spool/directory';
import { Drainer } from '../../../../radius/accounting/spool/drainer';
import { SpoolWriter } from '../../../../radius/accounting/spool/writer';
import type { BatchWriter } from '../../../../radius/accounting/write-batch';

interface Process {
  directory: SpoolDirectory;
  spool: SpoolWriter;
  drainer: Drainer;
}

/** What a listener is given at once while the database is away. */
const TOGETHER = 250;
const MOST_DRAINING_MS = 120_000;

/** The spool of a listener that drains when it is told to; that process may end, and the next one takes over its files. */
export class Disk {
  private readonly root = mkdtempSync(join(tmpdir(), 'lango-histories-'));
  private open = false;
  private readonly leftBehind = new Set<string>();
  private process: Process;

  constructor(private readonly writer: BatchWriter) {
    this.process = this.begin();
  }

  /** Records that lie on the disk; counted as one when another process has left them. */
  get pending(): number {
    return this.process.spool.pending + this.leftBehind.size;
  }

  /** As the listener does before it answers. */
  async keep(records: readonly AccountingRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += TOGETHER)
      if (!(await this.process.spool.append(records.slice(at, at + TOGETHER))))
        throw new Error('the disk did not take the records');
  }

  /** Ends when all is in the database. */
  async drain(): Promise<void> {
    const until = performance.now() + MOST_DRAINING_MS;
    this.open = true;
    while (this.pending > 0) {
      if (performance.now() > until) throw new Error(`the spool still holds ${this.pending} records`);
      this.process.drainer.wake();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.open = false;
  }

  /** The process ends, and another one begins. */
  async handOver(): Promise<void> {
    const { directory, pending } = await this.end();
    if (pending > 0) this.leftBehind.add(directory.instance);
    this.process = this.begin();
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.root, { recursive: true, force: true });
  }

  private begin(): Process {
    const directory = new SpoolDirectory(this.root);
    const log = this.writer.log;
    const spool: SpoolWriter = new SpoolWriter({
      directory: directory.path,
      log,
      otherBytes: () => drainer.claimedBytes,
    });
    const drainer: Drainer = new Drainer({
      directory,
      spool,
      writer: this.writer,
      mayDrain: () => this.open,
      claimedDrained: (from) => void this.leftBehind.delete(from),
    });
    return { directory, spool, drainer };
  }

  private async end(): Promise<{ directory: SpoolDirectory; pending: number }> {
    const { directory, spool, drainer } = this.process;
    await drainer.stop();
    const { pending } = spool;
    await spool.close();
    directory.leave();
    return { directory, pending };
  }
}
