import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik } from '../test-kit/mikrotik';
import { makeActive, makeRouter, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

// Two routers of one company behind one address, as carrier NAT shows them: one realm each, a CoA port each, the same session ids.
jest.setTimeout(60_000);

const address = '127.65.0.1';
const secret = 'behind-nat';
let lango: TestLango;
let freeradius: TestFreeradius;
let north: SimulatedMikrotik;
let south: SimulatedMikrotik;
const rows: Record<'main' | 'north' | 'south', Json> = {} as never;

beforeAll(async () => {
  lango = await startTestLango({ parts: ['accounting', 'enforcer'] });
  freeradius = await startTestFreeradius({ db: lango.db });
  rows.main = await makeRouter(lango.api, { address, secret, name: unique('main') });
  rows.north = await makeRouter(lango.api, { address, secret, realm: 'north', name: unique('north') });
  rows.south = await makeRouter(lango.api, { address, secret, realm: 'south-hill', name: unique('south') });
  const boot = (identity: string, realm?: string) =>
    SimulatedMikrotik.start({
      identity,
      address,
      nasIpAddress: '192.168.88.1',
      secret,
      version: '7.18',
      timeout_ms: 1000,
      automaticInterims: false,
      accountingOn: false,
      ...(realm ? { realm } : {}),
      // The same for both: session ids and ports are the same too.
      seed: 7,
      servers: [{ address: '127.0.0.1', authPort: freeradius.authPort, acctPort: lango.acctPort }],
    });
  north = await boot('tower', 'north');
  // Of another make of firmware that sends no realm: told by its own name.
  south = await boot('south-hill');
  await lango.api.patch(`/routers/${rows.north['id']}`, { coa_port: north.coaPort });
  await lango.api.patch(`/routers/${rows.south['id']}`, { coa_port: south.coaPort });
  // A third one waits until they are known, so that these two begin with the same session id.
  const scout = await boot('scout');
  await until(
    () => scout.connectPppoe({ username: 'nobody', password: 'x', authentication: 'pap' }),
    ({ kind }) => kind === 'rejected',
    10_000,
  );
  await scout.close();
});
afterAll(async () => {
  await north?.close();
  await south?.close();
  await freeradius?.stop();
  await lango?.stop();
});

async function dial(router: SimulatedMikrotik) {
  const sub = await makeActive(lango.api);
  const outcome = await router.connectPppoe({
    username: sub['username'],
    password: 'open-sesame',
    authentication: 'chap',
  });
  if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome));
  return { sub, session: outcome.session };
}
const openSessions = () =>
  lango.asOwner<{ username: string; nas_id: string; acct_session_id: string; input_bytes: string }>(
    'SELECT username, nas_id, acct_session_id, input_bytes FROM session_live WHERE stopped_at IS NULL ORDER BY username',
  );

test('logins, sessions and usage are of the router that they came through, though both count the same session ids', async () => {
  const one = await dial(north);
  const two = await dial(south);
  expect(one.session.identity.id).toBe(two.session.identity.id);
  one.session.addTraffic(100, 1);
  two.session.addTraffic(700, 1);
  await one.session.interim();
  await two.session.interim();
  const found = await openSessions();
  expect(found.find(({ username }) => username === one.sub['username'])).toMatchObject({
    nas_id: rows.north['id'],
    input_bytes: '100',
  });
  expect(found.find(({ username }) => username === two.sub['username'])).toMatchObject({
    nas_id: rows.south['id'],
    input_bytes: '700',
  });

  const answers = await until(
    () =>
      lango.asOwner<{ username: string; nas_id: string }>(
        `SELECT username, nas_id FROM radpostauth WHERE username = ANY ($1) ORDER BY id`,
        [[one.sub['username'], two.sub['username']]],
      ),
    (list) => list.length === 2,
  );
  expect(answers.map(({ nas_id }) => nas_id)).toEqual([rows.north['id'], rows.south['id']]);
  const heard = await until(
    () => lango.api.get<Json>(`/routers/${rows.south['id']}`),
    ({ body }) => body['last_access_at'] !== null && body['last_accounting_at'] !== null,
  );
  expect(heard.body).toMatchObject({ identity: 'south-hill', realm: 'south-hill', live_sessions: 1 });
});

test('a Disconnect goes to the port of that router and cuts that session alone', async () => {
  const one = await dial(north);
  const two = await dial(south);
  await lango.api.post(`/subscriptions/${two.sub['id']}/suspend`, { reason: 'test' });
  await until(
    () => two.session.live,
    (live) => !live,
  );
  expect(one.session.live).toBe(true);
});

test('a reboot of one ends its sessions and leaves the other’s', async () => {
  const one = await dial(north);
  const two = await dial(south);
  await north.reboot({ accountingOn: true });
  await until(openSessions, (list) => !list.some(({ username }) => username === one.sub['username']));
  expect((await openSessions()).some(({ username }) => username === two.sub['username'])).toBe(true);
  expect(two.session.live).toBe(true);
});

test('a router behind the address that gives no known realm is the first one', async () => {
  const other = await SimulatedMikrotik.start({
    identity: 'unheard-of',
    address,
    secret,
    realm: 'west',
    version: '7.18',
    timeout_ms: 1000,
    servers: [{ address: '127.0.0.1', authPort: freeradius.authPort, acctPort: lango.acctPort }],
  });
  try {
    const { sub } = await dial(other);
    expect((await openSessions()).find(({ username }) => username === sub['username'])).toMatchObject({
      nas_id: rows.main['id'],
    });
  } finally {
    await other.close();
  }
});

test('the address has one secret, make and policy; who wants another is told, and a change of one is a change of all', async () => {
  const refused = async (fields: Json) => {
    const answer = await lango.api.post<Json>('/routers', {
      name: unique('r'),
      address,
      secret,
      realm: unique('realm'),
      ...fields,
    });
    return [answer.status, answer.body['error'].code];
  };
  expect(await refused({ secret: 'another' })).toEqual([409, 'shared_differs']);
  expect(await refused({ type: 'other' })).toEqual([409, 'shared_differs']);
  expect(await refused({ message_authenticator: 'off' })).toEqual([409, 'shared_differs']);
  expect(await refused({ realm: 'north' })).toEqual([409, 'address_taken']);
  expect(await refused({ realm: null })).toEqual([409, 'address_taken']);
  const neighbour = await lango.addCompany();
  const theirs = await neighbour.api.post<Json>('/routers', { name: 'theirs', address, secret, realm: 'east' });
  expect([theirs.status, theirs.body['error'].code]).toEqual([409, 'address_taken']);

  const changed = await lango.api.patch<Json>(`/routers/${rows.north['id']}`, { message_authenticator: 'require' });
  expect(changed.body).toMatchObject({ message_authenticator: 'require' });
  expect((await lango.api.get<Json>(`/routers/${rows.south['id']}`)).body).toMatchObject({
    message_authenticator: 'require',
  });
});

test('routers that take orders at the same address and port are warned of', async () => {
  const twin = await makeRouter(lango.api, {
    address,
    secret,
    realm: 'twin',
    message_authenticator: 'require',
    coa_port: south.coaPort,
  });
  expect(twin['warnings']).toEqual([{ code: 'shared_orders', sentence: expect.stringMatching(/CoA port/) }]);
  expect((await lango.api.delete(`/routers/${twin['id']}`)).status).toBe(204);
  expect((await lango.api.get<Json>(`/routers/${rows.south['id']}`)).body['warnings']).toEqual([]);
});
