import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import {
  make,
  makeActive,
  makePackage,
  makeRouter,
  openSession,
  shiftClock,
  unique,
  type Json,
} from '../test-kit/story';
import { readRanges } from './ranges';

jest.setTimeout(120_000);

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

let net = 0;
/** A network of 256 addresses that no other test uses. */
const network = () => `10.77.${(net += 1)}`;
const pool = (fields: Json) => make(lango.api, '/pools', { name: unique('pool'), kind: 'ipv4', ...fields });
const read = async (id: string) => (await lango.api.get<Json>(`/pools/${id}`)).body;
const online = async (address: string, nasId: string, column = 'framed_ip') => {
  const service = await makeActive(lango.api);
  const session = await openSession(lango.db, service['id'], { nas_id: nasId });
  await lango.asOwner(`UPDATE session_live SET ${column} = $2 WHERE radacctid = $1`, [session, address]);
};

describe('ranges', () => {
  it.each<[string, 'ipv4' | 'ipv6' | 'delegated', number, unknown]>([
    ['10.0.0.2-10.0.0.254', 'ipv4', 32, [{ first: '10.0.0.2', last: '10.0.0.254', size: 253n }]],
    ['10.0.0.0/30, 10.0.1.7', 'ipv4', 32, [{ size: 4n }, { first: '10.0.1.7', last: '10.0.1.7', size: 1n }]],
    ['2001:db8::/40', 'delegated', 56, [{ last: '2001:db8:ff:ffff:ffff:ffff:ffff:ffff', size: 65_536n }]],
    ['2001:db8::/32', 'ipv6', 128, [{ size: 9_007_199_254_740_991n }]],
  ])('%s are read', (text, kind, each, expected) => {
    expect(readRanges(text, kind, each)).toMatchObject(expected as object);
  });

  it.each([
    ['10.0.0.9-10.0.0.2', 'ipv4'],
    ['10.0.0.1/24', 'ipv4'],
    ['10.0.0.0/33', 'ipv4'],
    ['10.0.0.0/24 10.0.0.255', 'ipv4'],
    ['2001:db8::/40', 'ipv4'],
    ['10.0.0.0/24', 'ipv6'],
    ['2001:db8::1', 'ipv6'],
    ['nonsense', 'ipv4'],
    ['', 'ipv4'],
  ] as const)('%s are none of %s', (text, kind) => {
    expect(readRanges(text, kind, 64)).toBeUndefined();
  });
});

describe('a pool', () => {
  it('counts who is online out of it on its routers, each address once', async () => {
    const [ours, theirs] = [await makeRouter(lango.api), await makeRouter(lango.api)];
    const n = network();
    const made = await pool({ ranges: `${n}.1-${n}.10`, router_ids: [ours['id']] });
    expect(made).toMatchObject({ size: 10, used: 0, peak: null, is_near_end: false });
    await online(`${n}.3`, ours['id']);
    await online(`${n}.3`, ours['id']);
    await online(`${n}.10`, ours['id']);
    await online(`${n}.11`, ours['id']);
    await online(`${n}.4`, theirs['id']);
    expect(await read(made['id'])).toMatchObject({ used: 2 });
  });

  it('of delegated prefixes counts prefixes', async () => {
    const router = await makeRouter(lango.api);
    const made = await pool({ kind: 'delegated', ranges: '2001:db8:7700::/40', each_length: 48 });
    await online('2001:db8:7701::/48', router['id'], 'delegated_ipv6_prefix');
    expect(await read(made['id'])).toMatchObject({ size: 256, used: 1 });
    const form = await (await consoleClient(lango)).get(`/pools/${made['id']}/edit`);
    expect(form.text).toMatch(/name="each_length"[^>]* value="48"/);
  });

  it('keeps its fullest moment, and stands on the first page when it is nearly full', async () => {
    const router = await makeRouter(lango.api);
    const n = network();
    const made = await pool({ ranges: `${n}.1-${n}.2`, alert_percent: 50 });
    const staff = await consoleClient(lango);
    const needs = async () =>
      (await staff.get('/dashboard/needs')).text.includes(`Pool ${made['name']} is nearly full`);
    await lango.asOwner('SELECT pool_note_usage()');
    expect(await needs()).toBe(false);
    await online(`${n}.1`, router['id']);
    await lango.asOwner('SELECT pool_note_usage()');
    expect([await needs(), (await staff.get(`/pools/${made['id']}`)).text.includes('filled to 50 %')]).toEqual([
      true,
      true,
    ]);
    await lango.asOwner(`UPDATE session_live SET stopped_at = lango_now() WHERE host(framed_ip) = $1`, [`${n}.1`]);
    await lango.asOwner('SELECT pool_note_usage()');
    expect(await needs()).toBe(false);
    expect(await read(made['id'])).toMatchObject({ used: 0, peak: { used: 1 } });
    await shiftClock(lango.db, '31 days');
    expect(await read(made['id'])).toMatchObject({ peak: null });
    await shiftClock(lango.db, '0');
  });

  it('does not overlap another on the same router', async () => {
    const [a, b] = [await makeRouter(lango.api), await makeRouter(lango.api)];
    const n = network();
    await pool({ ranges: `${n}.0/25`, router_ids: [a['id']] });
    const same = (router_ids: string[]) =>
      lango.api.post<Json>('/pools', { name: unique('pool'), kind: 'ipv4', ranges: `${n}.100-${n}.200`, router_ids });
    expect((await same([a['id'], b['id']])).body['error'].code).toBe('overlaps');
    expect((await same([])).body['error'].code).toBe('overlaps');
    expect((await same([b['id']])).status).toBe(201);
  });

  it('gives out no address that is a customer’s own, whichever was there first', async () => {
    const n = network();
    const service = await makeActive(lango.api, {}, { static_ip: `${n}.5` });
    const wide = await lango.api.post<Json>('/pools', { name: unique('pool'), kind: 'ipv4', ranges: `${n}.0/24` });
    expect([wide.status, wide.body['error'].code, wide.body['error'].message.includes(service['username'])]).toEqual([
      409,
      'holds_static',
      true,
    ]);
    const name = unique('pool');
    await pool({ name, ranges: `${n}.128/25` });
    await pool({ kind: 'static', ranges: `${n}.0/25` });
    const refused = await lango.api.patch<Json>(`/subscriptions/${service['id']}`, { static_ip: `${n}.200` });
    expect([refused.status, refused.body['error'].code, refused.body['error'].message.includes(name)]).toEqual([
      409,
      'static_ip_in_pool',
      true,
    ]);
    expect((await lango.api.patch(`/subscriptions/${service['id']}`, { static_ip: `${n}.6` })).status).toBe(200);
    const kept = (await lango.api.get<{ items: Json[] }>('/pools')).body.items.find(
      (one) => one['ranges'][0] === `${n}.0/25`,
    );
    expect(kept).toMatchObject({ used: 1 });
  });

  it('is chosen by plans, which are shown with it', async () => {
    const n = network();
    const made = await pool({ ranges: `${n}.0/24` });
    const staff = await consoleClient(lango);
    expect((await staff.get('/plans/new')).text).toContain(`<option value="${made['name']}">`);
    const plan = await makePackage(lango.api, { pool: made['name'] });
    expect((await staff.get(`/pools/${made['id']}`)).text).toContain(`href="/plans/${plan['id']}"`);
    const other = await makePackage(lango.api, { pool: 'only-on-the-router' });
    expect((await staff.get(`/plans/${other['id']}/edit`)).text).toContain(
      '<option value="only-on-the-router" selected>',
    );
  });

  it('is added, changed unless somebody else did, and forgotten at its pages', async () => {
    const staff = await consoleClient(lango);
    const n = network();
    const form = { name: unique('pool'), kind: 'ipv4', ranges: `${n}.1-${n}.9`, alert_percent: '80' };
    const wrong = await staff.post('/pools', { ...form, ranges: 'all of them' });
    expect([
      wrong.status,
      wrong.text.includes('Give ranges of this kind'),
      wrong.text.includes('value="all of them"'),
    ]).toEqual([422, true, true]);
    const made = await staff.post('/pools', form);
    expect((await staff.post('/pools', form)).text).toContain('A pool of this name is known already');
    const wider = { ...form, ranges: `${n}.1-${n}.99`, version: '1' };
    expect((await staff.post(`${made.location}/edit`, wider)).status).toBe(303);
    expect((await staff.post(`${made.location}/edit`, wider)).status).toBe(409);
    expect(await read(made.location.split('/').at(-1)!)).toMatchObject({ size: 99, version: 2 });
    await staff.post(`${made.location}/remove`);
    expect((await staff.get(made.location)).status).toBe(404);
  });

  it('of another company does not exist', async () => {
    const made = await pool({ ranges: `${network()}.0/24` });
    const other = await lango.addCompany();
    const theirs = await makeRouter(other.api);
    expect((await other.api.get(`/pools/${made['id']}`)).status).toBe(404);
    expect((await other.api.delete(`/pools/${made['id']}`)).status).toBe(404);
    const refused = await lango.api.post<Json>('/pools', {
      name: unique('pool'),
      kind: 'ipv4',
      ranges: `${network()}.0/24`,
      router_ids: [theirs['id']],
    });
    expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, ['router_ids']]);
  });
});
