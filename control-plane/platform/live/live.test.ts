import { Client } from 'pg';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { stopwatch } from '../../test-kit/stopwatch';
import { until } from '../../test-kit/until';
import { parseChange } from './hub';

let lango: TestLango;
let owner: Client;
beforeAll(async () => {
  lango = await startTestLango();
  owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await lango.stop();
});

interface Stream {
  status: number;
  text(): string;
  /** Waits until `text` holds the words. @throws when they never come */
  until(words: string): Promise<void>;
  close(): void;
}

async function open(topics: string, token: string | undefined, headers: Record<string, string> = {}): Promise<Stream> {
  const control = new AbortController();
  const auth: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${lango.baseUrl}/live?topics=${topics}`, {
    headers: { ...auth, ...headers },
    signal: control.signal,
  });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
  };
  void read().catch(() => undefined);
  return {
    status: response.status,
    text: () => text,
    close: () => control.abort(),
    async until(words) {
      await until(
        () => text,
        (all) => all.includes(words),
      );
    },
  };
}
const notify = (change: Record<string, string>) =>
  owner.query(`SELECT pg_notify('lango_live', $1)`, [JSON.stringify(change)]);

test('a page hears of its own company and its own topics alone', async () => {
  const other = await lango.addCompany();
  const mine = await open('sessions,payment', lango.api.token);
  const theirs = await open('sessions', other.api.token);
  expect([mine.status, theirs.status]).toEqual([200, 200]);
  await mine.until('retry:');
  const tenant = lango.company.tenantId.toString();
  await notify({ tenant, topic: 'enforcement', id: '1' });
  await notify({ tenant: other.tenantId.toString(), topic: 'sessions', id: '2' });
  await notify({ tenant, topic: 'sessions', id: '3', session: '4', secret: 'not for pages' });
  await mine.until('event: change\ndata: {"topic":"sessions","id":"3","session":"4"}\n\n');
  await theirs.until('"id":"2"');
  expect(mine.text()).not.toMatch(/"id":"[12]"|secret/);
  expect(theirs.text()).not.toContain('"id":"3"');
  mine.close();
  theirs.close();
});

test('events are not held back by a compressor, whatever the browser takes', async () => {
  const control = new AbortController();
  const headers = { authorization: `Bearer ${lango.api.token}`, 'accept-encoding': 'gzip, br' };
  const { headers: told } = await fetch(`${lango.baseUrl}/live?topics=sessions`, { headers, signal: control.signal });
  control.abort();
  expect([told.get('content-type'), told.get('content-encoding')]).toEqual(['text/event-stream; charset=utf-8', null]);
});

test('nobody listens without signing in, without the permission, or to what does not exist', async () => {
  expect((await open('sessions', undefined)).status).toBe(401);
  expect((await open('sessions', 'lga_made-up-made-up-made-up')).status).toBe(401);
  expect((await open('', lango.api.token)).status).toBe(422);
  expect((await open('constructor', lango.api.token)).status).toBe(422);
  await lango.setRole(lango.company, 'finance');
  expect((await open('sessions', lango.api.token)).status).toBe(403);
  const allowed = await open('payment', lango.api.token);
  expect(allowed.status).toBe(200);
  allowed.close();
  await lango.setRole(lango.company, 'isp_admin');
});

test('a page that reconnects, and every page after the database was away, is told to ask again', async () => {
  const resumed = await open('sessions', lango.api.token, { 'last-event-id': '7' });
  await resumed.until('event: again');
  resumed.close();
  const page = await open('sessions', lango.api.token);
  await page.until('retry:');
  await owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lango-live' AND datname = current_database()`,
  );
  await page.until('event: again');
  await notify({ tenant: lango.company.tenantId.toString(), topic: 'sessions', id: '9' });
  await page.until('"id":"9"');
  page.close();
});

test('what changed after a page was asked for and before it listened is told first; where that is not known, the page asks for everything', async () => {
  const tenant = lango.company.tenantId.toString();
  const watcher = await open('sessions', lango.api.token);
  await watcher.until('retry:');
  await notify({ tenant, topic: 'sessions', id: '20' });
  await watcher.until('"id":"20"');
  // A clock of milliseconds: what comes next is later.
  const asked = Date.now() + 1;
  await until(Date.now, (now) => now > asked);
  await notify({ tenant, topic: 'sessions', id: '21' });
  await notify({ tenant, topic: 'payment', id: '22' });
  await watcher.until('"id":"21"');
  watcher.close();
  const late = await open(`sessions&since=${asked}`, lango.api.token);
  await late.until('"id":"21"');
  expect(late.text()).not.toMatch(/"id":"2[02]"|again/);
  late.close();
  const old = await open('sessions&since=1', lango.api.token);
  await old.until('event: again');
  old.close();
});

test('one person cannot hold more than a dozen streams, and closed ones are given back', async () => {
  const streams = await Promise.all(Array.from({ length: 12 }, () => open('sessions', lango.api.token)));
  expect(streams.map((stream) => stream.status)).toEqual(Array(12).fill(200));
  expect((await open('sessions', lango.api.token)).status).toBe(429);
  streams.forEach((stream) => stream.close());
  const again = await until(
    () => open('sessions', lango.api.token),
    (one) => one.status === 200,
  );
  again.close();
});

test('pages that were left while the database was asked who they are hold nothing', async () => {
  await owner.query('BEGIN; LOCK TABLE staff_token, staff_session IN ACCESS EXCLUSIVE MODE');
  const left = Array.from({ length: 12 }, () => new AbortController());
  const asked = left.map(({ signal }) =>
    fetch(`${lango.baseUrl}/live?topics=sessions`, {
      headers: { authorization: `Bearer ${lango.api.token}` },
      signal,
    }).catch(() => undefined),
  );
  await until(
    () => lango.asOwner(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`),
    (waiting) => waiting.length > 0,
  );
  left.forEach((control) => control.abort());
  await Promise.all(asked);
  await owner.query('ROLLBACK');
  const stream = await open('sessions', lango.api.token);
  expect(stream.status).toBe(200);
  stream.close();
});

test('a stop ends open streams at once instead of waiting for them', async () => {
  const second = await startTestLango({ db: lango.db });
  const control = new AbortController();
  const response = await fetch(`${second.baseUrl}/live?topics=sessions`, {
    headers: { authorization: `Bearer ${second.api.token}` },
    signal: control.signal,
  });
  const elapsed_ms = stopwatch();
  await second.stop();
  await response.text();
  expect(elapsed_ms()).toBeLessThan(2_000);
});

test.each([undefined, '', 'x', 'null', '[]', '{"tenant":1,"topic":"a"}', '{"tenant":"1"}'])(
  'the payload %s is ignored',
  (payload) => {
    expect(parseChange(payload)).toBeUndefined();
  },
);
