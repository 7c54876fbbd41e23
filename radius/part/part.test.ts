import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../control-plane/test-kit/database';
import { until } from '../../control-plane/test-kit/until';
import { Followed, Notices, RateLimit, SlowPlans, type FollowedOptions } from '.';

let db: TestDatabase;
let owner: Client;
let dir: string;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  owner.on('error', () => undefined);
  await owner.connect();
  await owner.query('CREATE TABLE gate (name text)');
  dir = mkdtempSync(join(tmpdir(), 'lango-part-'));
});
afterAll(async () => {
  await owner.end();
  await db.drop();
  rmSync(dir, { recursive: true, force: true });
});

const backends = async (name: string): Promise<number> =>
  (await owner.query('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', [name])).rowCount ?? 0;
const cutOff = (name: string) =>
  owner.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name]);

describe('notices', () => {
  test('are heard again after the connection was lost, which is told once, and after which whoever listens is told to look', async () => {
    const said: string[] = [];
    const notices = new Notices({
      databaseUrl: db.ownerUrl,
      name: 'part-test',
      channels: ['lango_nas', 'lango_clock'],
      heard: (channel, payload) => said.push(`${channel} ${payload}`),
      connected: () => said.push('connected'),
      lost: () => said.push('lost'),
    });
    await notices.start();
    await owner.query(`SELECT pg_notify('lango_nas', '7'), pg_notify('lango_clock', ''), pg_notify('lango_live', 'x')`);
    await until(
      () => said,
      (all) => all.length >= 3,
    );
    await cutOff('part-test');
    await until(
      () => notices.connected,
      (connected) => !connected,
    );
    await until(
      () => notices.connected,
      (connected) => connected,
    );
    await owner.query(`SELECT pg_notify('lango_nas', '8')`);
    await until(
      () => said,
      (all) => all.includes('lango_nas 8'),
    );
    expect(said).toEqual(['connected', 'lango_nas 7', 'lango_clock ', 'lost', 'connected', 'lango_nas 8']);
    await notices.stop();
    expect(
      await until(
        () => backends('part-test'),
        (n) => n === 0,
      ),
    ).toBe(0);
  });

  test('a server that is not there is told of once, however often it is tried, and holds up no stop', async () => {
    let lost = 0;
    const notices = new Notices({
      databaseUrl: 'postgresql://nobody@127.0.0.1:9/none',
      name: 'part-test',
      channels: ['lango_nas'],
      heard: () => undefined,
      connected: () => undefined,
      lost: () => (lost += 1),
    });
    await notices.start();
    await notices.start();
    expect([lost, notices.connected]).toEqual([1, false]);
    await notices.stop();
  });
});

describe('what is followed', () => {
  const gates = (databaseUrl: string, path: string) => {
    const seen: { taken: string[][]; unread: number } = { taken: [], unread: 0 };
    const options: FollowedOptions<string[]> = {
      databaseUrl,
      name: 'part-followed',
      channel: 'lango_nas',
      read: async () => {
        const client = new Client({ connectionString: databaseUrl });
        try {
          await client.connect();
          const { rows } = await client.query<{ name: string }>('SELECT name FROM gate ORDER BY name');
          return rows.map(({ name }) => name);
        } finally {
          await client.end().catch(() => undefined);
        }
      },
      take: (names) => {
        if (names.includes('poison')) throw new Error('not to be taken');
        seen.taken.push(names);
      },
      unread: () => (seen.unread += 1),
      file: { path, unkept: () => (seen.unread += 100) },
    };
    return { seen, followed: new Followed<string[]>(options) };
  };
  const open = (name: string) =>
    owner.query(`WITH made AS (INSERT INTO gate VALUES ($1)) SELECT pg_notify('lango_nas', '')`, [name]);

  test('is read at the start, at each word, and after words were missed; a start without the database knows the last', async () => {
    const path = join(dir, 'deep', 'gates.json');
    await open('east');
    const first = gates(db.ownerUrl, path);
    await first.followed.start();
    expect(first.seen.taken.at(-1)).toEqual(['east']);
    await open('west');
    const last = () => first.seen.taken.at(-1)?.join();
    await until(last, (names) => names === 'east,west');
    // Said while nobody listens, so that only looking again can tell.
    await cutOff('part-followed');
    await open('north');
    await until(last, (names) => names === 'east,north,west', 10_000);
    await until(
      () => readFileSync(path, 'utf8'),
      (text) => text === '["east","north","west"]',
    );
    await first.followed.stop();
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const away = gates('postgresql://nobody@127.0.0.1:9/none', path);
    await away.followed.start();
    expect(away.seen.taken).toEqual([['east', 'north', 'west']]);
    expect(away.seen.unread).toBeGreaterThan(0);
    await away.followed.stop();
  });

  test('what cannot be taken leaves the last one in use and in the file; a damaged file is none', async () => {
    const path = join(dir, 'damaged.json');
    writeFileSync(path, '["half');
    await owner.query('TRUNCATE gate');
    const { seen, followed } = gates(db.ownerUrl, path);
    await followed.start();
    expect(seen.taken.at(-1)).toEqual([]);
    await open('poison');
    await until(
      () => seen.unread,
      (n) => n > 0,
    );
    expect(seen.taken.at(-1)).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('[]');
    await followed.stop();
  });
});

test('a slow statement has its connection plan anew, at most once a second', async () => {
  const texts: string[] = [];
  const connection = { query: async (text: string) => void texts.push(text) };
  const plans = new SlowPlans();
  await plans.look(connection, 19, 20);
  expect(texts).toEqual([]);
  await plans.look(connection, 21, 20);
  await plans.look(connection, 21, 20);
  expect(texts).toEqual(['DISCARD PLANS']);
  const broken = { query: () => Promise.reject(new Error('gone')) };
  await expect(plans.look(broken, 21, 20)).resolves.toBeUndefined();
});

test('lines about one thing are limited, and so are the things that are remembered', () => {
  const limit = new RateLimit(1000, 2);
  expect([limit.allows('a', 0), limit.allows('a', 999), limit.allows('b', 0), limit.allows('a', 1000)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  // A third key makes room by forgetting all.
  expect([limit.allows('c', 1001), limit.allows('a', 1002)]).toEqual([true, true]);
});
