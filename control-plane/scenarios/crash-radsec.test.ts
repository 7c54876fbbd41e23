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
import { openGate, type DatagramGate } from '../test-kit/datagram-gate';
import { freePorts } from '../test-kit/ports';
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
let gate: DatagramGate;

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
  gate = await openGate(lango.acctPort);
  front = startFront();
});
afterAll(async () => {
  await ended(front, 'SIGTERM');
  gate.close();
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
      LANGO_ACCT_PORT: String(gate.port),
    },
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

const dial = (): Promise<RadsecRouter> =>
  RadsecRouter.connect({ host: '127.0.0.1', port, ca: holder.ca, cert: holder.cert, key: holder.key });

function connect(): Promise<RadsecRouter> {
  return until(
    () => dial().catch(() => undefined),
    (router) => router !== undefined,
    20_000,
  ) as Promise<RadsecRouter>;
}

/** Sends an interim of each of `sessions`. Gives those that were not acknowledged. */
async function reportOnce(router: RadsecRouter, username: string, sessions: number[]): Promise<number[]> {
  const replies = await Promise.all(
    sessions.map((n) => {
      const session = `817${n.toString(16).padStart(5, '0')}`;
      return router.ask(
        report({ status: 'Interim-Update', session, username, input: 1000, output: 2000, seconds: 60, id: n }),
        20_000,
      );
    }),
  );
  return sessions.filter((_, i) => replies[i]?.code !== Code.AccountingResponse);
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
    const username = sub['username'] as string;
    const sessions = Array.from({ length: SESSIONS }, (_, n) => n);
    const router = await connect();
    expect(await reportOnce(router, username, sessions.slice(0, 10))).toEqual([]);

    // Half of what the front has in hand is stored when it dies, half is not, and nothing of it is acknowledged.
    gate.shut();
    const asked = reportOnce(router, username, sessions.slice(10));
    await until(
      () => gate.inHand(),
      (n) => n === SESSIONS - 10,
      20_000,
    );
    await until(stored, (n) => n === 10 + (SESSIONS - 10) / 2, 20_000);
    await ended(front, 'SIGKILL');
    const lost = await asked;
    expect(lost).toEqual(sessions.slice(10));
    expect(router.open).toBe(false);

    front = startFront();
    const again = await connect();
    gate.open();
    expect(await reportOnce(again, username, lost)).toEqual([]);
    again.close();
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
    gate.shut();
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
    await until(
      () => gate.inHand(),
      (n) => n === 50,
      20_000,
    );
    const gone = ended(front, 'SIGTERM');
    await until(
      () =>
        dial().then(
          (late) => late.close(),
          () => 'refused',
        ),
      (answer) => answer === 'refused',
      20_000,
    );
    gate.open();
    await gone;
    expect((await answers).every((reply) => reply?.code === Code.AccountingResponse)).toBe(true);
    front = startFront();
  });
});
