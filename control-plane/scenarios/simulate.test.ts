/** `lango simulate` as an operator runs it: a process that knows the address of the API, a token, and where RADIUS is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../platform/project-root';
import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { startTestLango, type TestLango } from '../test-kit/lango';
import type { Json } from '../test-kit/story';
import { until } from '../test-kit/until';

jest.setTimeout(120_000);

let lango: TestLango;
let freeradius: TestFreeradius;
let dir: string;
let token: string;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['accounting', 'enforcer'] });
  freeradius = await startTestFreeradius({ db: lango.db });
  dir = mkdtempSync(join(tmpdir(), 'lango-simulate-'));
  const { email, password } = lango.company;
  const answer = await fetch(`${lango.baseUrl}/api/auth/login`, {
    method: 'POST',
    body: JSON.stringify({ email, password }),
  });
  token = ((await answer.json()) as { token: string }).token;
}, 120_000);
afterAll(async () => {
  await freeradius?.stop();
  await lango?.stop();
  rmSync(dir, { recursive: true, force: true });
});

interface Run {
  printed(): string;
  signal(name: NodeJS.Signals): void;
  /** Its exit code. */
  ended: Promise<number | null>;
}

function simulate(...args: string[]): Run {
  const main = join(projectRoot(), 'dist/control-plane/cli/main.js');
  const child = spawn(process.execPath, [main, 'simulate', ...args], {
    env: { PATH: process.env['PATH'] ?? '', LANGO_DATA: dir, LANGO_BIND: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (process.env['TEST_LOG']) process.stderr.write(chunk);
    });
  return {
    printed: () => printed,
    signal: (name) => void child.kill(name),
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
}

const fleet = (...more: string[]): Run =>
  simulate(
    '--routers=3',
    '--subscribers=4',
    `--api=${lango.baseUrl}`,
    `--token=${token}`,
    `--auth-port=${freeradius.authPort}`,
    `--acct-port=${lango.acctPort}`,
    `--address=127.79.${process.pid % 250}.1`,
    '--every=1',
    '--rate=30',
    '--seed=7',
    `--json=${join(dir, 'summary.json')}`,
    ...more,
  );
const summary = (): Json => JSON.parse(readFileSync(join(dir, 'summary.json'), 'utf8')) as Json;
const open = async (): Promise<number> =>
  Number((await lango.asOwner<{ n: string }>('SELECT count(*) AS n FROM session_live WHERE stopped_at IS NULL'))[0]!.n);

test('makes routers and subscribers, has them all online, says how it goes, and on Ctrl-C sends the Stops and sums up', async () => {
  const run = fleet();
  await until(
    () => run.printed(),
    (text) => /12 of 12 online/.test(text),
    60_000,
  );
  // The last of them is about to say so.
  await until(open, (sessions) => sessions === 12);
  const routers = (await lango.api.get<{ items: Json[] }>('/routers')).body.items;
  expect(routers.map((one) => String(one['name'])).toSorted()).toEqual([
    'simulated-001',
    'simulated-002',
    'simulated-003',
  ]);
  run.signal('SIGINT');
  expect(await run.ended).toBe(0);
  expect(summary()).toMatchObject({ routers: 3, subscribers: 12, most_online: 12, counts: { rejected: 0, failed: 0 } });
  expect(summary()['counts'].acknowledged).toBeGreaterThanOrEqual(24);
  expect(run.printed()).toMatch(/at most 12 online/);
  expect(run.printed()).toMatch(/Lango counts each of the 12 sessions as its router does/);
  expect(await open()).toBe(0);
  // It holds secrets.
  expect(statSync(join(dir, 'simulate-simulated.json')).mode & 0o777).toBe(0o600);
});

test('uses what it made before, ends by itself, and has sessions that come and go through faults and reboots', async () => {
  const run = fleet('--duration=8', '--session=2', '--faults=duplicate:0.3,reorder:0.2,reply-loss:0.1,reboot:3');
  expect(await run.ended).toBe(0);
  const { counts } = summary();
  // More logins than subscribers: they come again.
  expect(counts.online).toBeGreaterThan(12);
  expect(counts.reboots).toBeGreaterThan(0);
  expect(summary()['books']).toMatchObject({ kind: 'equal' });
  expect(Number(summary()['books'].sessions)).toBeGreaterThan(12);
  expect((await lango.api.get<{ items: Json[] }>('/routers')).body.items).toHaveLength(3);
  expect((await lango.api.get<{ items: Json[] }>('/subscriptions?limit=100')).body.items).toHaveLength(12);
});

test('a customer whom Lango refuses is counted with its words, and one who is cut dials again', async () => {
  const [one] = (await lango.api.get<{ items: Json[] }>('/subscriptions')).body.items;
  const run = fleet();
  await until(
    () => run.printed(),
    (text) => /12 of 12 online/.test(text),
    60_000,
  );
  await lango.api.post(`/subscriptions/${String(one!['id'])}/suspend`, { reason: 'test' });
  await until(
    () => run.printed(),
    (text) => /[1-9]\d* refused/.test(text),
    60_000,
  );
  run.signal('SIGTERM');
  expect(await run.ended).toBe(0);
  expect(summary()['counts'].orders).toBeGreaterThan(0);
  expect(Object.keys(summary()['refused_because'])).toHaveLength(1);
});

test('a session that Lango counts otherwise than its router is named, and the run has failed', async () => {
  const run = fleet();
  await until(
    () => run.printed(),
    (text) => /11 of 12 online/.test(text),
    60_000,
  );
  // Nothing in the product does this.
  await lango.asOwner(
    `UPDATE session_live SET input_bytes = input_bytes + 1000000000000 WHERE radacctid = (SELECT max(radacctid) FROM session_live WHERE stopped_at IS NULL)`,
  );
  run.signal('SIGINT');
  expect(await run.ended).toBe(1);
  expect(run.printed()).toMatch(
    /1 of 1\d sessions are counted otherwise than their routers reported:\nsession simulated-00\d \S+: 1\d{12}\/\d+ bytes stored, only/,
  );
  expect(summary()['books']).toMatchObject({ kind: 'different', differences: 1 });
});

test.each([
  ['no token', ['--routers=2'], /API tokens/],
  ['a number that is none', ['--routers=many', '--token=x'], /--routers must be a number/],
  ['a fault that nobody knows', ['--routers=1', '--token=x', '--faults=lightning:1'], /--faults takes/],
  ['an option that is misspelt', ['--routers=1', '--subscriber=4'], /Did you mean --subscribers/],
  [
    'nobody at the address',
    ['--routers=1', '--token=x', '--name=alone', '--api=http://127.0.0.1:9'],
    /does not answer/,
  ],
])('%s is said in a sentence', async (_what, args, words) => {
  const run = simulate(...args);
  expect(await run.ended).toBe(1);
  expect(run.printed()).toMatch(words);
});
