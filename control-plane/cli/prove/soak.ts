import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectAgreement } from './agreement';
import { Dice } from './dice';
import { startProduct, type Product } from './product';
import { Violations, type Proof, type ProofInput, type ProofResult } from './proof';
import { act, Town } from './town';

const SAMPLE_MS = { small: 500, full: 10_000 };
/** A process may keep this much more in the last quarter than in the second, and this much in all. */
const GROWTH_MIB = 64;
const GROWTH_SHARE = 0.5;

/** A town for a long time: what does each process keep, and who is online without having paid? */
export const soak: Proof = {
  name: 'soak',
  shows: 'a town that lives for long makes no process grow without end, and at rest there is no free rider',
  minutes: 10,
  run: runSoak,
};

async function runSoak(input: ProofInput): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const product = await startProduct();
  let town: Town | undefined;
  try {
    const size = input.size === 'small' ? { routers: 1, residents: 20 } : { routers: 8, residents: 300 };
    town = await Town.settle(product, size, dice.fork());
    town.live();
    const memory = new MemoryLog();
    let actions = 0;
    const began = Date.now();
    const end = began + Math.max(input.minutes * 60_000, 5000);
    for (let told = began; Date.now() < end; actions++) {
      await act(product, dice.pick(town.residents), dice.fork());
      memory.sample(product, SAMPLE_MS[input.size]);
      if (Date.now() - told > 60_000) {
        told = Date.now();
        input.progress(`${Math.round((told - began) / 60_000)} min: ${memory.latest()}`);
      }
      await sleep(500);
    }
    await town.rest();
    const agreed_ms = await expectAgreement(product, town, violations);
    await town.lastWords();
    await town.witness.compare(product, violations);
    if (input.size === 'full') memory.judge(violations);
    return {
      done: {
        'people on routers': `${size.residents} on ${size.routers}`,
        'accounting records acknowledged': town.witness.acknowledged,
        sessions: town.witness.sessions,
        'actions of staff and money': actions,
        'seconds until routers and subscriptions agreed': agreed_ms / 1000,
        'MiB resident, second quarter, last quarter': memory.summary(),
      },
      violations: violations.found,
    };
  } finally {
    await town?.close();
    await product.stop();
  }
}

/** Resident memory of each process, in MiB, in the order in which it was read. */
class MemoryLog {
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
