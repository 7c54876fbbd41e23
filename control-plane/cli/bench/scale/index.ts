import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedBinaries } from '../../../platform/postgres/binaries';
import { startEmbeddedPostgres } from '../../../platform/postgres/embedded';
import { projectRoot } from '../../../platform/project-root';
import { SentCounters } from '../counters';
import { startLango } from '../lango';
import { measure, oneRound, type Figure, type Side } from '../measure';
import { freeUdpPorts } from '../ports';
import { commit, machine } from '../report';
import { fill, type Population } from './fill';

export interface ScaleOptions {
  small: Population;
  large: Population;
  seconds: number;
  rounds: number;
  progress: (line: string) => void;
}

export interface ScaleFigure {
  what: string;
  small: Pick<Figure, 'per_s' | 'p99_ms' | 'cpu_us_per_packet'>;
  large: Pick<Figure, 'per_s' | 'p99_ms' | 'cpu_us_per_packet'>;
  /** Rate at the large size over that at the small one. */
  ratio: number;
}

export interface ScaleReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  sizes: { small: Population; large: Population };
  figures: ScaleFigure[];
  /** Rejects and lost packets of all measurements: they must be 0, or rates mean nothing. */
  faults: number;
}

const secret = 'bench-secret';
/** Subscribers that bench/lango.ts seeds itself, through the triggers. */
const SEEDED = 1000;

export const scaleDefaults = {
  small: { subscribers: 10_000, live: 10_000, history: 0 },
  large: { subscribers: 1_000_000, live: 100_000, history: 20_000_000 },
};

/** `npm run bench -- --only scale [--users N] [--live N] [--history N] [--seconds N] [--rounds N]`: the large size; the small one stays as it is. */
export function readScale(value: (name: string) => string | undefined): Omit<ScaleOptions, 'progress'> {
  const { small, large } = scaleDefaults;
  return {
    small,
    large: {
      subscribers: Number(value('--users') ?? large.subscribers),
      live: Number(value('--live') ?? large.live),
      history: Number(value('--history') ?? large.history),
    },
    seconds: Number(value('--seconds') ?? 6),
    rounds: Number(value('--rounds') ?? 3),
  };
}

interface Sized extends Side {
  size: Population;
}

/** Two installations of different sizes, each on a Postgres of its own with fsync on, measured in turn. Rates must not depend on the size. */
export async function runScale(o: ScaleOptions): Promise<ScaleReport> {
  const home = mkdtempSync(join(tmpdir(), 'lango-scale-'));
  chmodSync(home, 0o755);
  const undo: (() => Promise<void>)[] = [];
  try {
    const sides: Sized[] = [];
    for (const size of [o.small, o.large]) sides.push(await install(join(home, String(sides.length)), size, o, undo));
    const figures = await inTurn(sides, o);
    const all = figures.flatMap(({ small, large }) => [...small, ...large]);
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(embeddedBinaries(undefined, tmpdir()).version),
      sizes: { small: o.small, large: o.large },
      figures: figures.map(sumUp),
      faults: all.reduce((sum, figure) => sum + figure.lost + figure.rejects, 0),
    };
  } finally {
    for (const step of undo.reverse()) await step();
    rmSync(home, { recursive: true, force: true });
  }
}

async function install(dir: string, size: Population, o: ScaleOptions, undo: (() => Promise<void>)[]): Promise<Sized> {
  mkdirSync(join(dir, 'lango'), { recursive: true, mode: 0o755 });
  const postgres = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres'), durable: true });
  undo.push(() => postgres.stop());
  const [authPort = 0, acctPort = 0] = await freeUdpPorts(2);
  const seeded = Math.min(SEEDED, size.subscribers);
  const lango = await startLango({
    adminUrl: postgres.ownerUrl,
    dir: join(dir, 'lango'),
    authPort,
    acctPort,
    secret,
    users: seeded,
  });
  undo.push(() => lango.stop());
  await fill(lango.databaseUrl, seeded, size, o.progress);
  const side: Sized = {
    name: 'lango',
    ...lango,
    roots: [lango.pid, postgres.pid],
    sent: new SentCounters(size.live),
    size,
  };
  o.progress(`${size.live} sessions begin`);
  await oneRound(side, 'start', { users: size.live, seconds: o.seconds, secret });
  await oneRound(side, 'interim', { users: size.live, seconds: o.seconds, secret });
  return side;
}

interface Measured {
  what: string;
  small: Figure[];
  large: Figure[];
}

async function inTurn([small, large]: Sized[], o: ScaleOptions): Promise<Measured[]> {
  const kinds = [
    { kind: 'pap', outstanding: 32 },
    { kind: 'interim', outstanding: 32 },
    { kind: 'interim', outstanding: 128 },
  ] as const;
  const found = kinds.map(({ kind, outstanding }): Measured => ({
    what: `${kind} ${outstanding} outstanding`,
    small: [],
    large: [],
  }));
  for (let round = 0; round < o.rounds; round++)
    for (const [i, { kind, outstanding }] of kinds.entries()) {
      const both = [[small!, found[i]!.small] as const, [large!, found[i]!.large] as const];
      for (const [side, figures] of round % 2 ? both.reverse() : both) {
        const users = kind === 'pap' ? side.size.subscribers : side.size.live;
        const figure = await measure(
          side,
          kind,
          { kind: 'closed', outstanding },
          { users, seconds: o.seconds, secret },
        );
        figures.push(figure);
        o.progress(`${side.size.subscribers} subscribers, ${figure.what}: ${Math.round(figure.per_s)}/s`);
      }
    }
  return found;
}

function sumUp({ what, small, large }: Measured): ScaleFigure {
  const figure = { what, small: middle(small), large: middle(large) };
  return { ...figure, ratio: figure.large.per_s / figure.small.per_s };
}

/** The round with the median rate. */
function middle(figures: Figure[]): ScaleFigure['small'] {
  const { per_s, p99_ms, cpu_us_per_packet } = figures.toSorted((a, b) => a.per_s - b.per_s)[figures.length >> 1]!;
  return { per_s, p99_ms, cpu_us_per_packet };
}

/** The report for people. */
export function renderScale(report: ScaleReport): string {
  const n = (value: number): string => Math.round(value).toLocaleString('en');
  const size = (p: Population): string =>
    `${n(p.subscribers)} subscribers, ${n(p.live)} live sessions, ${n(p.history)} history rows`;
  const cpu = ({ cpu_us_per_packet: c }: ScaleFigure['small']): string =>
    `${n(c.freeradius)}+${n(c.postgres)}+${n(c.node)}`;
  const row = (...cells: string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(26) : cell.padStart(14))).join(' ');
  return [
    `small: ${size(report.sizes.small)}`,
    `large: ${size(report.sizes.large)}`,
    row('per second', 'small', 'large', 'large/small', 'p99', 'p99'),
    ...report.figures.map((f) =>
      row(
        f.what,
        n(f.small.per_s),
        n(f.large.per_s),
        f.ratio.toFixed(2),
        `${n(f.small.p99_ms)} ms`,
        `${n(f.large.p99_ms)} ms`,
      ),
    ),
    row('CPU us (FR+PG+Node)', 'small', 'large'),
    ...report.figures.map((f) => row(f.what, cpu(f.small), cpu(f.large))),
    `faults: ${report.faults}`,
  ].join('\n');
}
