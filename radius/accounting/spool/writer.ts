import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartLog } from '../../part';
import type { AccountingRecord } from '../record';
import { encodeRecord } from './format';

export interface SpoolWriterOptions {
  /** Directory of this process alone. */
  directory: string;
  log: PartLog;
  /** All segments together may not be larger. */
  maxBytes?: number;
  segmentBytes?: number;
  /** Bytes that claimed segments take, which count towards maxBytes. */
  otherBytes?: () => number;
}

/** A segment that is complete: it is read and removed, never written again. */
export interface SealedSegment {
  path: string;
  records: number;
  bytes: number;
  oldest_ms: number;
  /** Octets by router. */
  shares: ReadonlyMap<string, number>;
}

interface OpenSegment {
  file: FileHandle;
  path: string;
  bytes: number;
  records: number;
  oldest_ms: number;
  shares: Map<string, number>;
}

interface Append {
  octets: Buffer[];
  records: number;
  routers: string[];
  oldest_ms: number;
  done(kept: boolean): void;
}

const RETRY_MS = 1000;
/** Some 8,000 records: a segment is read in one go, and live packets wait while it is. */
const SEGMENT_BYTES = 2 * 1024 ** 2;
/** Of the whole limit, for one router: a broken one that sends without end must leave room for the others. */
const ROUTER_SHARE = 1 / 4;

/**
 * Keeps records on disk: an append is answered true after fdatasync. Appends that come while one is being synced share the
 * next. When the disk is full or fails it answers false, cuts off what was half written, and counts as unusable for a second.
 */
export class SpoolWriter {
  private current: OpenSegment | undefined;
  private readonly sealed: SealedSegment[] = [];
  private sealedBytes = 0;
  /** On their way from the one to the others: what they hold is pending all the while, or ghosts would be swept too early. */
  private readonly closing = new Set<OpenSegment>();
  private readonly waiting: Append[] = [];
  private working = false;
  private failedUntil = 0;
  private failing = false;
  private counter = 0;
  /** Octets that are not drained yet, by router. */
  private readonly shares = new Map<string, number>();
  private readonly overfull = new Set<string>();

  constructor(private readonly o: SpoolWriterOptions) {}

  get usable(): boolean {
    return performance.now() >= this.failedUntil && this.bytes < this.maxBytes;
  }

  /** Records on disk that are not drained yet. */
  get pending(): number {
    return [...this.sealed, ...this.closing].reduce((sum, s) => sum + s.records, this.current?.records ?? 0);
  }

  /** Arrival of the oldest of them. */
  get oldest_ms(): number | undefined {
    const [first = this.current] = [...this.sealed, ...this.closing];
    return first?.records ? first.oldest_ms : undefined;
  }

  get bytes(): number {
    const closing = [...this.closing].reduce((sum, s) => sum + s.bytes, 0);
    return this.sealedBytes + closing + (this.current?.bytes ?? 0) + (this.o.otherBytes?.() ?? 0);
  }

  /** Whether this router has not used up its part of the spool. */
  hasRoomFor(nasId: string): boolean {
    const full = (this.shares.get(nasId) ?? 0) >= this.maxBytes * ROUTER_SHARE;
    if (full && !this.overfull.has(nasId)) {
      this.overfull.add(nasId);
      this.o.log.warn(
        { router: nasId },
        'a router has filled its part of the spool; its packets are not answered until the database is back. Look at what it sends.',
      );
    }
    return !full;
  }

  /** True once the records are on the disk; false when the disk does not take them. */
  append(records: readonly AccountingRecord[]): Promise<boolean> {
    if (!this.usable) {
      this.complain(new Error(`the spool has reached its limit of ${this.maxBytes} bytes or its disk is full`));
      return Promise.resolve(false);
    }
    return new Promise((done) => {
      const oldest_ms = records.reduce((oldest, r) => Math.min(oldest, r.received_ms), Infinity);
      this.waiting.push({
        octets: records.map(encodeRecord),
        records: records.length,
        routers: records.map(({ nas }) => nas.id),
        oldest_ms,
        done,
      });
      if (!this.working) void this.work();
    });
  }

  /** The complete segments, oldest first. When there is none, the one being written is ended so that it can be drained. */
  async sealedSegments(): Promise<readonly SealedSegment[]> {
    if (this.sealed.length === 0 && this.current && this.current.records > 0 && !this.working) await this.seal();
    return this.sealed;
  }

  /** Removes a drained segment. */
  async discard(segment: SealedSegment): Promise<void> {
    await rm(segment.path, { force: true });
    const at = this.sealed.indexOf(segment);
    if (at === -1) return;
    this.sealed.splice(at, 1);
    this.sealedBytes -= segment.bytes;
    for (const [nasId, bytes] of segment.shares) this.countShare(nasId, -bytes);
  }

  async close(): Promise<void> {
    while (this.working) await new Promise((resolve) => setTimeout(resolve, 2));
    if (this.current) await this.seal();
  }

  private get maxBytes(): number {
    return this.o.maxBytes ?? 2 * 1024 ** 3;
  }

  private async work(): Promise<void> {
    this.working = true;
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0);
      const kept = await this.write(group);
      for (const append of group) append.done(kept);
    }
    this.working = false;
  }

  private async write(group: Append[]): Promise<boolean> {
    let segment: OpenSegment | undefined;
    try {
      segment = this.current ?? (await this.begin());
      const octets = Buffer.concat(group.flatMap((append) => append.octets));
      await writeFully(segment.file, octets, segment.bytes);
      await segment.file.datasync();
      segment.bytes += octets.length;
      for (const append of group) {
        segment.records += append.records;
        segment.oldest_ms = Math.min(segment.oldest_ms, append.oldest_ms);
        append.routers.forEach((nasId, i) => {
          const bytes = append.octets[i]!.length;
          segment!.shares.set(nasId, (segment!.shares.get(nasId) ?? 0) + bytes);
          this.countShare(nasId, bytes);
        });
      }
      if (segment.bytes >= (this.o.segmentBytes ?? SEGMENT_BYTES)) await this.seal();
      this.failing = false;
      return true;
    } catch (error) {
      this.complain(error as Error);
      this.failedUntil = performance.now() + RETRY_MS;
      if (segment) await this.cutBack(segment);
      return false;
    }
  }

  /** Removes what was half written; if even that fails the segment is left as it is and another begun: its tail is not readable then. */
  private async cutBack(segment: OpenSegment): Promise<void> {
    try {
      await segment.file.truncate(segment.bytes);
    } catch {
      await this.seal().catch(() => undefined);
    }
  }

  private async begin(): Promise<OpenSegment> {
    const path = join(this.o.directory, `${String(++this.counter).padStart(8, '0')}.seg`);
    const file = await open(path, 'wx', 0o600);
    // The name must survive a power cut as the content does.
    const directory = await open(this.o.directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    this.current = { file, path, bytes: 0, records: 0, oldest_ms: Infinity, shares: new Map() };
    return this.current;
  }

  private async seal(): Promise<void> {
    const segment = this.current;
    if (!segment) return;
    this.current = undefined;
    this.closing.add(segment);
    try {
      await segment.file.close();
      if (segment.records === 0) await rm(segment.path, { force: true });
    } finally {
      // What was synced is drained, also when the disk refuses the rest.
      this.closing.delete(segment);
      const { path, records, bytes, oldest_ms, shares } = segment;
      if (records > 0) {
        this.sealed.push({ path, records, bytes, oldest_ms, shares });
        this.sealedBytes += bytes;
      }
    }
  }

  private countShare(nasId: string, bytes: number): void {
    const left = (this.shares.get(nasId) ?? 0) + bytes;
    if (left > 0) this.shares.set(nasId, left);
    else this.shares.delete(nasId);
    if (bytes < 0) this.overfull.delete(nasId);
  }

  private complain(error: Error): void {
    if (!this.failing)
      this.o.log.error(
        { err: error },
        'accounting cannot be kept on disk; packets are not answered. Free some disk space.',
      );
    this.failing = true;
  }
}

async function writeFully(file: FileHandle, octets: Buffer, position: number): Promise<void> {
  for (let at = 0; at < octets.length;) {
    const { bytesWritten } = await file.write(octets, at, octets.length - at, position + at);
    if (bytesWritten === 0) throw new Error('the disk took nothing');
    at += bytesWritten;
  }
}
