import { createAccessWorld, deviceOf, homeRouter, type AccessWorld, type Ask } from './access-world';
import { until } from '../test-kit/until';

jest.setTimeout(60_000);

let world: AccessWorld;
beforeAll(async () => {
  world = await createAccessWorld();
});
afterAll(async () => {
  await world.end();
});

interface Told {
  decision: string;
  reason: string;
  reply: { attribute: string; value: string }[];
  facts: { router: { secret_wrong_at: string | null } | null };
}

/** What the console is told about the same request. */
async function explain(ask: Ask): Promise<Told> {
  await world.sql(`SELECT set_config('lango.tenant', $1, false)`, [world.tenantId]);
  const [router] = await world.sql<{ id: string }>('SELECT id FROM nas WHERE nasname = $1', [
    ask.from ?? homeRouter.address,
  ]);
  const [row] = await world.sql<{ told: Told }>('SELECT aaa_explain($1, $2, $3, $4, $5, true, false) AS told', [
    ask.username,
    ask.station ?? deviceOf(ask.username),
    router?.id,
    ask.service === 'hotspot' ? 'hotspot' : 'ppp',
    ask.method ?? 'pap',
  ]);
  if (!row) throw new Error('nothing was told');
  return row.told;
}

/** The attributes of an answer without what is made anew each time (signature, login id), seconds rounded. */
function plain(pairs: [string, string][]): string[] {
  return pairs
    .filter(([attribute]) => attribute !== 'Message-Authenticator' && attribute !== 'Class')
    .map(
      ([attribute, value]) =>
        `${attribute} = ${attribute === 'Session-Timeout' ? Math.round(Number(value) / 60) : value}`,
    )
    .sort((a, b) => a.localeCompare(b));
}

const people: [string, Parameters<AccessWorld['addSubscription']>[0], Partial<Ask>][] = [
  [
    'somebody in order',
    { username: 'fine', staticIp: '100.64.1.1', plan: { quota_bytes: 9_000_000_000, address_list: 'paying' } },
    {},
  ],
  [
    'somebody slowed',
    {
      username: 'slow',
      plan: { quota_bytes: 1000, on_quota: 'throttle', throttle_down_kbps: 64, throttle_up_kbps: 32 },
      usedBytes: 2000,
    },
    {},
  ],
  ['somebody expired, who gets the garden', { username: 'late', expiresIn_s: -60, plan: { pool: 'home' } }, {}],
  ['the same in a hotspot', { username: 'late-hotspot', expiresIn_s: -60 }, { service: 'hotspot' }],
  ['somebody suspended', { username: 'shut', status: 'suspended' }, {}],
  ['another device', { username: 'locked', macLock: 'AA:BB:CC:00:00:09' }, {}],
  ['no credential at all', { username: 'nothing' }, { method: 'none' }],
];

test.each(people)('%s: the page shows the very answer that the router gets', async (_who, subscription, how) => {
  await world.addSubscription(subscription);
  const ask: Ask = { username: subscription.username, ...how };
  const answer = await world.ask(ask);
  const told = await explain(ask);
  expect(told.decision === 'reject' ? 'reject' : 'accept').toBe(answer.code);
  expect(plain(told.reply.map(({ attribute, value }) => [attribute, value]))).toEqual(
    plain(Object.entries(answer.reply)),
  );
  expect(await world.reasonOf(subscription.username)).toBe(told.reason);
});

test('an answer is kept with how it was asked, and a repeated refusal is counted', async () => {
  await world.addSubscription({ username: 'again', status: 'paused' });
  for (let n = 0; n < 3; n += 1) await world.ask({ username: 'again', method: 'chap', station: 'aabb.cc00.0042' });
  await world.ask({ username: 'again', method: 'mschap2', service: 'hotspot', station: 'aa-bb-cc-00-00-43' });
  const rows = await until(
    () =>
      world.sql<{ station: string; method: string; service_type: string; port_type: string }>(
        `SELECT DISTINCT station, method, service_type, port_type FROM radpostauth WHERE username = 'again' ORDER BY station`,
      ),
    (found) => found.length === 2,
  );
  expect(rows).toEqual([
    { station: 'AA:BB:CC:00:00:42', method: 'CHAP', service_type: '2', port_type: '15' },
    { station: 'AA:BB:CC:00:00:43', method: 'MS-CHAP', service_type: '1', port_type: '19' },
  ]);
  expect(
    await world.sql(`SELECT station, reason, tries::int FROM access_refusal WHERE username = 'again' ORDER BY station`),
  ).toEqual([
    { station: 'AA:BB:CC:00:00:42', reason: 'paused', tries: 3 },
    { station: 'AA:BB:CC:00:00:43', reason: 'paused', tries: 1 },
  ]);
});

test('a router that signs with another secret is dropped without a word, and staff are told until it is set right', async () => {
  const from = '127.62.9.1';
  await world.addRouter({ address: from, secret: 'right' });
  await world.addSubscription({ username: 'behind' });
  await until(
    () => world.ask({ username: 'behind', from, secret: 'right', signed: true }),
    ({ code }) => code === 'accept',
  );
  const wrong = { username: 'behind', from, secret: 'wrong', signed: true, timeout_ms: 100 };
  await until(
    async () => {
      expect((await world.ask(wrong)).code).toBe('none');
      return (await explain({ username: 'behind', from })).facts.router?.secret_wrong_at;
    },
    (at) => typeof at === 'string',
    15_000,
  );
  expect(await world.sql('SELECT certain FROM access_suspect_routers()')).toEqual([{ certain: true }]);
  expect((await world.ask({ ...wrong, secret: 'right', timeout_ms: 1500 })).code).toBe('accept');
  await until(
    async () => (await explain({ username: 'behind', from })).facts.router?.secret_wrong_at,
    (at) => at === null,
  );
  expect(await world.sql('SELECT FROM access_suspect_routers()')).toEqual([]);
});
