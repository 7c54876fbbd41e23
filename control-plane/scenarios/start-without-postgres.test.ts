/** A RADIUS host that comes up while Postgres is away, as after a power cut of both: it serves those it knows, and keeps what routers report. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Code, PacketBuilder } from '../../radius/packet';
import { addText } from '../../radius/attributes';
import { exchange } from '../../radius/testing';
import { Cable } from '../test-kit/cable';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { startProgram, type Program } from '../test-kit/program';
import { insertCompany, insertRouter, insertSubscription } from '../test-kit/rows';
import { until } from '../test-kit/until';
import { ask } from './access-world';

jest.setTimeout(120_000);

const router = { address: '127.0.0.1', secret: 'tower-secret' };
const cable = new Cable();
let db: TestDatabase;
let owner: Client;
let dataDir: string;
let program: Program | undefined;

beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  const tenantId = await insertCompany(owner, 'Umoja');
  await insertRouter(owner, tenantId, router);
  await insertSubscription(owner, tenantId, { username: 'asha', password: 'sesame' });
  dataDir = mkdtempSync(join(tmpdir(), 'lango-alone-'));
  chmodSync(dataDir, 0o711);
});
afterAll(async () => {
  await program?.end();
  await cable.unplug();
  await owner.end();
  await db.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(roles: string): Promise<Program> {
  return startProgram(
    dataDir,
    { DATABASE_URL: await databaseUrl(), LANGO_MASTER_KEY: db.masterKey.toString('base64') },
    { args: [`--roles=${roles}`] },
  );
}

let through: string | undefined;
const databaseUrl = async (): Promise<string> => (through ??= await cable.lay(db.ownerUrl));

const login = (username: string, password = 'sesame') =>
  ask(program!.authPort, { username, password, from: router.address, secret: router.secret, tries: 1 });

async function report(session: string): Promise<boolean> {
  const packet = PacketBuilder.request(Code.AccountingRequest, 7);
  addText(packet, 'Acct-Status-Type', 'Start');
  addText(packet, 'Acct-Session-Id', session);
  addText(packet, 'User-Name', 'asha');
  const secret = Buffer.from(router.secret);
  const to = { host: '127.0.0.1', port: program!.acctPort, secret, tries: 1, timeout_ms: 1000 };
  return (await exchange(packet.seal(secret), to)).kind === 'reply';
}

test('it serves from its snapshot and its spool, and follows the database when that is back', async () => {
  program = await start('freeradius,accounting');
  await until(
    () => login('asha'),
    ({ code }) => code === 'accept',
    60_000,
  );
  await until(() => report('before'), Boolean, 30_000);
  // In the snapshot, too: only then does it answer alone.
  await until(
    async () => {
      await cable.unplug();
      const alone = (await login('asha')).code === 'accept';
      if (!alone) await cable.plug();
      return alone;
    },
    Boolean,
    30_000,
  );
  await program.end();

  program = await start('freeradius,accounting');
  await until(
    () => login('asha'),
    ({ code }) => code === 'accept',
    60_000,
  );
  expect((await login('asha', 'wrong')).code).toBe('reject');
  expect((await login('nobody')).code).toBe('none');
  await until(() => report('alone'), Boolean, 30_000);
  await cable.plug();
  await until(
    () => login('nobody'),
    ({ code }) => code === 'reject',
    30_000,
  );
  await until(
    async () => (await owner.query(`SELECT 1 FROM session_live WHERE acct_session_id = 'alone'`)).rowCount === 1,
    Boolean,
    30_000,
  );
});

test('a host with other roles says that there is no Postgres, and does not start', async () => {
  await program?.end();
  await cable.unplug();
  program = await start('freeradius,web');
  await until(
    () => program!.output(),
    (said) => said.includes('No Postgres answers'),
    30_000,
  );
});
