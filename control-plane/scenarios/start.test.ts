import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../platform/project-root';
import { stopwatch } from '../test-kit/stopwatch';
import { freePort, freePorts } from '../test-kit/ports';

jest.setTimeout(300_000);

/** One `lango …` in a process of its own, on free ports and a data folder of its own. */
class Installation {
  readonly env: Record<string, string>;
  readonly url: string;

  private constructor(
    readonly dataDir: string,
    ports: number[],
  ) {
    const [http, auth, acct, radsec] = ports.map(String);
    this.url = `http://127.0.0.1:${http}`;
    this.env = {
      PATH: process.env['PATH'] ?? '',
      LANGO_DATA: dataDir,
      LANGO_BIND: '127.0.0.1',
      LANGO_HTTP_PORT: http ?? '',
      LANGO_AUTH_PORT: auth ?? '',
      LANGO_ACCT_PORT: acct ?? '',
      LANGO_RADSEC_PORT: radsec ?? '',
      LANGO_DEMO: '0',
    };
  }

  static async at(dataDir: string): Promise<Installation> {
    return new Installation(dataDir, await freePorts(4));
  }

  lango(args: string[], more: Record<string, string> = {}): Run {
    return new Run([join(projectRoot(), 'dist/control-plane/cli/main.js'), ...args], { ...this.env, ...more });
  }

  /** Pids of everything that works for this installation: by its data folder in command line or environment. */
  processes(): number[] {
    const places = [
      this.dataDir,
      ...['postgres/cluster', 'freeradius'].map((part) => elsewhere(join(this.dataDir, part))),
    ];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .filter((pid) => {
        try {
          if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return false;
          const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
          return places.some((place) => place !== '' && text.includes(place));
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  report(): { parts: { name: string; state: string; pid: number; restarts: number }[] } {
    return JSON.parse(readFileSync(join(this.dataDir, 'running.json'), 'utf8')) as ReturnType<Installation['report']>;
  }

  async ready(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(3000) })).status === 200;
    } catch {
      return false;
    }
  }

  async signIn(password: string): Promise<number> {
    return (await this.login('admin@lango.local', password)).status;
  }

  async token(email: string, password: string): Promise<string> {
    return ((await (await this.login(email, password)).json()) as { token: string }).token;
  }

  async liveSessions(token: string): Promise<number> {
    return (await this.get<{ items: object[] }>('sessions?state=live&limit=100', token)).items.length;
  }

  async get<T>(path: string, token: string): Promise<T> {
    const answer = await fetch(`${this.url}/api/${path}`, { headers: { Authorization: `Bearer ${token}` } });
    return (await answer.json()) as T;
  }

  private login(email: string, password: string): Promise<Response> {
    return fetch(`${this.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
  }

  remove(): void {
    for (const part of ['postgres/cluster', 'freeradius']) {
      const place = elsewhere(join(this.dataDir, part));
      if (place) rmSync(place, { recursive: true, force: true });
    }
  }
}

class Run {
  out = '';
  readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(args: string[], env: Record<string, string>) {
    this.child = spawn(process.execPath, args, { env, cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.ended = once(this.child, 'close');
  }

  async says(what: RegExp, timeout_ms = 150_000): Promise<void> {
    await until(
      () => what.test(this.out) || this.child.exitCode !== null,
      timeout_ms,
      () => `no ${what} in:\n${this.out}`,
    );
    if (!what.test(this.out)) throw new Error(`ended without ${what}:\n${this.out}`);
  }

  async exit(): Promise<number | null> {
    await this.ended;
    return this.child.exitCode;
  }
}

/** Where a folder went that an unprivileged user could not have reached. */
function elsewhere(dir: string): string {
  const note = join(dir, 'is-at');
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
}

async function until(
  what: () => boolean | Promise<boolean>,
  timeout_ms = 60_000,
  told: () => string = () => 'waited in vain',
): Promise<void> {
  const end = Date.now() + timeout_ms;
  while (!(await what())) {
    if (Date.now() > end) throw new Error(told());
    await sleep(50);
  }
}

let home: string;
let lango: Installation;
const runs: Run[] = [];

function started(run: Run): Run {
  runs.push(run);
  return run;
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lango-start-'));
  chmodSync(home, 0o711);
  lango = await Installation.at(join(home, 'data'));
});

afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.child.kill('SIGTERM');
    await run.exit();
  }
  await until(() => lango.processes().length === 0);
  lango.remove();
  rmSync(home, { recursive: true, force: true });
});

test('starts everything, refuses a second start, heals what dies, and ends without a trace', async () => {
  const first = started(lango.lango(['start']));
  await first.says(/Stop +Ctrl-C/);
  const password = /Password +(\S+)/.exec(first.out)?.[1] ?? '';
  expect(first.out).toContain(lango.url);
  await until(
    () => lango.ready(),
    60_000,
    () => first.out,
  );
  expect(await lango.signIn(password)).toBe(200);
  // FreeRADIUS begins when its way to the database is there: after a failure it would open two connections at a time, and ask the snapshot meanwhile.
  const freeradius = join(lango.dataDir, 'freeradius');
  const said = readFileSync(join(elsewhere(freeradius) || freeradius, 'log/radius.log'), 'utf8');
  expect(said).toContain('Ready to process requests');
  expect(said).not.toMatch(/Connection failed|Cannot open/);

  const second = lango.lango(['start']);
  expect(await second.exit()).toBe(1);
  expect(second.out.trim()).toMatch(/^Lango already runs \(process \d+\) on .* Stop that one first/);
  expect(second.out.trim().split('\n')).toHaveLength(1);

  const doctor = lango.lango(['doctor']);
  expect(await doctor.exit()).toBe(0);
  expect(doctor.out).toMatch(/Everything is in order/);

  for (const name of ['enforcer', 'accounting', 'nas-watcher', 'freeradius']) {
    const before = lango.report().parts.find((part) => part.name === name);
    process.kill(before?.pid ?? 0, 'SIGKILL');
    await until(() =>
      lango.report().parts.some((part) => part.name === name && part.pid !== before?.pid && part.state === 'ready'),
    );
  }
  const postmaster = Number(
    readFileSync(join(lango.dataDir, 'postgres/cluster/pg15/postmaster.pid'), 'utf8').split('\n')[0],
  );
  process.kill(postmaster, 'SIGKILL');
  await until(async () => !(await lango.ready()), 20_000);
  await until(
    () => lango.ready(),
    90_000,
    () => first.out,
  );
  expect(await lango.signIn(password)).toBe(200);

  const elapsed_ms = stopwatch();
  first.child.kill('SIGTERM');
  expect(await first.exit()).toBe(0);
  expect(elapsed_ms()).toBeLessThan(15_000);
  await until(
    () => lango.processes().length === 0,
    5000,
    () => `left behind: ${lango.processes().join(' ')}`,
  );
});

test('leaves no orphan when the supervisor is killed, and the next start keeps the data', async () => {
  const first = started(lango.lango(['start']));
  await first.says(/Stop +Ctrl-C/);
  const password = /Password +(\S+)/.exec(first.out)?.[1] ?? '';
  expect(lango.processes().length).toBeGreaterThan(5);
  first.child.kill('SIGKILL');
  await first.exit();
  await until(
    () => lango.processes().length === 0,
    30_000,
    () => `left behind: ${lango.processes().join(' ')}`,
  );

  const again = started(lango.lango(['start']));
  await again.says(/Stop +Ctrl-C/);
  expect(again.out).not.toMatch(/Password/);
  expect(await lango.signIn(password)).toBe(200);
});

test('works in a folder that only its owner can enter', async () => {
  const closed = join(home, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  lango = await Installation.at(join(closed, 'data'));
  const run = started(lango.lango(['start'], { LANGO_ADMIN_PASSWORD: 'karibu-nyumbani' }));
  await run.says(/Stop +Ctrl-C/);
  expect(run.out).not.toContain('karibu-nyumbani');
  await until(
    () => lango.ready(),
    60_000,
    () => run.out,
  );
  expect(await lango.signIn('karibu-nyumbani')).toBe(200);
});

test('the demo ISP lives at first sight, as a company of its own', async () => {
  const run = started(lango.lango(['start'], { LANGO_DEMO: '1' }));
  await run.says(/Stop +Ctrl-C/);
  const [, email, password] = /Demo ISP +(\S+) · (\S+)/.exec(run.out) ?? [];
  const token = await lango.token(email ?? '', password ?? '');
  const crowded = async (): Promise<boolean> => {
    // A token may ask 600 times a minute.
    await sleep(1000);
    return (await lango.liveSessions(token)) >= 20;
  };
  await until(crowded, 90_000, () => run.out);
  // Its router has an API, so that the console knows how it is: it is asked every half minute.
  const { items } = await lango.get<{ items: { id: string }[] }>('routers', token);
  const measured = async (): Promise<boolean> => {
    await sleep(1000);
    const { state, cpu_percent } = await lango.get<Record<string, unknown>>(
      `routers/${items[0]?.id}/monitoring`,
      token,
    );
    return state === 'up' && Number(cpu_percent) > 0;
  };
  await until(measured, 90_000, () => run.out);
  const own = await lango.token('admin@lango.local', /Password +(\S+)/.exec(run.out)?.[1] ?? '');
  expect(await lango.liveSessions(own)).toBe(0);
});

describe('starts nothing when something is in the way:', () => {
  async function refused(sentence: RegExp, more: Record<string, string> = {}): Promise<void> {
    const run = lango.lango(['start'], more);
    expect(await run.exit()).toBe(1);
    expect(run.out.trim()).toMatch(sentence);
    expect(run.out.trim().split('\n')).toHaveLength(1);
    expect(lango.processes()).toEqual([]);
    expect(existsSync(join(lango.dataDir, 'postgres'))).toBe(false);
  }

  test('a taken TCP port', async () => {
    const port = Number(lango.env['LANGO_HTTP_PORT']);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    await refused(
      new RegExp(`^TCP port ${port} on 127\\.0\\.0\\.1 \\(console\\) is taken by .* or set LANGO_HTTP_PORT`),
    );
    server.close();
    await once(server, 'close');
  });

  test('a taken UDP port', async () => {
    const port = Number(lango.env['LANGO_AUTH_PORT']);
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    await once(socket, 'listening');
    await refused(
      new RegExp(`^UDP port ${port} on 127\\.0\\.0\\.1 \\(authentication\\) is taken by .* or set LANGO_AUTH_PORT`),
    );
    socket.close();
    await once(socket, 'close');
  });

  test('a database that does not answer', async () => {
    const port = await freePort();
    await refused(new RegExp(`^No Postgres answers at 127\\.0\\.0\\.1:${port}\\. Start it`), {
      DATABASE_URL: `postgresql://u:p@127.0.0.1:${port}/lango`,
    });
  });

  test('a mistyped setting', async () => {
    await refused(/^Unknown setting LANGO_AUTHPORT\. Did you mean LANGO_AUTH_PORT\?$/, { LANGO_AUTHPORT: '1' });
  });

  test('an address that is not of this machine', async () => {
    const run = lango.lango(['start'], { LANGO_HTTP_BIND: '192.0.2.1' });
    expect(await run.exit()).toBe(1);
    expect(run.out).toMatch(/this machine has no address 192\.0\.2\.1\. Correct LANGO_HTTP_BIND/);
  });

  test('a role that does not exist', async () => {
    const run = lango.lango(['start', '--roles=wbe']);
    expect(await run.exit()).toBe(1);
    expect(run.out).toMatch(/Unknown role wbe\. Did you mean web\?/);
  });
});
