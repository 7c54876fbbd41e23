/** The spool on a disk that is full: no answer instead of a lie, and what was answered arrives. On a small tmpfs, which needs root. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startListener, type Listener } from '../../radius/accounting/listener';
import { addText, type AttributeName } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { until } from '../test-kit/until';
import { createAccountingWorld, type AccountingWorld } from './accounting-world';

jest.setTimeout(60_000);

const secret = Buffer.from('router-secret');
const quiet = () => undefined;
const complaints: string[] = [];
const log = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (_: object, text: string) => void complaints.push(text),
};
let world: AccountingWorld;
let disk: string;
let listener: Listener;

beforeAll(async () => {
  world = await createAccountingWorld();
  await world.router({ address: '127.0.0.1' });
  disk = mkdtempSync(join(tmpdir(), 'lango-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'none', disk]);
  const { accounting } = world.database.urls;
  listener = await startListener({ databaseUrl: accounting, bind: '127.0.0.1', port: 0, dataDir: disk }, log);
});
afterAll(async () => {
  await listener.stop();
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
  await world.end();
});

let sent = 0;
/** Whether an interim of a session of this name is answered, and Status-Server. */
async function answered(session: string | undefined): Promise<boolean> {
  const status = session === undefined;
  const packet = PacketBuilder.request(status ? Code.StatusServer : Code.AccountingRequest, (sent += 1) % 256);
  const attributes: [AttributeName, string][] = [
    ['Acct-Status-Type', 'Interim-Update'],
    ['Acct-Session-Id', session ?? ''],
    ['User-Name', 'x'.repeat(200)],
    ['Acct-Output-Octets', '7'],
  ];
  if (!status) for (const [name, value] of attributes) addText(packet, name, value);
  const request = (status ? packet.addMessageAuthenticator() : packet).seal(secret);
  const to = { host: '127.0.0.1', port: listener.port, secret, tries: 1, timeout_ms: 700 };
  return (await exchange(request, to)).kind === 'reply';
}

const free = () => statfsSync(disk).bavail * statfsSync(disk).bsize;

test('a full disk: what is not on it is not answered, and what was answered arrives when there is a database again', async () => {
  const hang = new Client({ connectionString: world.database.ownerUrl });
  await hang.connect();
  await hang.query('BEGIN; LOCK TABLE session_live IN ACCESS EXCLUSIVE MODE');
  expect(await answered('first')).toBe(true);
  // Somebody else's file takes all but a few records' room.
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(free() - 16_384));
  const kept: string[] = ['first'];
  let refused = 0;
  for (let n = 0; n < 400 && refused < 40; n += 20) {
    const names = Array.from({ length: 20 }, (_, i) => `full${n + i}`);
    const answers = await Promise.all(names.map((name) => answered(name)));
    answers.forEach((yes, i) => (yes ? kept.push(names[i]!) : (refused += 1)));
  }
  expect(refused).toBeGreaterThanOrEqual(40);
  expect(kept.length).toBeGreaterThan(10);
  expect(await answered(undefined)).toBe(false);
  expect(complaints.some((text) => text.includes('Free some disk space'))).toBe(true);

  // Room again, still no database: the next packets are kept and answered.
  rmSync(join(disk, 'ballast'));
  await until(() => answered('after'), Boolean, 10_000);
  kept.push('after');
  await hang.end();
  const stored = async () => new Set((await world.sessions()).map((row) => row.acct_session_id));
  await until(stored, (names) => kept.every((name) => names.has(name)), 20_000);
  await until(
    async () => (await world.owner.query(`SELECT 1 FROM accounting_spool WHERE pending_packets > 0`)).rowCount === 0,
    Boolean,
    10_000,
  );
});
