import { createServer, type Server } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedBinaries } from '../../platform/postgres/binaries';
import { projectRoot } from '../../platform/project-root';
import { SimulatedMikrotik } from '../../test-kit/mikrotik';
import { startProduct, type Product } from '../prove/product';
import { cpuUse } from './cpu';
import { commit, machine } from './report';

export interface MonitoringOptions {
  routers: number;
  /** Rounds that count, half a minute each. */
  rounds: number;
  progress: (line: string) => void;
}

interface Round {
  /** Routers that were asked in it and answered. */
  up: number;
  /** From the first answer of the round to the last one. */
  spread_s: number;
}

export interface MonitoringReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  load: [before: number, after: number];
  routers: number;
  rounds: Round[];
  /** Parts of one core that each process used over the rounds; the simulated routers are this process. */
  cores: Record<string, number>;
  /** One more router takes connections and never says a word: what it is called at the end. */
  hanging: string;
}

const ROUND_MS = 30_000;
/** When a round is looked at: after its answers, before the next one. */
const LOOK_AT_MS = 25_000;
const FIRST_ROUND_MS = 240_000;
const user = { name: 'lango', password: 'bench-monitoring' };

/** `npm run bench -- --only monitoring [--routers N] [--rounds N]`. */
export function readMonitoring(value: (name: string) => string | undefined): Omit<MonitoringOptions, 'progress'> {
  return { routers: Number(value('--routers') ?? 500), rounds: Number(value('--rounds') ?? 5) };
}

/** The whole product asks simulated routers how they are, each half minute, with one among them that hangs; what that costs every process. */
export async function runMonitoring(o: MonitoringOptions): Promise<MonitoringReport> {
  const before = loadavg()[0] ?? 0;
  const routers: SimulatedMikrotik[] = [];
  let silent: Server | undefined;
  const product = await startProduct();
  try {
    for (let n = 0; n < o.routers; n += 1) {
      const router = await startRouter(n);
      routers.push(router);
      await enlist(product, n, router.address, router.api.port);
      if (n % 100 === 99) o.progress(`${n + 1} routers stand`);
    }
    silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent?.listen(8728, '127.91.250.1', resolve));
    await enlist(product, o.routers, '127.91.250.1', 8728);
    await firstRound(product, o.routers);
    o.progress('all answered once');
    const rounds: Round[] = [];
    await untilIntoRound(LOOK_AT_MS);
    const from = { at_ms: performance.now(), used: use(product) };
    for (let n = 0; n < o.rounds; n += 1) {
      await sleep(ROUND_MS);
      rounds.push(await lookAt(product));
      o.progress(`round ${n + 1}: ${rounds.at(-1)?.up} answered within ${rounds.at(-1)?.spread_s.toFixed(1)} s`);
    }
    const used = use(product);
    const ms = performance.now() - from.at_ms;
    const [hanging] = await product.ask<{ state: string }>(
      `SELECT m.state FROM monitoring_state m JOIN nas n ON n.id = m.nas_id WHERE n.nasname = '127.91.250.1'`,
    );
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(embeddedBinaries(undefined, tmpdir()).version),
      load: [before, loadavg()[0] ?? 0],
      routers: o.routers,
      rounds,
      cores: Object.fromEntries(Object.entries(used).map(([name, now]) => [name, (now - (from.used[name] ?? 0)) / ms])),
      hanging: hanging?.state ?? 'never asked',
    };
  } finally {
    await product.stop();
    silent?.close();
    await Promise.all(routers.map((router) => router.close()));
  }
}

function startRouter(n: number): Promise<SimulatedMikrotik> {
  return SimulatedMikrotik.start({
    identity: `bench-${n}`,
    address: `127.91.${Math.floor(n / 250)}.${(n % 250) + 1}`,
    secret: 'bench-secret',
    servers: [],
    version: n % 5 === 0 ? '6.49' : '7.18',
    accountingOn: false,
    api: { users: [user] },
  });
}

async function enlist({ api }: Product, n: number, address: string, port: number): Promise<void> {
  const router = { name: `bench-${n}`, address, secret: 'bench-secret', type: 'mikrotik' };
  const answer = await api.post('/routers', {
    ...router,
    api_username: user.name,
    api_password: user.password,
    api_port: port,
  });
  if (answer.status !== 201) throw new Error(`a router was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

async function firstRound(product: Product, routers: number): Promise<void> {
  for (const end = Date.now() + FIRST_ROUND_MS; ; await sleep(2000)) {
    const { up } = await lookAt(product);
    if (up >= routers) return;
    if (Date.now() > end) throw new Error(`only ${up} of ${routers} routers answered: ${product.lastWords('jobs')}`);
  }
}

async function lookAt(product: Product): Promise<Round> {
  const [row] = await product.ask<Round>(
    `SELECT count(*)::int AS up, coalesce(extract(epoch FROM max(asked_at) - min(asked_at)), 0)::float8 AS spread_s
     FROM monitoring_state WHERE state = 'up' AND asked_at > now() - interval '29 seconds'`,
  );
  return row ?? { up: 0, spread_s: 0 };
}

/** Rounds begin at each half minute of the clock. */
function untilIntoRound(ms: number): Promise<void> {
  return sleep((ROUND_MS + ms - (Date.now() % ROUND_MS)) % ROUND_MS);
}

/** Processor time so far by process, in milliseconds. */
function use(product: Product): Record<string, number> {
  const used: Record<string, number> = {};
  for (const { name, pid } of product.processes()) {
    // A worker is counted with its parent.
    if (name === 'supervisor' || name === 'accounting worker') continue;
    const { node_ms, postgres_ms, freeradius_ms } = cpuUse([pid]);
    used[name] = (used[name] ?? 0) + node_ms + postgres_ms + freeradius_ms;
  }
  const { user: mine, system } = process.cpuUsage();
  used['simulated routers'] = (mine + system) / 1000;
  return used;
}

/** Whether every router was asked in every round, and the one that hangs was told from them. */
export const monitoringHolds = ({ routers, rounds, hanging }: MonitoringReport): boolean =>
  hanging === 'down' && rounds.length > 0 && rounds.every(({ up }) => up === routers);

export function renderMonitoring(report: MonitoringReport): string {
  const { routers, rounds, cores, hanging, load } = report;
  return [
    `${routers} simulated routers and one that hangs (${hanging}), asked every 30 s (${report.commit}, load ${load.join(' to ')})`,
    ...rounds.map(
      ({ up, spread_s }, n) => `  round ${n + 1}: ${up} answered within ${spread_s.toFixed(1)} s of the first`,
    ),
    'Parts of one core:',
    ...Object.entries(cores)
      .sort(([, a], [, b]) => b - a)
      .map(([name, part]) => `  ${name.padEnd(20)} ${(part * 100).toFixed(1)} %`),
    monitoringHolds(report) ? 'Every router was asked in every round.' : 'NOT EVERY ROUTER WAS ASKED IN EVERY ROUND.',
  ].join('\n');
}
