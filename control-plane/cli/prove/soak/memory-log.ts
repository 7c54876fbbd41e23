import { readFileSync } from 'node:fs';
import type { Product } from '../product';
import type { Violations } from '../proof';

/** A process may keep this much more in the last quarter than in the second, and this much in all. */
const GROWTH_MIB = 64;
const GROWTH_SHARE = 0.5;

/** Resident memory of each process, in MiB, in the order in which it was read. */
export class MemoryLog {
  private readonly series = new Map<string, number[]>();
  private next_ms = 0;

  sample(product: Product, every_ms: number): void {
    if (performance.now() < this.next_ms) return;
    this.next_ms = performance.now() + every_ms;
    for (const { name, pid } of product.processes()) {
      const mib = residentMib(pid);
      const key = `${name} ${pid}`;
      if (mib !== undefined) this.series.set(key, [...(this.series.get(key) ?? []), mib]);
    }
  }

  latest(): string {
    return [...this.series].map(([name, values]) => `${name.replace(/ \d+$/, '')} ${values.at(-1)}`).join(', ');
  }

  summary(): string {
    return [...this.series].map(([name, values]) => `${name} ${quarter(values, 1)} → ${quarter(values, 3)}`).join(', ');
  }

  /** The first quarter is for warming up; what grows after it grows without end. */
  judge(violations: Violations): void {
    for (const [name, values] of this.series) {
      const [then, now] = [quarter(values, 1), quarter(values, 3)];
      if (now - then > GROWTH_MIB && now > then * (1 + GROWTH_SHARE))
        violations.add(`${name} grew from ${then} to ${now} MiB`);
    }
  }
}

/** The median of a quarter of the readings, counted from 0. */
function quarter(values: readonly number[], which: number): number {
  const part = values.slice(Math.floor((values.length * which) / 4), Math.ceil((values.length * (which + 1)) / 4));
  return part.toSorted((a, b) => a - b)[part.length >> 1] ?? 0;
}

/** Undefined when the process is gone. */
function residentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
  } catch {
    return undefined;
  }
}
