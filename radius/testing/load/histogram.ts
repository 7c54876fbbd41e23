/** Latencies in buckets that grow by 2 %: constant memory whatever the length of a run, and every quantile within 2 %. */
const GROWTH = Math.log(1.02);
const BUCKETS = 1000;

export class Histogram {
  readonly counts: number[];

  constructor(counts?: number[]) {
    this.counts = counts ?? Array.from({ length: BUCKETS }, () => 0);
  }

  /** Counts one latency in microseconds; below 1 µs counts as 1 µs, above about 6 minutes as that. */
  record(latency_us: number): void {
    this.counts[Math.min(BUCKETS - 1, Math.max(0, Math.round(Math.log(latency_us) / GROWTH)))]!++;
  }

  merge(other: readonly number[]): void {
    other.forEach((count, bucket) => (this.counts[bucket]! += count));
  }

  /** The latency in milliseconds below which the given share (0 to 1) of all lies; 0 without any. */
  quantile_ms(share: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    let left = Math.ceil(total * share);
    if (left === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.counts[bucket]!;
      if (left <= 0) return Math.exp(bucket * GROWTH) / 1000;
    }
    return 0;
  }
}
