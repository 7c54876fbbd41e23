import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { Verified } from './counters';
import type { EnforcementFigures } from './enforcement';
import type { Figure, Side } from './measure';

/** Everything one run of the bench found. */
export interface BenchReport {
  at: string;
  commit: string;
  machine: { cpu: string; cores: number; memory_gib: number; node: string; postgres: string; freeradius: string };
  settings: { users: number; seconds: number; rounds: number; fsync: string; synchronous_commit: string };
  figures: Figure[];
  /** Medians over the rounds and their ratio, Lango over stock. */
  compared: {
    what: string;
    stock_per_s: number;
    lango_per_s: number;
    ratio: number;
    stock_p99_ms: number;
    lango_p99_ms: number;
  }[];
  open_loop: { side: Side['name']; highest_without_loss_per_s: number; tried: Figure[] }[];
  verified: Record<Side['name'], Verified>;
  enforcement: EnforcementFigures;
}

/** Median of the rounds, per measurement, side by side. */
export function compare(figures: Figure[]): BenchReport['compared'] {
  const names = [...new Set(figures.map((f) => f.what))];
  return names.map((what) => {
    const pick = (side: Side['name'], value: (f: Figure) => number): number =>
      median(figures.filter((f) => f.what === what && f.side === side).map(value));
    const stock_per_s = pick('stock', (f) => f.per_s);
    const lango_per_s = pick('lango', (f) => f.per_s);
    return {
      what,
      stock_per_s,
      lango_per_s,
      ratio: lango_per_s / stock_per_s,
      stock_p99_ms: pick('stock', (f) => f.p99_ms),
      lango_p99_ms: pick('lango', (f) => f.p99_ms),
    };
  });
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** What it ran on; a figure without it means nothing. */
export function machine(postgres: string): BenchReport['machine'] {
  const freeradius =
    /Version ([\d.]+)/.exec(spawnSync('freeradius', ['-v'], { encoding: 'utf8' }).stdout)?.[1] ?? 'unknown';
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
    freeradius,
  };
}

/** The commit that was measured, `-dirty` when the tree differs from it. */
export function commit(root: string): string {
  const git = (...words: string[]): string =>
    spawnSync('git', ['-C', root, ...words], { encoding: 'utf8' }).stdout.trim();
  return (git('rev-parse', '--short', 'HEAD') || 'unknown') + (git('status', '--porcelain') ? '-dirty' : '');
}

/** What enforcement did, in two lines. */
export function renderEnforcement({ crossing: c, midnight: m }: EnforcementFigures): string {
  const ms = (value: number): string => `${value.toLocaleString('en', { maximumFractionDigits: 0 })} ms`;
  return [
    `Cap crossed to Disconnect at the router, at ${Math.round(c.interims_per_s)} interims/s (${c.lost} lost): p50 ${ms(c.p50_ms)}, p99 ${ms(c.p99_ms)}, most ${ms(c.most_ms)} (stored and answered: p50 ${ms(c.acknowledged_p50_ms)}); ${c.cut} of ${c.crossings} cut`,
    `Midnight: ${m.sessions} sessions on ${m.routers} routers end in one second: first Disconnect ${ms(m.first_ms)}, half ${ms(m.half_ms)}, last ${ms(m.last_disconnect_ms)}; all proven ${ms(m.last_proven_ms)} (${m.proven} by their Stop, ${m.exchanges} exchanges)`,
  ].join('\n');
}

/** The tables for people. */
export function render(report: BenchReport): string {
  const n = (value: number, digits = 0): string =>
    value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
  const row = (...cells: string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(12))).join(' ');
  const m = report.machine;
  const lines = [
    `${m.cpu}, ${m.cores} cores, ${m.memory_gib} GiB · Node ${m.node} · Postgres ${m.postgres} (fsync ${report.settings.fsync}, synchronous_commit ${report.settings.synchronous_commit}) · FreeRADIUS ${m.freeradius} · commit ${report.commit}`,
    `${n(report.settings.users)} users and sessions, medians of ${report.settings.rounds} interleaved rounds of ${report.settings.seconds} s. Accepts and acknowledgements only.`,
    '',
    row('per second', 'stock', 'Lango', 'ratio', 'stock p99', 'Lango p99'),
    ...report.compared.map((c) =>
      row(
        c.what,
        n(c.stock_per_s),
        n(c.lango_per_s),
        `${n(c.ratio, 2)}x`,
        `${n(c.stock_p99_ms, 1)} ms`,
        `${n(c.lango_p99_ms, 1)} ms`,
      ),
    ),
    '',
    ...report.open_loop.map(
      (o) =>
        `${o.side}: ${n(o.highest_without_loss_per_s)} interims/s offered at a fixed rate without a loss or a retransmit`,
    ),
    '',
    row('CPU us per packet', 'FreeRADIUS', 'Postgres', 'Node', 'generator'),
    ...report.figures.map((f) =>
      row(
        `${f.side} ${f.what}`,
        n(f.cpu_us_per_packet.freeradius),
        n(f.cpu_us_per_packet.postgres),
        n(f.cpu_us_per_packet.node),
        `${n(f.generator_busiest_cpu * 100)} %`,
      ),
    ),
    '',
    ...(['stock', 'lango'] as const).map((side) => {
      const v = report.verified[side];
      return `${side}: ${n(v.sessions)} sessions and ${v.stored_bytes} bytes in the rows, ${v.acknowledged_bytes} sent: ${v.ok ? 'verified' : 'NOT EQUAL'}`;
    }),
    '',
    renderEnforcement(report.enforcement),
  ];
  return lines.join('\n');
}
