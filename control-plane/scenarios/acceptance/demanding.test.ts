import { execFile } from 'node:child_process';
import type { ApiClient } from '../../test-kit/api-client';
import type { LoginOutcome, Session } from '../../test-kit/mikrotik';
import { stopwatch } from '../../test-kit/stopwatch';
import { makeActive, makeClient, makePackage, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import { startWhole, type KnownRouter, type Whole } from '../../test-kit/whole';

/** What a demanding operator tries first. */
jest.setTimeout(60_000);

const password = 'open-sesame';
let lango: Whole;
let router: KnownRouter;
beforeAll(async () => {
  lango = await startWhole();
  router = await lango.addRouter();
}, 90_000);
afterAll(() => lango?.stop(), 30_000);

const dial = (at: KnownRouter, sub: Json, word = password): Promise<LoginOutcome> =>
  at.device.connectPppoe({ username: sub['username'] as string, password: word, mac: '02:00:00:CC:00:01' });
const sessions = async (api: ApiClient, query: string): Promise<Json[]> =>
  (await api.get<{ items: Json[] }>(`/sessions?state=all&${query}`)).body.items;

/** How long until a stranger's login at this router is answered so, in ms (see stopwatch). */
async function acts(at: KnownRouter, kind: LoginOutcome['kind']): Promise<number> {
  const elapsed_ms = stopwatch();
  await until(
    () => at.device.connectPppoe({ username: 'nobody', password }),
    (login) => login.kind === kind,
  );
  return elapsed_ms();
}

test('two companies with the same username, router name and phone never meet', async () => {
  const second = await lango.addCompany('Other Net');
  const identity = unique('Main Tower');
  const worlds = await Promise.all(
    [
      { api: lango.api, word: 'alpha', down_kbps: 4_000 },
      { api: second, word: 'beta', down_kbps: 8_000 },
    ].map(async ({ api, word, down_kbps }, i) => {
      const at = await lango.addRouter({ identity }, {}, api);
      const client = await makeClient(api, { name: 'Wanjiru', phone: '0722000111' });
      const sold = await makePackage(api, { name: 'Home', down_kbps });
      const fields = { client_id: client['id'], package_id: sold['id'], username: 'wanjiru', password: word };
      const made = await api.post<Json>('/subscriptions', fields);
      expect(made.status).toBe(201);
      await api.post(`/subscriptions/${made.body['id']}/activate`);
      return { api, at, word, down_kbps, sub: made.body, bytes: 1_000 + i };
    }),
  );
  const lines: Session[] = [];
  for (const { at, word, down_kbps, sub } of worlds) {
    expect(await dial(at, sub, word === 'alpha' ? 'beta' : 'alpha')).toMatchObject({ kind: 'rejected' });
    const login = await dial(at, sub, word);
    if (login.kind !== 'online') throw new Error(JSON.stringify(login));
    expect(login.session.entitlement.rateLimit?.down_bps).toBe(down_kbps * 1_000);
    lines.push(login.session);
  }
  for (const [i, { bytes }] of worlds.entries()) {
    lines[i]?.addTraffic(0, bytes);
    await lines[i]?.interim();
  }
  for (const { api, at, sub, bytes } of worlds) {
    const rows = await until(
      () => sessions(api, 'username=wanjiru'),
      ([row]) => row?.['output_bytes'] === bytes,
    );
    expect(rows).toMatchObject([{ router_id: at.id, subscription_id: sub['id'], output_bytes: bytes }]);
  }
  await worlds[0]?.api.post(`/subscriptions/${worlds[0].sub['id']}/suspend`, { reason: 'unpaid' });
  await until(
    () => lines[0]?.live,
    (live) => live === false,
  );
  expect(lines[1]?.live).toBe(true);
  expect((await second.get<Json>('/enforcements')).body['items']).toEqual([]);
});

test('a router’s secret changed, then the router deleted: within two seconds at both doors', async () => {
  const at = await lango.addRouter({ timeout_ms: 150, tries: 1 });
  const sub = await makeActive(lango.api);
  // It asks once, and waits 150 ms.
  const login = await until(
    () => dial(at, sub),
    ({ kind }) => kind === 'online',
  );
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  const heard = async (wanted: boolean): Promise<void> => {
    const elapsed_ms = stopwatch();
    await until(
      async () => {
        await login.session.interim();
        return login.session.reports.at(-1)?.acknowledged;
      },
      (acknowledged) => acknowledged === wanted,
    );
    expect(elapsed_ms()).toBeLessThan(2_000);
  };
  await heard(true);

  expect((await lango.api.patch(`/routers/${at.id}`, { secret: 'another-secret' })).status).toBe(200);
  expect(await acts(at, 'timeout')).toBeLessThan(2_000);
  await heard(false);

  expect((await lango.api.patch(`/routers/${at.id}`, { secret: at.secret })).status).toBe(200);
  expect(await acts(at, 'rejected')).toBeLessThan(2_000);
  await heard(true);

  expect((await lango.api.delete(`/routers/${at.id}`)).status).toBe(204);
  expect(await acts(at, 'timeout')).toBeLessThan(2_000);
  await heard(false);
  // What it counted stays in the books.
  expect(await sessions(lango.api, `username=${sub['username']}`)).toMatchObject([{ subscription_id: sub['id'] }]);
});

test('a password changed while online: the session goes on, the next login needs the new one', async () => {
  const sub = await makeActive(lango.api);
  const first = await dial(router, sub);
  if (first.kind !== 'online') throw new Error(JSON.stringify(first));
  expect((await lango.api.patch(`/subscriptions/${sub['id']}`, { password: 'fresh-word' })).status).toBe(200);
  await first.session.interim();
  expect(first.session).toMatchObject({ live: true, reports: [{}, { acknowledged: true }] });
  await first.session.logout();
  expect(await dial(router, sub)).toMatchObject({ kind: 'rejected', messages: ['Wrong username or password.'] });
  expect(await dial(router, sub, 'fresh-word')).toMatchObject({ kind: 'online' });
});

const odd = [
  "o'neil",
  'say "hi"',
  'plus+tag@isp.co.ke',
  'two words',
  'ñandú-屋-🚪',
  'back\\slash',
  '%{User-Name}',
  "x'; DROP TABLE nas;--",
  '%s%n%27',
  '`id`',
];
test.each(odd)('the username %s signs in by every method and is counted under its name', async (text) => {
  const username = `${text}${unique('')}`;
  const word = `pw ${text.replace('🚪', 'é')}`;
  const sub = await makeActive(lango.api, { simultaneous_use: 9 }, { username, password: word });
  expect(sub['username']).toBe(username);
  for (const authentication of ['pap', 'chap', 'mschap2'] as const) {
    const login = await router.device.connectPppoe({ username, password: word, authentication });
    if (login.kind !== 'online') throw new Error(`${authentication}: ${JSON.stringify(login)}`);
    login.session.addTraffic(1, 2);
    await login.session.logout();
    expect(await router.device.connectPppoe({ username, password: 'pw', authentication })).toMatchObject({
      kind: 'rejected',
    });
  }
  const rows = await until(
    () => sessions(lango.api, `username=${encodeURIComponent(username)}`),
    (items) => items.length === 3 && items.every((row) => row['stopped_at'] !== null),
  );
  for (const row of rows) expect(row).toMatchObject({ username, subscription_id: sub['id'], input_bytes: 1 });
});

test('a username with invalid bytes is refused like any stranger, and its accounting harms nobody', async () => {
  const good = await makeActive(lango.api);
  for (const bytes of ['ff', '61ff62', 'c328', '00', '6100', 'eda080']) {
    const username = Buffer.from(bytes, 'hex');
    for (const authentication of ['pap', 'chap', 'mschap2'] as const) {
      const login = await router.device.connectPppoe({ username, password, authentication });
      expect([bytes, authentication, login.kind]).toEqual([bytes, authentication, 'rejected']);
    }
    const lines = [
      `Packet-Src-IP-Address = ${router.device.address}`,
      `User-Name = 0x${bytes}`,
      'Acct-Status-Type = Start',
      `Acct-Session-Id = "${unique('odd')}"`,
      'NAS-IP-Address = 127.0.0.9',
    ];
    expect(await account(lines.join('\n'))).toContain('Accounting-Response');
  }
  const login = await dial(router, good);
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  login.session.addTraffic(10, 20);
  await login.session.interim();
  expect(login.session.reports.at(-1)?.acknowledged).toBe(true);
  const counted = await until(
    () => sessions(lango.api, `username=${good['username']}`),
    ([row]) => row?.['output_bytes'] === 20,
  );
  expect(counted).toHaveLength(1);
});

test('a ghost session locks nobody out: the same device comes back after a crash of the router', async () => {
  const sub = await makeActive(lango.api);
  const first = await dial(router, sub);
  if (first.kind !== 'online') throw new Error(JSON.stringify(first));
  router.device.vanish(first.session);
  expect(await dial(router, sub)).toMatchObject({ kind: 'online' });
  const rows = await until(
    () => sessions(lango.api, `username=${sub['username']}`),
    (items) => items.filter((row) => row['stopped_at'] === null).length === 1,
  );
  expect(rows).toHaveLength(2);
});

/** Drops every Start of these routers until two sessions have begun to send theirs: both were accepted when the books knew of neither. */
function holdStarts(routers: readonly KnownRouter[]): void {
  const begun = new Set<string>();
  for (const { device } of routers)
    device.faults.intercept = (packet) => {
      if (packet.first(0, 40)?.at(3) !== 1) return undefined;
      begun.add(`${device.address} ${String(packet.first(0, 44))}`);
      return begun.size < 2 ? 'drop' : undefined;
    };
}

test.each([1, 2])('two devices that race for one place on %i router(s): one stays, the other is cut', async (count) => {
  const sub = await makeActive(lango.api);
  const username = sub['username'] as string;
  const routers = [router, ...(count === 2 ? [await lango.addRouter()] : [])];
  holdStarts(routers);
  const logins = await Promise.all(
    [0, 1].map((n) =>
      routers[n % count]!.device.connectPppoe({ username, password, mac: `02:00:00:DD:0${count}:0${n}` }),
    ),
  );
  for (const { device } of routers) device.faults.intercept = undefined;
  const raced = logins.flatMap((login) => (login.kind === 'online' ? [login.session] : []));
  expect(raced).toHaveLength(2);
  const orders = await until(
    async () => (await lango.api.get<{ items: Json[] }>(`/enforcements?subscription_id=${sub['id']}`)).body.items,
    (items) => items.length > 0 && items.every(({ state }) => state === 'proven'),
    10_000,
  );
  expect(orders).toMatchObject([{ kind: 'cut', reason: 'simultaneous_use' }]);
  const [left, ...more] = raced.filter(({ live }) => live);
  expect([left?.live, more]).toEqual([true, []]);
  await left?.interim();
  const rows = await sessions(lango.api, `username=${username}`);
  expect([rows.length, rows.filter((row) => row['stopped_at'] === null).length]).toEqual([2, 1]);
  expect(left?.live).toBe(true);
});

test('a username changed: the old name is a stranger, the new one signs in', async () => {
  const sub = await makeActive(lango.api);
  const username = unique('renamed');
  expect((await lango.api.patch(`/subscriptions/${sub['id']}`, { username })).status).toBe(200);
  expect(await dial(router, sub)).toMatchObject({ kind: 'rejected' });
  expect(await dial(router, { username })).toMatchObject({ kind: 'online' });
});

/** radclient's answer to an accounting packet. */
function account(lines: string): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(
      'radclient',
      ['-x', '-r', '3', '-t', '2', `127.0.0.1:${lango.acctPort}`, 'acct', router.secret],
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    child.stdin?.end(lines);
  });
}
