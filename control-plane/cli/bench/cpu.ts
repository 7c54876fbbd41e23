import { readFileSync, readdirSync } from 'node:fs';

/** CPU milliseconds used so far by processes whose command line or ancestry the bench knows. */
export interface CpuUse {
  freeradius_ms: number;
  postgres_ms: number;
  node_ms: number;
}

const tick_ms = 10;

interface Process {
  pid: number;
  parent: number;
  name: string;
  cpu_ms: number;
  /** CPU of children that have ended and were waited for (Postgres backends come and go). */
  ended_ms: number;
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const field = (n: number): number => Number(rest[n - 3]);
        return [
          {
            pid: Number(entry),
            parent: field(4),
            name,
            cpu_ms: (field(14) + field(15)) * tick_ms,
            ended_ms: (field(16) + field(17)) * tick_ms,
          },
        ];
      } catch {
        return [];
      }
    });
}

/** These processes and all that came of them. */
function familiesOf(roots: readonly number[], all: readonly Process[]): Set<number> {
  const ours = new Set(roots);
  for (let grown = true; grown;) {
    grown = false;
    for (const p of all) if (!ours.has(p.pid) && ours.has(p.parent)) grown = Boolean(ours.add(p.pid));
  }
  return ours;
}

/** A process and all that came of it, as process ids. */
export function familyOf(root: number): number[] {
  return [...familiesOf([root], processes())];
}

/** What the descendants of `roots` have used, by kind. Take it before and after a measurement and subtract. */
export function cpuUse(roots: readonly number[]): CpuUse {
  const all = processes();
  const ours = familiesOf(roots, all);
  const use: CpuUse = { freeradius_ms: 0, postgres_ms: 0, node_ms: 0 };
  for (const p of all) {
    if (!ours.has(p.pid)) continue;
    if (p.name.startsWith('freeradius')) use.freeradius_ms += p.cpu_ms;
    else if (p.name.startsWith('postgres')) use.postgres_ms += p.cpu_ms + p.ended_ms;
    else if (p.name.startsWith('node') || p.name === 'MainThread') use.node_ms += p.cpu_ms;
  }
  return use;
}

/** The difference of two readings. */
export function cpuBetween(before: CpuUse, after: CpuUse): CpuUse {
  return {
    freeradius_ms: after.freeradius_ms - before.freeradius_ms,
    postgres_ms: after.postgres_ms - before.postgres_ms,
    node_ms: after.node_ms - before.node_ms,
  };
}
