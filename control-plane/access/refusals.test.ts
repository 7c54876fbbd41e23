import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makeRouter, makeSubscription, type Json } from '../test-kit/story';

jest.setTimeout(60_000);

let lango: TestLango;
let router: Json;
let position = 0;
beforeAll(async () => {
  lango = await startTestLango();
  router = await makeRouter(lango.api);
});
afterAll(async () => {
  await lango.stop();
});

interface Said {
  username: string;
  reason: string;
  ago_s?: number;
  reply?: string;
  station?: string | null;
  nas_id?: string;
  tenant_id?: string;
  method?: string | null;
  service_type?: string | null;
  port_type?: string | null;
  certificate?: string;
  signed?: boolean;
}

/** Answers as the log of a FreeRADIUS host brings them. */
async function answered(answers: Said[]): Promise<void> {
  const now = Date.now() / 1000;
  const rows = answers.map(({ ago_s, ...said }, n) => ({
    at: now - (ago_s ?? 0) + n / 1e6,
    tenant_id: lango.company.tenantId.toString(),
    nas_id: router['id'],
    login: '00',
    reply: 'Access-Reject',
    signed: true,
    station: 'AA:BB:CC:00:00:01',
    called: null,
    identity: null,
    method: 'MS-CHAP',
    service_type: '2',
    port_type: '15',
    ...said,
  }));
  await lango.asOwner(`SELECT access_load_answers('test', $1, $2, $3)`, [
    position,
    (position += 1),
    JSON.stringify(rows),
  ]);
}

const refusals = async (query: string, api = lango.api): Promise<Json[]> => {
  const answer = await api.get<{ items: Json[] }>(`/access/refusals?${query}`);
  expect(answer.status).toBe(200);
  return answer.body.items;
};

test('the same refusal two hundred times is one row that counts, from any host and in any form of the device', async () => {
  await answered(
    Array.from({ length: 120 }, (_, n) => ({
      username: 'flapping',
      reason: 'wrong_mac',
      ago_s: 700 - n,
      station: '48-a9-8a-77-10-3c',
    })),
  );
  await answered(
    Array.from({ length: 80 }, (_, n) => ({
      username: 'flapping',
      reason: 'wrong_mac',
      ago_s: 400 - n,
      station: '48A9.8A77.103C',
    })),
  );
  const [row, ...more] = await refusals('username=flapping');
  expect(more).toEqual([]);
  expect(row).toMatchObject({
    tries: 200,
    reason: 'wrong_mac',
    mac: '48:A9:8A:77:10:3C',
    router_id: router['id'],
    let_in_since: false,
  });
  const span_s = (Date.parse(row?.['last_at']) - Date.parse(row?.['first_at'])) / 1000;
  expect(span_s).toBeGreaterThan(370);
  expect(span_s).toBeLessThan(390);
});

test('is found by login, device and router, and by nobody of another company', async () => {
  const other = await makeRouter(lango.api);
  await answered([
    { username: 'asha.one', reason: 'expired', station: '10:00:00:00:00:01' },
    { username: 'asha.two', reason: 'wrong_password', station: '10:00:00:00:00:02', nas_id: other['id'] },
    { username: 'l2tp', reason: 'suspended', station: '41.90.66.12' },
  ]);
  const names = (rows: Json[]) => rows.map((row) => String(row['username'])).sort((a, b) => a.localeCompare(b));
  expect(names(await refusals('q=asha.'))).toEqual(['asha.one', 'asha.two']);
  expect(names(await refusals('q=10-00-00-00-00-02'))).toEqual(['asha.two']);
  expect(names(await refusals('mac=100000000001'))).toEqual(['asha.one']);
  expect(names(await refusals('mac=41.90.66.12'))).toEqual(['l2tp']);
  expect(names(await refusals(`router_id=${other['id']}`))).toEqual(['asha.two']);
  expect(names(await refusals('reason=suspended'))).toEqual(['l2tp']);
  // What a pattern would match is text here.
  expect(await refusals('q=asha%25')).toEqual([]);
  expect(await refusals('q=%5Fsha')).toEqual([]);
  const neighbour = await lango.addCompany();
  expect(await refusals('', neighbour.api)).toEqual([]);
  const tries = await neighbour.api.get<{ items: Json[] }>('/access/tries?username=asha.one&all=true');
  expect(tries.body.items).toEqual([]);
});

test('a day of quiet begins the count anew, and an Accept since is told', async () => {
  await answered([{ username: 'again', reason: 'expired', ago_s: 2 * 86_400 }]);
  await answered([{ username: 'again', reason: 'expired', ago_s: 60 }]);
  await answered([{ username: 'again', reason: 'expired', ago_s: 50 }]);
  expect(await refusals('username=again')).toMatchObject([{ tries: 2, let_in_since: false }]);
  await answered([{ username: 'again', reason: 'active', reply: 'Access-Accept', ago_s: 10 }]);
  expect(await refusals('username=again')).toMatchObject([{ tries: 2, let_in_since: true }]);
});

test('pages go on where the last one ended, each row once, also within one microsecond', async () => {
  await answered(
    Array.from({ length: 25 }, (_, n) => ({ username: `paged-${n}`, reason: 'unknown_user', ago_s: n < 12 ? 30 : 31 })),
  );
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body }: { body: { items: Json[]; nextCursor: string | null } } = await lango.api.get(
      `/access/refusals?username=paged-&limit=4${cursor && `&cursor=${cursor}`}`,
    );
    seen.push(...body.items.map((row) => row['username'] as string));
    cursor = body.nextCursor ?? '';
  } while (cursor);
  expect(seen).toHaveLength(25);
  expect(new Set(seen).size).toBe(25);
  expect((await lango.api.get('/access/refusals?cursor=nonsense')).status).toBe(422);
});

test('a single try is asked again as it was asked, beside what was answered then', async () => {
  const made = await makeActive(lango.api, { type: 'hotspot' }, { username: 'tried' });
  await answered([{ username: 'tried', reason: 'suspended', ago_s: 5, method: 'CHAP', station: 'AA:BB:CC:00:00:77' }]);
  const { body } = await lango.api.get<{ items: Json[] }>('/access/tries?username=tried');
  expect(body.items).toMatchObject([{ decision: 'reject', reason: 'suspended', method: 'CHAP' }]);
  const again = await lango.api.get<Json>(`/access/explain?try=${body.items[0]?.['id']}`);
  expect(again.body).toMatchObject({
    decision: 'accept',
    reason: 'active',
    recorded: { decision: 'reject', reason: 'suspended' },
  });
  expect(again.body['checks']).toContainEqual({ name: 'method', pass: true, detail: 'CHAP' });
  expect((await lango.api.post(`/subscriptions/${made['id']}/suspend`, { reason: 'late' })).status).toBe(200);
  expect((await lango.api.get<Json>(`/access/explain?try=${body.items[0]?.['id']}`)).body).toMatchObject({
    decision: 'reject',
    reason: 'suspended',
  });
  const neighbour = await lango.addCompany();
  expect((await neighbour.api.get(`/access/explain?try=${body.items[0]?.['id']}`)).status).toBe(404);
  expect((await lango.api.get('/access/tries')).status).toBe(422);
});

test('without a router it is asked from where the login was last tried', async () => {
  const nas = await makeRouter(lango.api, { type: 'other' });
  await makeSubscription(lango.api, {}, { username: 'roaming' });
  const decision = async () => (await lango.api.get<Json>('/access/explain?username=roaming')).body['decision'];
  expect(await decision()).toBe('garden');
  await answered([{ username: 'roaming', reason: 'unpaid', nas_id: nas['id'], station: 'AA:BB:CC:00:00:78' }]);
  // Only a MikroTik has a garden.
  expect(await decision()).toBe('reject');
});

test('a try that came unsigned through a proxy is refused again, and says that the proxy must sign', async () => {
  const young = await makeRouter(lango.api, { message_authenticator: 'auto' });
  await makeActive(lango.api, {}, { username: 'proxied' });
  await answered([
    { username: 'proxied', reason: 'unsigned_proxy', reply: 'none', nas_id: young['id'], signed: false },
  ]);
  const { body } = await lango.api.get<{ items: Json[] }>('/access/tries?username=proxied');
  const again = await lango.api.get<Json>(`/access/explain?try=${body.items[0]?.['id']}`);
  expect(again.body).toMatchObject({ answered: false, reason: 'unsigned_proxy' });
  expect(again.body['checks'].at(-1)).toMatchObject({
    name: 'signature',
    pass: false,
    detail: 'Not signed. It came through a proxy, so it must be signed.',
  });
});

test('a try by 802.1X is asked again as such, and so is an imagined one: its tunnel is a check of its own', async () => {
  await makeSubscription(lango.api, {}, { username: 'air' });
  const air = { username: 'air', station: 'AA:BB:CC:00:00:88', service_type: null, port_type: '19' };
  await answered([{ ...air, reason: 'unpaid', method: 'EAP-TTLS', ago_s: 9 }]);
  const found = async (reason: string) =>
    (await lango.api.get<{ items: Json[] }>(`/access/tries?username=air&reason=${reason}`)).body.items[0]?.['id'];
  const ask = async (query: string) => (await lango.api.get<Json>(`/access/explain?${query}`)).body;
  const again = await ask(`try=${await found('unpaid')}`);
  // A PPPoE plan has a walled garden, but not here.
  expect(again).toMatchObject({ decision: 'reject', reason: 'unpaid', reply: [], recorded: { decision: 'reject' } });
  expect(again['checks']).toContainEqual({ name: 'method', pass: true, detail: 'EAP-TTLS' });
  expect(again['checks']).toContainEqual({
    name: 'tunnel',
    pass: true,
    detail: 'Made: the device trusted our certificate.',
  });
  await answered([{ ...air, reason: 'no_tunnel', method: 'EAP-PEAP', service_type: '2' }]);
  const failed = await ask(`try=${await found('no_tunnel')}`);
  expect(failed).toMatchObject({ decision: 'reject', reason: 'no_tunnel', reply: [] });
  expect(failed['checks'].at(-1)).toMatchObject({
    name: 'tunnel',
    pass: false,
    detail: expect.stringMatching(/came to nothing/),
    remedy: expect.stringMatching(/ca\.pem/),
  });
  expect(await ask('username=air')).toMatchObject({ decision: 'garden' });
  expect(await ask('username=air&service=dot1x')).toMatchObject({ decision: 'reject', reason: 'unpaid' });
  expect((await ask('username=air&method=tls'))['checks'].at(-1)).toMatchObject({ name: 'certificate', pass: false });
  expect((await lango.api.get('/access/explain?username=air&service=eap')).status).toBe(422);
});

test('a wrong password stays wrong until another is set, or with PAP the secret that it travelled under', async () => {
  const made = await makeActive(lango.api, {}, { username: 'typo' });
  const nas = await makeRouter(lango.api);
  const wrong = { username: 'typo', station: 'AA:BB:CC:00:00:89', reason: 'wrong_password', nas_id: nas['id'] };
  await answered(['PAP', 'CHAP'].map((method) => ({ ...wrong, method })));
  const { body } = await lango.api.get<{ items: Json[] }>('/access/tries?username=typo');
  const reasons = () =>
    Promise.all(
      body.items.map(async ({ id, method }) => {
        const told = await lango.api.get<Json>(`/access/explain?try=${id}`);
        return `${method} ${told.body['reason']}`;
      }),
    );
  expect((await reasons()).sort()).toEqual(['CHAP wrong_password', 'PAP wrong_password']);
  expect((await lango.api.patch(`/routers/${nas['id']}`, { name: 'another name' })).status).toBe(200);
  expect((await reasons()).sort()).toEqual(['CHAP wrong_password', 'PAP wrong_password']);
  // As a rotation does: nobody has changed the router.
  await lango.asOwner(`UPDATE nas SET secret = 'another' WHERE id = $1`, [nas['id']]);
  expect((await reasons()).sort()).toEqual(['CHAP wrong_password', 'PAP active']);
  expect((await lango.api.patch(`/subscriptions/${made['id']}`, { password: 'a-new-one-77' })).status).toBe(200);
  expect((await reasons()).sort()).toEqual(['CHAP active', 'PAP active']);
});

test('an imagined request without a signature or a password is told apart', async () => {
  const strict = await makeRouter(lango.api, { message_authenticator: 'require' });
  await makeActive(lango.api, {}, { username: 'imagined' });
  const ask = async (more: string) => (await lango.api.get<Json>(`/access/explain?username=imagined&${more}`)).body;
  const unsigned = await ask(`router_id=${strict['id']}&signed=false`);
  expect(unsigned).toMatchObject({ answered: false, reason: 'unsigned_request', reply: [] });
  expect(unsigned['checks'].at(-1)).toMatchObject({ name: 'signature', pass: false });
  expect(await ask(`router_id=${strict['id']}`)).toMatchObject({ decision: 'accept', answered: true });
  const young = await makeRouter(lango.api, { message_authenticator: 'auto' });
  expect(await ask(`router_id=${young['id']}&signed=false`)).toMatchObject({ answered: true });
  expect(await ask(`router_id=${young['id']}&signed=false&proxied=true`)).toMatchObject({
    answered: false,
    reason: 'unsigned_proxy',
  });
  const empty = await ask('method=none');
  expect(empty).toMatchObject({
    reason: 'unsupported_method',
    reply: [{ attribute: 'Reply-Message', value: 'This sign-in method is not supported.' }],
  });
});

test('a router whose customers are all refused for a wrong password is named, until one of them gets in', async () => {
  const company = await lango.addCompany();
  const tower = await makeRouter(company.api, { name: 'Tower 9' });
  const there = { nas_id: tower['id'], tenant_id: company.tenantId.toString(), reason: 'wrong_password' };
  const suspects = () =>
    lango.asOwner(
      `WITH t AS MATERIALIZED (SELECT set_config('lango.tenant', $1, true)) SELECT s.router, s.certain, s.logins::int FROM t, LATERAL access_suspect_routers() s`,
      [company.tenantId.toString()],
    );
  await answered(['a', 'b'].map((username) => ({ username, ...there })));
  expect(await suspects()).toEqual([]);
  await answered(['c', 'c'].map((username) => ({ username, ...there })));
  expect(await suspects()).toEqual([{ router: 'Tower 9', certain: false, logins: 3 }]);
  await answered([{ username: 'b', ...there, reason: 'active', reply: 'Access-Accept' }]);
  expect(await suspects()).toEqual([]);
});

test('what is old is forgotten, and what is not stays', async () => {
  await answered([
    { username: 'old', reason: 'expired', ago_s: 8 * 86_400 },
    { username: 'young', reason: 'expired', ago_s: 6 * 86_400 },
  ]);
  await lango.asOwner('SELECT access_forget()');
  expect(await refusals('days=7&username=young')).toHaveLength(1);
  expect(await lango.asOwner(`SELECT FROM access_refusal WHERE username = 'old'`)).toEqual([]);
});
