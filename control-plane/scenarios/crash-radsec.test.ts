/** kill -9 of the RadSec front under load, its start without a database, and its orderly end: what was acknowledged is stored, what was not is asked again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from '../../radius/packet';
import { RadsecRouter } from '../../radius/testing/radsec-client';
import { createSecretBox } from '../platform/crypto';
import { projectRoot } from '../platform/project-root';
import { ensureAuthority } from '../radsec';
import { freePorts } from '../test-kit/program';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeRouter, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { issue, report, type Holder } from './radsec-world';

jest.setTimeout(60_000);

const SESSIONS = 60;
let lango: TestLango;
let holder: Holder;
let dataDir: string;
let port: number;
let front: ChildProcess;

beforeAll(async () => {
  lango = await startTestLango({ parts: ['accounting'] });
  await ensureAuthority(
    async (sql, values) => ({ rows: await lango.asOwner(sql, values) }),
    createSecretBox(lango.db.masterKey),
    ['127.0.0.1'],
  );
  const router = await makeRouter(lango.api);
  holder = await issue(lango, router['id'] as string);
  dataDir = mkdtempSync(join(tmpdir(), 'lango-crash-radsec-'));
  [port = 0] = await freePorts(1);
  front = startFront();
});
afterAll(async () => {
  await ended(front, 'SIGTERM');
  await lango?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** The role as the supervisor runs it. `databaseUrl` where it should find none. */
function startFront(databaseUrl = lango.db.urls.radsec): ChildProcess {
  return spawn(process.execPath, [join(projectRoot(), 'dist/control-plane/main.js'), 'radsec'], {
    stdio: process.env['TEST_LOG'] ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      PATH: process.env['PATH'] ?? '',
      LANGO_PART_DATABASE_URL: databaseUrl,
      LANGO_MASTER_KEY: lango.db.masterKey.toString('base64'),
      LANGO_DATA: dataDir,
      LANGO_BIND: '127.0.0.1',
      LANGO_RADSEC_PORT: String(port),
      LANGO_ACCT_PORT: String(lango.acctPort),
    },
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

function connect(): Promise<RadsecRouter> {
  return until(
    () =>
      RadsecRouter.connect({ host: '127.0.0.1', port, ca: holder.ca, cert: holder.cert, key: holder.key }).catch(
        () => undefined,
      ),
    (router) => router !== undefined,
    20_000,
  ) as Promise<RadsecRouter>;
}

/** Sends the interims of all sessions, `upTo` each, asking again on a new connection until each is acknowledged. Gives how often a connection was lost. */
async function reportAll(username: string, upTo: number, meanwhile: (acknowledged: number) => void): Promise<number> {
  let lost = 0;
  let acknowledged = 0;
  const open = new Set(Array.from({ length: SESSIONS }, (_, n) => n));
  while (open.size > 0) {
    const router = await connect();
    await Promise.all(
      [...open].map(async (n) => {
        const session = `817${n.toString(16).padStart(5, '0')}`;
        const bytes = report({
          status: 'Interim-Update',
          session,
          username,
          input: upTo,
          output: 2 * upTo,
          seconds: 60,
          id: n,
        });
        const reply = await router.ask(bytes, 20_000);
        if (reply?.code !== Code.AccountingResponse) return;
        open.delete(n);
        acknowledged += 1;
        meanwhile(acknowledged);
      }),
    );
    if (open.size > 0) lost += 1;
    router.close();
  }
  return lost;
}

async function stored(): Promise<number> {
  const [row] = await lango.asOwner<{ n: string }>('SELECT count(*) AS n FROM session_all WHERE nas_id = $1', [
    holder.id,
  ]);
  return Number(row!.n);
}

describe('the front', () => {
  it('killed under load has acknowledged nothing that is not stored, and all is stored once when the router has asked again', async () => {
    const sub = await makeActive(lango.api);
    let killed: Promise<number> | undefined;
    const lost = await reportAll(sub['username'] as string, 1000, (acknowledged) => {
      if (acknowledged !== 10) return;
      killed = ended(front, 'SIGKILL').then(async () => {
        const n = await stored();
        front = startFront();
        return n;
      });
    });
    expect(await killed).toBeGreaterThanOrEqual(10);
    expect(lost).toBeGreaterThanOrEqual(1);
    const { items } = (await lango.api.get<{ items: Json[] }>(`/subscriptions/${sub['id']}/usage?by=cycle`)).body;
    expect(items[0]).toMatchObject({ input_bytes: SESSIONS * 1000, output_bytes: SESSIONS * 2000 });
    expect(await stored()).toBe(SESSIONS);
  });

  it('started while the database is away knows its certificates from its file, and its key is sealed in it', async () => {
    const before = await connect();
    await ended(front, 'SIGKILL');
    const [nobody = 0] = await freePorts(1);
    const gone = new URL(lango.db.urls.radsec);
    gone.port = String(nobody);
    front = startFront(gone.href);
    await before.closed;
    const router = await connect();
    const bytes = report({ status: 'Start', session: '81800000', username: 'anybody' });
    expect((await router.ask(bytes))?.code).toBe(Code.AccountingResponse);
    router.close();
    const kept = readFileSync(join(dataDir, 'radsec', 'certificates.json'), 'utf8');
    expect(kept).not.toContain('PRIVATE KEY');
    await ended(front, 'SIGTERM');
    front = startFront();
  });

  it('told to end answers what it has in hand first', async () => {
    const sub = await makeActive(lango.api);
    const router = await connect();
    const answers = Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        router.ask(
          report({
            status: 'Interim-Update',
            session: `819${n.toString(16).padStart(5, '0')}`,
            username: sub['username'] as string,
            id: n,
          }),
        ),
      ),
    );
    // The first answer shows that the front has read them all: they went out in one piece.
    await until(stored, (n) => n > SESSIONS);
    await ended(front, 'SIGTERM');
    expect((await answers).every((reply) => reply?.code === Code.AccountingResponse)).toBe(true);
    front = startFront();
  });
});
