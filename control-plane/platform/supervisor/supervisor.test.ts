import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { stopwatch } from '../../test-kit/stopwatch';
import { until } from '../../test-kit/until';
import { projectRoot } from '../project-root';
import { dataDirTrouble } from './disk';
import { KeptProcess, type ProcessSpec } from './kept-process';
import { takeLock } from './lock';
import { portTrouble } from './ports';
import { Supervisor } from './supervisor';

const log = pino({ level: 'silent' });
let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'lango-supervisor-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function node(name: string, script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name,
    program: process.execPath,
    args: ['-e', script],
    env: { PATH: process.env['PATH'] ?? '' },
    ready: 'message',
    drain_ms: 1000,
    logFile: join(dir, `${name}.log`),
    echo: false,
    ...more,
  };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const serving = `process.send({kind:'ready'}); setInterval(() => {}, 1000);`;

describe('a kept process', () => {
  test('is started again when it is killed, and ends on SIGTERM', async () => {
    const kept = new KeptProcess(node('part', serving), log);
    await kept.start();
    const first = kept.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(() => kept.pid !== first && kept.state === 'ready', Boolean);
    const second = kept.pid ?? 0;
    expect(alive(second)).toBe(true);
    await kept.stop();
    expect(alive(second)).toBe(false);
    await sleep(600);
    expect(kept.pid).toBe(second);
  });

  test('that is to run as batch does, and so do the threads that it makes', async () => {
    // Field 41 of a thread's stat is its policy: 3 is SCHED_BATCH (proc(5)).
    const policies = (pid: number): (string | undefined)[] =>
      readdirSync(`/proc/${pid}/task`).map(
        (task) => readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ')[38],
      );
    const late = `setTimeout(() => new (require('node:worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true }), 300);`;
    const plain = new KeptProcess(node('plain', serving), log);
    const batch = new KeptProcess(node('batch', serving + late, { batch: true }), log);
    await Promise.all([plain.start(), batch.start()]);
    await until(
      () => policies(batch.pid ?? 0).filter((policy) => policy === '3').length,
      (threads) => threads >= 2,
    );
    expect(new Set(policies(plain.pid ?? 0))).toEqual(new Set(['0']));
    await Promise.all([plain.stop(), batch.stop()]);
  });

  test('that hears no SIGTERM is killed when its time is over', async () => {
    const kept = new KeptProcess(node('deaf', `process.on('SIGTERM', () => {}); ${serving}`, { drain_ms: 300 }), log);
    await kept.start();
    const elapsed_ms = stopwatch();
    await kept.stop();
    expect(alive(kept.pid ?? 0)).toBe(false);
    expect(elapsed_ms()).toBeLessThan(2000);
  });

  test('that cannot start fails the start with its own last words, and is not tried for ever', async () => {
    const kept = new KeptProcess(node('broken', `console.error('Error: the roof is missing'); process.exit(1)`), log);
    await expect(kept.start()).rejects.toThrow(/broken does not start: Error: the roof is missing\./);
    await kept.stop();
    expect(readFileSync(join(dir, 'broken.log'), 'utf8').match(/roof/g)).toHaveLength(3);
  });

  test('is ready when it answers a question, asked again after each restart', async () => {
    let asked = 0;
    const kept = new KeptProcess(
      node('asked', 'setInterval(() => {}, 1000)', { ready: async () => ++asked >= 3 }),
      log,
    );
    await kept.start();
    expect(kept.state).toBe('ready');
    expect(asked).toBe(3);
    const first = kept.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(() => kept.pid !== first && kept.state === 'ready', Boolean);
    await kept.stop();
  });

  test('dies with its supervisor, however that ends', async () => {
    const script = `
      const { KeptProcess } = require(${JSON.stringify(join(projectRoot(), 'dist/control-plane/platform/supervisor/kept-process'))});
      const spec = ${JSON.stringify(node('orphan', serving))};
      const kept = new KeptProcess(spec, { warn() {} });
      kept.start().then(() => console.log('child ' + kept.pid));`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(/child (\d+)/.exec(said.toString())?.[1]);
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(
      () => alive(pid),
      (still) => !still,
    );
  });
});

describe('the supervisor', () => {
  test('ends what it started in the reverse order, also when one ending fails', async () => {
    const order: string[] = [];
    const supervisor = new Supervisor(log);
    supervisor.add({ name: 'first', stop: async () => void order.push('first') });
    supervisor.add({ name: 'second', stop: () => Promise.reject(new Error('stuck')) });
    await supervisor.startTogether([node('third', serving)]);
    supervisor.report(join(dir, 'running.json'), { url: 'http://x' });
    expect(JSON.parse(readFileSync(join(dir, 'running.json'), 'utf8'))).toMatchObject({
      url: 'http://x',
      parts: [{ name: 'third', state: 'ready' }],
    });
    const pid = supervisor.parts()[0]?.pid ?? 0;
    supervisor.add({ name: 'last', stop: async () => void order.push(`last, third alive: ${alive(pid)}`) });
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    expect(order).toEqual(['last, third alive: true', 'first']);
    expect(alive(pid)).toBe(false);
  });
});

describe('before a start', () => {
  test('starts one that comes after another when that one serves, and not at all when it was stopped meanwhile', async () => {
    const supervisor = new Supervisor(log);
    const told: string[] = [];
    let serves = false;
    const first = node('first', 'setInterval(() => {}, 1000)', { ready: async () => serves });
    const second = node('second', 'setInterval(() => {}, 1000)', {
      after: 'first',
      ready: async () => told.push(supervisor.parts().find(({ name }) => name === 'first')?.state ?? '') > 0,
    });
    const both = supervisor.startTogether([second, first]);
    await until(() => supervisor.parts()[1]?.pid, Boolean);
    expect(supervisor.parts()[0]?.pid).toBeUndefined();
    serves = true;
    await both;
    expect(told).toEqual(['ready']);
    await supervisor.stop();

    const stopped = new Supervisor(log);
    serves = false;
    const never = expect(stopped.startTogether([first, second])).rejects.toThrow(/second was stopped/);
    await until(() => stopped.parts()[0]?.pid, Boolean);
    serves = true;
    await stopped.stop();
    await Promise.race([never, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    expect(stopped.parts()[1]?.pid).toBeUndefined();
  });

  test('one lock per data folder, freed by the death of its holder', async () => {
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `const { takeLock } = require(${JSON.stringify(join(projectRoot(), 'dist/control-plane/platform/supervisor/lock'))});
         console.log(takeLock(${JSON.stringify(dir)}).kind); setInterval(() => {}, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    expect(String((await once(holder.stdout, 'data'))[0])).toBe('held\n');
    expect(takeLock(dir)).toEqual({ kind: 'taken', pid: holder.pid });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = takeLock(dir);
    expect(lock.kind).toBe('held');
    if (lock.kind === 'held') lock.release();
    expect(existsSync(join(dir, 'lock'))).toBe(true);
  });

  test('a taken TCP or UDP port is told with its holder and the setting that changes it', async () => {
    const tcp = createServer().listen(0, '127.0.0.1');
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    const common = { address: '127.0.0.1', setting: 'LANGO_X_PORT', bindSetting: 'LANGO_BIND', use: 'tests' };
    const tcpPort = (tcp.address() as AddressInfo).port;
    const udpPort = udp.address().port;
    const holder = `Stop node.* \\(process ${process.pid}\\) or set LANGO_X_PORT`;
    await expect(portTrouble({ ...common, protocol: 'tcp', port: tcpPort })).resolves.toMatch(
      new RegExp(`^TCP port ${tcpPort} .*taken.*${holder}`),
    );
    await expect(portTrouble({ ...common, protocol: 'udp', port: udpPort })).resolves.toMatch(
      new RegExp(`^UDP port ${udpPort} .*taken.*${holder}`),
    );
    await expect(portTrouble({ ...common, protocol: 'udp', port: udpPort, address: '192.0.2.1' })).resolves.toMatch(
      /no address 192\.0\.2\.1.*LANGO_BIND/,
    );
    tcp.close();
    udp.close();
    await Promise.all([once(tcp, 'close'), once(udp, 'close')]);
    await expect(portTrouble({ ...common, protocol: 'tcp', port: tcpPort })).resolves.toBeUndefined();
    await expect(portTrouble({ ...common, protocol: 'udp', port: udpPort })).resolves.toBeUndefined();
  });

  test('a data folder that cannot be made is told with the remedy', () => {
    expect(dataDirTrouble('/proc/lango', true)).toMatch(
      /^The data folder \/proc\/lango cannot be written .*LANGO_DATA/,
    );
    expect(dataDirTrouble(join(dir, 'new'), true)).toBeUndefined();
  });
});
