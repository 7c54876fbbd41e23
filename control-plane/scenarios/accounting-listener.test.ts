/** The listener on the wire: who is answered, when, and what happens to a packet while the database is away. */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Accounting, startAccounting } from '../../radius/accounting';
import { type Listener, startListener } from '../../radius/accounting/listener';
import type { Nas } from '../../radius/accounting/nas';
import { addText, type AttributeName } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { type Exchange, exchange } from '../../radius/testing';
import { stopwatch } from '../test-kit/stopwatch';
import { createAccountingWorld, type AccountingWorld } from './accounting-world';

let world: AccountingWorld;
let dataDir: string;
let router: Nas;
let listener: Listener;
const lines: string[] = [];
const line = (level: string) => (fields: object, text: string) =>
  void lines.push(`${level} ${text} ${JSON.stringify(fields)}`);
const log = { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') };

beforeAll(async () => {
  world = await createAccountingWorld();
  router = await world.router({ address: '127.0.0.1', secret: 'right-secret' });
  dataDir = mkdtempSync(join(tmpdir(), 'lango-accounting-'));
  listener = await startListener(
    { databaseUrl: world.database.urls.accounting, bind: '127.0.0.1', port: 0, dataDir },
    log,
  );
});
afterAll(async () => {
  await listener.stop();
  await world.end();
  rmSync(dataDir, { recursive: true, force: true });
});

let identifier = 0;

function packet(attributes: Partial<Record<AttributeName, string | number>>, secret = 'right-secret'): Buffer {
  const builder = PacketBuilder.request(Code.AccountingRequest, (identifier = (identifier + 1) % 256));
  for (const [name, value] of Object.entries(attributes)) addText(builder, name, String(value));
  return builder.seal(Buffer.from(secret));
}

function interim(id: string, seconds: number, octets: number): Buffer {
  return packet({
    'Acct-Status-Type': 'Interim-Update',
    'Acct-Session-Id': id,
    'User-Name': 'x',
    'Event-Timestamp': Math.floor(Date.now() / 1000),
    'Acct-Session-Time': seconds,
    'Acct-Output-Octets': octets,
  });
}

function ask(
  request: Buffer,
  o: { secret?: string; source?: string; tries?: number; port?: number; timeout_ms?: number } = {},
): Promise<Exchange> {
  return exchange(request, {
    host: '127.0.0.1',
    port: o.port ?? listener.port,
    secret: Buffer.from(o.secret ?? 'right-secret'),
    tries: o.tries ?? 1,
    timeout_ms: o.timeout_ms ?? 1000,
    ...(o.source === undefined ? {} : { sourceAddress: o.source }),
  });
}

/** Until a count stands still for a moment: a burst is then read, however busy the machine is. */
async function untilQuiet(count: () => number): Promise<void> {
  for (let before = -1; count() !== before;) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

async function until(what: string, condition: () => boolean | Promise<boolean>, limit_ms = 8000): Promise<void> {
  const end = Date.now() + limit_ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${limit_ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function octetsOf(id: string): Promise<number> {
  return (await world.sessions(id)).reduce((sum, row) => sum + Number(row.output_bytes), 0);
}

test('an answer is signed and means that the record is in the database', async () => {
  expect((await ask(interim('wire1', 10, 99))).kind).toBe('reply');
  expect(await octetsOf('wire1')).toBe(99);
});

test('a retransmission of a packet in hand is answered with it, and counted once', async () => {
  const request = interim('wire2', 10, 1);
  const before = listener.counters.duplicates;
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  let replies = 0;
  socket.on('message', () => (replies += 1));
  for (let i = 0; i < 3; i++) socket.send(request, listener.port, '127.0.0.1');
  await until('three answers', () => replies === 3);
  socket.close();
  expect(listener.counters.duplicates).toBeGreaterThan(before);
  expect(await octetsOf('wire2')).toBe(1);
});

test.each([
  [['48:A9:8A:77:10:3C'], '48:A9:8A:77:10:3C'],
  [['48:A9:8A:77:10:3C', '48:A9:8A:77:10:3C'], '48:A9:8A:77:10:3C'],
  [['48:A9:8A:77:10:3C', '50:D4:F7:2E:91:B8'], null],
  [['48:A9:8A:77:10:3C', '48:A9:8A:77:10:3C', '50:D4:F7:2E:91:B8'], null],
] as const)('a session of %j is of the device %s: of two that differ neither is believed', async (named, mac) => {
  const id = `device-${named.length}-${mac === null}`;
  const builder = PacketBuilder.request(Code.AccountingRequest, (identifier = (identifier + 1) % 256));
  addText(builder, 'Acct-Status-Type', 'Start');
  addText(builder, 'Acct-Session-Id', id);
  for (const one of named) addText(builder, 'Calling-Station-Id', one);
  expect((await ask(builder.seal(Buffer.from('right-secret')))).kind).toBe('reply');
  const { rows } = await world.owner.query(
    'SELECT mac, calling_station_id FROM session_live WHERE acct_session_id = $1',
    [id],
  );
  expect(rows).toEqual([{ mac, calling_station_id: [...new Set(named)].join(' ') }]);
});

test('a wrong secret is never answered, is counted, and the log names the router', async () => {
  const before = listener.counters.bad_authenticator;
  expect(
    (await ask(packet({ 'Acct-Status-Type': 'Start', 'Acct-Session-Id': 'forged' }, 'wrong'), { timeout_ms: 200 }))
      .kind,
  ).toBe('timeout');
  expect(listener.counters.bad_authenticator).toBe(before + 1);
  expect(lines.some((text) => text.includes('secret') && text.includes(router.name))).toBe(true);
  expect(await world.sessions('forged')).toEqual([]);
});

test('an unknown address is never answered, and shows in nas_unknown', async () => {
  expect((await ask(interim('stranger', 1, 1), { source: '127.66.0.1', timeout_ms: 200 })).kind).toBe('timeout');
  await until(
    'the row',
    async () =>
      (await world.owner.query(`SELECT 1 FROM nas_unknown WHERE address = '127.66.0.1' AND kind = 'acct'`)).rowCount ===
      1,
  );
});

test('a router that is added, gets another secret or is removed: within 2 s, without a restart', async () => {
  const source = '127.77.0.1';
  const answered = async (secret: string) =>
    (
      await ask(packet({ 'Acct-Status-Type': 'Start', 'Acct-Session-Id': `nas-${secret}` }, secret), {
        source,
        secret,
        timeout_ms: 100,
      })
    ).kind === 'reply';
  const nas = await world.router({ address: source, secret: 'first' });
  await until('added', () => answered('first'), 2000);
  await world.owner.query(`UPDATE nas SET secret = 'second' WHERE id = $1`, [nas.id]);
  await until('changed', () => answered('second'), 2000);
  expect(await answered('first')).toBe(false);
  await world.owner.query('DELETE FROM nas WHERE id = $1', [nas.id]);
  await until('removed', async () => !(await answered('second')), 2000);
});

test('Status-Server is answered with a Message-Authenticator (RFC 5997)', async () => {
  const request = PacketBuilder.request(Code.StatusServer, 7)
    .addMessageAuthenticator()
    .seal(Buffer.from('right-secret'));
  const got = await exchange(request, {
    host: '127.0.0.1',
    port: listener.port,
    secret: Buffer.from('right-secret'),
    requireMessageAuthenticator: true,
  });
  expect(got.kind).toBe('reply');
  const unsigned = PacketBuilder.request(Code.StatusServer, 8).seal(Buffer.from('right-secret'));
  expect((await ask(unsigned, { timeout_ms: 200 })).kind).toBe('timeout');
});

test('a packet that names no session is answered and put aside', async () => {
  expect((await ask(packet({ 'Acct-Status-Type': 'Start', 'User-Name': 'nameless' }))).kind).toBe('reply');
  const { rows } = await world.owner.query<{ error: string }>('SELECT error FROM accounting_quarantine');
  expect(rows).toEqual([{ error: 'no Acct-Session-Id' }]);
});

test('100,000 mutated packets, validly signed or not, neither end the listener nor store an impossible value', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const bases = Array.from({ length: 997 }, (_, i) => interim(`mutant${i}`, 10, 5));
  const secret = Buffer.from('right-secret');
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let sent = 0; sent < 100_000; sent++) {
    const base = bases[sent % bases.length]!;
    const mutant = Buffer.from(base.subarray(0, random(10) === 0 ? 1 + random(base.length) : base.length));
    for (let i = 0; i <= random(4); i++) mutant[random(mutant.length)] = random(256);
    // Most are signed after the mutation, so that they get past the door.
    if (mutant.length >= 20 && random(5) > 0) sign(mutant, secret);
    socket.send(mutant, listener.port, '127.0.0.1');
    if (sent % 200 === 0) await untilQuiet(() => listener.counters.received);
  }
  await until(
    'the listener answers',
    async () => (await ask(interim('after', 1, 3), { timeout_ms: 500 })).kind === 'reply',
    20_000,
  );
  socket.close();
  await until('what it kept on disk meanwhile is drained', () => spoolBytes() === 0, 40_000);
  expect(listener.counters.received).toBeGreaterThan(50_000);
  expect(listener.counters.malformed).toBeGreaterThan(1000);
  expect(listener.counters.bad_authenticator).toBeGreaterThan(1000);
  const { rows } = await world.owner.query(
    "SELECT 1 FROM session_all WHERE input_bytes < 0 OR output_bytes < 0 OR started_at < now() - interval '11 years' OR updated_at > now() + interval '1 minute'",
  );
  expect(rows).toEqual([]);
}, 120_000);

describe('while the database does not take records', () => {
  /** Every write waits for this lock until it is released: a database that hangs. */
  async function hang(): Promise<() => Promise<void>> {
    const holder = new Client({ connectionString: world.database.ownerUrl });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE session_live IN ACCESS EXCLUSIVE MODE');
    return () => holder.end();
  }

  test('packets are answered from the spool within the time of a router, and all arrive once', async () => {
    const release = await hang();
    const began = stopwatch();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => ask(interim(`hung${i}`, 10, 7), { tries: 3 })),
    );
    expect(answers.every((answer) => answer.kind === 'reply')).toBe(true);
    expect(began()).toBeLessThan(2500);
    expect(listener.counters.spooled).toBeGreaterThanOrEqual(300);
    await release();
    await until(
      'drained',
      async () => (await world.sessions()).filter((row) => row.acct_session_id.startsWith('hung')).length === 300,
    );
    await until('empty spool', () => spoolBytes() === 0);
    const sum = await world.owner.query<{ sum: string }>(
      `SELECT sum(output_bytes) AS sum FROM session_all WHERE acct_session_id LIKE 'hung%'`,
    );
    expect(sum.rows[0]!.sum).toBe('2100');
  });

  test('live packets do not wait for the drain, and an older record from the spool does not take counters back', async () => {
    const release = await hang();
    await Promise.all(Array.from({ length: 50 }, (_, i) => ask(interim(`past${i}`, 10, 7), { tries: 3 })));
    await release();
    await until('live', async () => (await ask(interim('past0', 20, 9), { timeout_ms: 300 })).kind === 'reply');
    await until('drained', () => spoolBytes() === 0);
    expect(await octetsOf('past0')).toBe(9);
    expect(await octetsOf('past49')).toBe(7);
  });

  test('a router that has filled its part of the spool gets no answer, not even to Status-Server; another one does; nothing is lost that was answered', async () => {
    const tiny = mkdtempSync(join(tmpdir(), 'lango-accounting-'));
    const other = await world.router({ address: '127.0.0.88', secret: 'right-secret' });
    const small = await startListener(
      { databaseUrl: world.database.urls.accounting, bind: '127.0.0.1', port: 0, dataDir: tiny, spoolMaxBytes: 80_000 },
      log,
    );
    const release = await hang();
    // Until one is not answered: how many fit depends on how many are written together.
    const answered: string[] = [];
    for (let full = false; !full;) {
      const names = Array.from({ length: 50 }, (_, n) => `full${answered.length + n}`);
      const heard = await Promise.all(
        names.map((name) => ask(interim(name, 10, 7), { port: small.port, tries: 2, timeout_ms: 1000 })),
      );
      answered.push(...names.filter((_, n) => heard[n]?.kind === 'reply'));
      full = heard.some(({ kind }) => kind === 'timeout');
      expect(answered.length).toBeLessThan(1000);
    }
    const more = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        ask(interim(`fuller${i}`, 10, 7), { port: small.port, tries: 1, timeout_ms: 700 }),
      ),
    );
    expect(answered.length).toBeGreaterThanOrEqual(100);
    expect(more.every((answer) => answer.kind === 'timeout')).toBe(true);
    const status = PacketBuilder.request(Code.StatusServer, 9)
      .addMessageAuthenticator()
      .seal(Buffer.from('right-secret'));
    expect((await ask(status, { port: small.port, timeout_ms: 300 })).kind).toBe('timeout');
    const elsewhere = { port: small.port, source: other.address, tries: 3 };
    expect((await ask(interim('beside', 10, 7), elsewhere)).kind).toBe('reply');
    await release();
    await until('drained', async () => {
      const booked = new Set((await world.sessions()).map((row) => row.acct_session_id));
      return answered.every((name) => booked.has(name));
    });
    await small.stop();
    rmSync(tiny, { recursive: true, force: true });
  });

  test('a write cut short by a crash is left out, everything before it arrives', async () => {
    const other = mkdtempSync(join(tmpdir(), 'lango-accounting-'));
    // A segment of a process that is gone, with half a record at its end.
    const release = await hang();
    const first = await startListener(
      { databaseUrl: world.database.urls.accounting, bind: '127.0.0.1', port: 0, dataDir: other },
      log,
    );
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(interim(`torn${i}`, 10, 7), { port: first.port, tries: 2 })),
    );
    const root = join(other, 'spool', 'accounting');
    const directory = readdirSync(root)[0]!;
    const segment = readdirSync(join(root, directory)).find((name) => name.endsWith('.seg'))!;
    const bytes = readFileSync(join(root, directory, segment));
    const left = mkdtempSync(join(tmpdir(), 'lango-accounting-'));
    await startListener(
      { databaseUrl: world.database.urls.accounting, bind: '127.0.0.1', port: 0, dataDir: left },
      log,
    ).then(async (second) => {
      const target = join(left, 'spool', 'accounting', 'left-behind+1');
      mkdirSync(target);
      writeFileSync(join(target, segment), Buffer.concat([bytes, bytes.subarray(0, 100)]));
      await release();
      await until(
        'drained',
        async () => (await world.sessions()).filter((row) => row.acct_session_id.startsWith('torn')).length === 20,
      );
      await until('removed', () => !readdirSync(join(left, 'spool', 'accounting')).includes('left-behind+1'));
      await second.stop();
    });
    await first.stop();
    rmSync(other, { recursive: true, force: true });
    rmSync(left, { recursive: true, force: true });
  });
});

test('started without the database it knows the routers of last time and keeps their packets', async () => {
  const file = join(dataDir, 'accounting', 'routers.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const cold = mkdtempSync(join(tmpdir(), 'lango-accounting-'));
  mkdirSync(join(cold, 'accounting'));
  writeFileSync(join(cold, 'accounting', 'routers.json'), readFileSync(file));
  const nowhere = new URL(world.database.urls.accounting);
  nowhere.port = '1';
  const alone: Accounting = await startAccounting({
    databaseUrl: nowhere.href,
    bind: '127.0.0.1',
    port: 0,
    dataDir: cold,
    log,
    workers: 0,
  });
  expect((await ask(interim('cold1', 10, 7), { port: alone.port, tries: 3 })).kind).toBe('reply');
  await alone.stop();
  // The next start, with the database, brings them in.
  const back = await startAccounting({
    databaseUrl: world.database.urls.accounting,
    bind: '127.0.0.1',
    port: 0,
    dataDir: cold,
    log,
    workers: 0,
  });
  await until('drained', async () => (await octetsOf('cold1')) === 7, 15_000);
  await back.stop();
  rmSync(cold, { recursive: true, force: true });
});

test('a taken port is said in one sentence with the remedy', async () => {
  const again = startAccounting({
    databaseUrl: world.database.urls.accounting,
    bind: '127.0.0.1',
    port: listener.port,
    dataDir,
    log,
    workers: 0,
  });
  await expect(again).rejects.toThrow(/another program has the port.*LANGO_ACCT_PORT/);
});

/** RFC 2866 section 3, over whatever octets: a mutant need not be a packet. */
function sign(bytes: Buffer, secret: Buffer): void {
  bytes.fill(0, 4, 20);
  createHash('md5').update(bytes).update(secret).digest().copy(bytes, 4);
}

/** Octets in segments of the shared listener's spool. */
function spoolBytes(): number {
  const root = join(dataDir, 'spool', 'accounting');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .reduce((sum, name) => sum + statSync(join(root, name)).size, 0);
}
