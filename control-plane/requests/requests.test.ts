import { createPool } from '../platform/db/pool';
import { createLog } from '../platform/log';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeClient, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { jobs } from './jobs';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

const calls = async (query = ''): Promise<Json[]> =>
  (await lango.api.get<Json>(`/requests?limit=200${query}`)).body['items'] as Json[];

test('a call is noted with who, what, outcome and request id, and nothing that was in it', async () => {
  const token = await make(lango.api, '/tokens', { name: 'n8n', scopes: ['subscribers.read'] });
  const program = lango.api.as(token['token'] as string);
  await program.get('/clients?q=Wanjiru');
  await program.post('/clients', { name: 'Secret Person', phone: '0712345678' });
  const refused = await lango.api.post('/clients', { name: '' });
  const found = await until(
    () => calls(),
    (list) => list.some((one) => one['request_id'] === refused.headers.get('x-request-id')),
  );
  const by = (method: string, status: number) =>
    found.find((one) => one['path'] === '/api/clients' && one['method'] === method && one['status'] === status);
  expect(by('GET', 200)).toMatchObject({
    who: 'Amina Admin',
    token_id: token.id,
    token_name: 'n8n',
    route: '/api/clients',
    ip: '127.0.0.1',
    code: null,
  });
  expect(by('POST', 403)).toMatchObject({ code: 'forbidden', token_name: 'n8n' });
  expect(by('POST', 422)).toMatchObject({ code: 'invalid', token_name: null, ms: expect.any(Number) });
  expect(JSON.stringify(found)).not.toMatch(/Secret Person|Wanjiru/);
  expect(JSON.stringify(found)).not.toContain(token['token']);
  expect((await calls('&outcome=refused')).every((one) => one['status'] >= 400)).toBe(true);
  expect(new Set((await calls(`&token_id=${token.id}`)).map((one) => one['token_name']))).toEqual(new Set(['n8n']));
  expect(await calls(`&q=${by('POST', 422)?.['request_id']}`)).toHaveLength(1);
});

test('another company sees none of it', async () => {
  const other = await lango.addCompany();
  await makeClient(lango.api);
  await until(
    () => other.api.get<Json>('/requests'),
    (answer) => answer.body['items'].length > 0,
  );
  const theirs = (await other.api.get<Json>('/requests?limit=200')).body['items'] as Json[];
  expect(theirs.every((one) => one['path'].startsWith('/api/requests'))).toBe(true);
});

test('a fault of ours is kept with its place in the code, for super admins, and is told to nobody else', async () => {
  await lango.asOwner('ALTER TABLE plan RENAME TO plan_away');
  let failed: string | null = null;
  try {
    const answer = await lango.api.get('/packages');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('plan');
    failed = answer.headers.get('x-request-id');
    await lango.api.get('/packages');
  } finally {
    await lango.asOwner('ALTER TABLE plan_away RENAME TO plan');
  }
  expect((await lango.api.get('/requests/errors')).status).toBe(403);
  const boss = await lango.addCompany('Headquarters');
  await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [boss.staffId.toString()]);
  const kinds = await until(
    async () => (await boss.api.get<Json>('/requests/errors')).body['items'] as Json[],
    (list) => list.some((one) => one['path'] === '/api/packages' && one['times'] === 2),
  );
  const kind = kinds.find((one) => one['path'] === '/api/packages');
  expect(kind).toMatchObject({ company: lango.company.name, method: 'GET', stack: expect.stringContaining('at ') });
  const all = (await boss.api.get<Json>(`/requests/errors?fingerprint=${kind?.['fingerprint']}`)).body[
    'items'
  ] as Json[];
  expect(all.map((one) => one['request_id'])).toContain(failed);
  expect(await calls(`&q=${failed}`)).toMatchObject([{ status: 500, code: 'internal' }]);
});

test('a day is a partition; days past keeping are dropped', async () => {
  const pool = createPool(lango.db.urls.jobs, 'jobs', 1);
  const run = () =>
    jobs[0]?.run(pool, { log: createLog('test', 'silent'), dataDir: '/nonexistent', scheduledFor: new Date() });
  try {
    expect(await run()).toBe(8);
    expect(await run()).toBe(0);
    await lango.asOwner(
      `CREATE TABLE request_log_20200101 PARTITION OF request_log FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')`,
    );
    expect(await run()).toBe(1);
    const [row] = await lango.asOwner<{ n: number; here: number }>(
      `SELECT (SELECT count(*)::int FROM request_log_default) AS n, (SELECT count(*)::int FROM request_log) AS here`,
    );
    expect(row).toMatchObject({ n: 0 });
    expect(row?.here).toBeGreaterThan(3);
    await makeClient(lango.api);
  } finally {
    await pool.end();
  }
});
