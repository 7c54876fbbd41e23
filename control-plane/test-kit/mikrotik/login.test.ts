import { attributeName, get } from '../../../radius/attributes';
import {
  authenticatorResponse,
  Code,
  msChapResponse,
  type Packet,
  revealPassword,
  verifyChapPassword,
  verifyRequest,
} from '../../../radius/packet';
import { type RouterOptions, SimulatedMikrotik } from '.';
import { FakeAaa } from './fake-aaa';

const secret = 'routers-secret';
const START = 1;
const STOP = 2;
let aaa: FakeAaa;
let router: SimulatedMikrotik | undefined;

beforeEach(async () => {
  aaa = await FakeAaa.listen(secret);
});
afterEach(async () => {
  await router?.close();
  await aaa.close();
});

async function boot(over: Partial<RouterOptions> = {}): Promise<SimulatedMikrotik> {
  const options = { identity: 'tower-1', address: '127.77.0.1', secret, servers: [aaa.row], timeout_ms: 1000, ...over };
  router = await SimulatedMikrotik.start(options);
  return router;
}

function names(packet: Packet): string[] {
  const list: string[] = [];
  packet.walk((vendor, type) => list.push(attributeName(vendor, type)));
  return list;
}

/** A server that knows one password and answers MS-CHAPv2 with a right success. */
function knows(password: string) {
  aaa.authorize = (request) => {
    const name = get(request, 'User-Name') ?? '';
    const challenge = get(request, 'MS-CHAP-Challenge');
    const v2 = get(request, 'MS-CHAP2-Response');
    if (challenge && v2) {
      const success = authenticatorResponse(password, v2.subarray(26), challenge, v2.subarray(2, 18), name);
      return { accept: [['MS-CHAP2-Success', Buffer.from(`${String.fromCharCode(v2[0]!)}${success}`, 'latin1')]] };
    }
    const v1 = get(request, 'MS-CHAP-Response');
    const chap = get(request, 'CHAP-Password');
    const pap = get(request, 'User-Password');
    const right =
      (challenge && v1 && msChapResponse(v1[0]!, challenge, password).equals(v1)) ||
      (chap && verifyChapPassword(chap, Buffer.from(password), get(request, 'CHAP-Challenge')!)) ||
      (pap && revealPassword(pap, Buffer.from(secret), request.authenticator)?.toString() === password);
    return right ? { accept: [] } : { reject: 'wrong password' };
  };
}

describe.each(['pap', 'chap', 'mschap1', 'mschap2'] as const)('PPPoE by %s', (authentication) => {
  test('the right password is online, with a Start', async () => {
    knows('se!cret');
    const login = await (await boot()).connectPppoe({ username: 'asha', password: 'se!cret', authentication });
    expect(login).toMatchObject({ kind: 'online' });
    expect(aaa.records(START)).toHaveLength(1);
    expect(router!.sessions.map((s) => s.username)).toEqual(['asha']);
  });

  test('a wrong password is not', async () => {
    knows('se!cret');
    const login = await (await boot()).connectPppoe({ username: 'asha', password: 'wrong', authentication });
    // By MS-CHAPv2 it is the client that notices here, as this server only answers what it should be.
    if (authentication === 'mschap2') expect(login).toMatchObject({ kind: 'failed', reason: 'wrong_mschap2_success' });
    else expect(login).toMatchObject({ kind: 'rejected', messages: ['wrong password'] });
    expect(router!.sessions).toEqual([]);
  });
});

test('PPPoE attributes stand in the order of RouterOS, Message-Authenticator last from 7.15 on', async () => {
  const credentials = ['CHAP-Challenge', 'CHAP-Password'];
  const before = ['Service-Type', 'Framed-Protocol', 'NAS-Port', 'NAS-Port-Type', 'User-Name', 'Calling-Station-Id'];
  const expected = [
    ...before,
    'Called-Station-Id',
    'NAS-Port-Id',
    'Acct-Session-Id',
    ...credentials,
    'NAS-Identifier',
    'NAS-IP-Address',
  ];
  for (const version of ['6.49', '7.14', '7.15', '7.18'] as const) {
    await boot({ version, address: '127.77.0.3' });
    await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'chap', mac: 'D4:CA:6D:11:22:33' });
    const request = aaa.packets(Code.AccessRequest).at(-1)!;
    const signed = version === '7.15' || version === '7.18';
    expect(names(request)).toEqual(signed ? [...expected, 'Message-Authenticator'] : expected);
    const policy = { messageAuthenticator: signed ? 'require' : 'if_present' } as const;
    expect(verifyRequest(request, Buffer.from(secret), policy)).toBe('valid');
    expect(aaa.records(START).every((record) => !names(record).includes('Message-Authenticator'))).toBe(true);
    await router!.close();
  }
  const request = aaa.packets(Code.AccessRequest)[0]!;
  expect(get(request, 'Calling-Station-Id')).toBe('D4:CA:6D:11:22:33');
  expect(get(request, 'Called-Station-Id')).toBe('isp');
  expect(get(request, 'NAS-Port-Id')).toBe('ether2');
  expect(get(request, 'NAS-Port-Type')).toBe(15);
  expect(get(request, 'Acct-Session-Id')).toMatch(/^81[0-9a-f]{6}$/);
  expect(get(request, 'NAS-IP-Address')).toBe('127.77.0.3');
});

test('hotspot attributes stand in the order of RouterOS, and the port is the session id as a number', async () => {
  await boot();
  await router!.connectHotspot({ username: 'TEA-4471', password: 'TEA-4471', hostAddress: '10.5.88.23' });
  const request = aaa.packets(Code.AccessRequest)[0]!;
  const first = ['NAS-Port-Type', 'Calling-Station-Id', 'Called-Station-Id', 'NAS-Port-Id', 'User-Name', 'NAS-Port'];
  const then = ['Acct-Session-Id', 'Framed-IP-Address', 'Mikrotik-Host-IP', 'CHAP-Challenge', 'CHAP-Password'];
  const last = ['Service-Type', 'WISPr-Logoff-URL', 'NAS-Identifier', 'NAS-IP-Address', 'Message-Authenticator'];
  expect(names(request)).toEqual([...first, ...then, ...last]);
  const id = get(request, 'Acct-Session-Id')!;
  expect(id).toMatch(/^80[0-9a-f]{6}$/);
  expect(get(request, 'NAS-Port')).toBe(parseInt(id, 16));
  const start = ['Acct-Status-Type', ...first, 'Acct-Session-Id', 'Framed-IP-Address', 'Mikrotik-Host-IP'];
  const end = ['NAS-Identifier', 'Acct-Delay-Time', 'NAS-IP-Address'];
  expect(names(aaa.records(START)[0]!)).toEqual([...start, 'Event-Timestamp', ...end]);
  await router!.sessions[0]!.logout();
  const counters = ['Acct-Input-Octets', 'Acct-Output-Octets', 'Acct-Input-Gigawords', 'Acct-Output-Gigawords'];
  const more = ['Acct-Input-Packets', 'Acct-Output-Packets', 'Acct-Session-Time'];
  expect(names(aaa.records(STOP)[0]!)).toEqual([
    'Acct-Status-Type',
    'Acct-Terminate-Cause',
    ...start.slice(1),
    'Event-Timestamp',
    ...counters,
    ...more,
    ...end,
  ]);
});

test('a try by MAC has the MAC as the user and an empty password', async () => {
  await boot();
  await router!.connectHotspot({ username: '', password: '', mac: '4E:1B:0A:33:C2:90', authentication: 'mac' });
  const request = aaa.packets(Code.AccessRequest)[0]!;
  expect(get(request, 'User-Name')).toBe('4E:1B:0A:33:C2:90');
  expect(revealPassword(get(request, 'User-Password')!, Buffer.from(secret), request.authenticator)).toHaveLength(0);
});

test('a user name of any octets goes out as it is', async () => {
  await boot();
  const username = Buffer.from([0x62, 0xff, 0x27, 0x2b]);
  await router!.connectPppoe({ username, password: 'x', authentication: 'pap' });
  expect(aaa.packets(Code.AccessRequest)[0]!.first(0, 1)).toEqual(username);
});

test('a repeat has the same octets; each exchange has a new port and the next identifier', async () => {
  let tries = 0;
  aaa.authorize = () => (++tries < 3 ? 'silence' : { accept: [] });
  await boot({ timeout_ms: 150 });
  expect(await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' })).toMatchObject({
    kind: 'online',
  });
  const asked = aaa.seen.filter(({ packet }) => packet.code === Code.AccessRequest);
  expect(new Set(asked.map(({ packet }) => packet.bytes.toString('hex'))).size).toBe(1);
  expect(asked).toHaveLength(3);
  const exchanges = [...new Map(aaa.seen.map((s) => [s.from, s.packet.identifier]))];
  expect(exchanges).toHaveLength(3);
  const [on, access, start] = exchanges.map(([, identifier]) => identifier);
  expect([access, start]).toEqual([(on! + 1) & 255, (on! + 2) & 255]);
  expect(exchanges.every(([from]) => from.startsWith('127.77.0.1:'))).toBe(true);
  expect(router!.statistics).toMatchObject({ requests: 3, accepts: 1, resends: 2, timeouts: 0 });
});

test.each([
  ['6.49', 'online'],
  ['7.14', 'online'],
  ['7.15', 'timeout'],
  ['7.18', 'timeout'],
] as const)('RouterOS %s facing replies without Message-Authenticator: %s', async (version, kind) => {
  aaa.signReplies = false;
  await boot({ version, timeout_ms: 150 });
  expect(await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' })).toMatchObject({
    kind,
  });
  expect(router!.statistics.badReplies).toBe(kind === 'online' ? 0 : 3);
});

test('a wrong secret makes the router drop the reply, for logins and for accounting', async () => {
  await boot({ accountingOn: false, timeout_ms: 150 });
  router!.faults.wrongSecret = 'old-secret';
  expect(await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' })).toEqual({
    kind: 'timeout',
  });
  expect(router!.statistics.badReplies).toBe(3);
});

test('the second row is asked when the first is silent, and a reject is final', async () => {
  const second = await FakeAaa.listen(secret, '127.0.0.2');
  aaa.authorize = () => 'silence';
  await boot({ servers: [aaa.row, second.row], timeout_ms: 150 });
  expect(await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' })).toMatchObject({
    kind: 'online',
  });
  expect([aaa.packets(1).length, second.packets(1).length]).toEqual([3, 1]);
  aaa.authorize = () => ({ reject: 'no' });
  expect(await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' })).toMatchObject({
    kind: 'rejected',
  });
  expect(second.packets(1)).toHaveLength(1);
  await second.close();
});

test.each([
  ['no_mschap2_success', [] as [string, Buffer][]],
  ['wrong_mschap2_success', [['MS-CHAP2-Success', Buffer.from(`\0S=${'0'.repeat(40)}`)]] as [string, Buffer][]],
])('an accept with %s: Start and at once Stop', async (reason, accept) => {
  aaa.authorize = () => ({ accept });
  await boot();
  const login = await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'mschap2' });
  expect(login).toMatchObject({ kind: 'failed', reason });
  expect([aaa.records(START).length, aaa.records(STOP).length]).toEqual([1, 1]);
});

test.each([
  ['an unknown pool', [['Framed-Pool', 'nowhere']], 'unknown_pool'],
  ['an empty pool', [['Framed-Pool', 'tiny']], 'pool_empty'],
  ['a rate that breaks the grammar', [['Mikrotik-Rate-Limit', '10Mbit/s']], 'bad_rate_limit'],
  ['an address that is taken', [['Framed-IP-Address', '10.64.0.2']], 'address_in_use'],
] as [string, [string, string][], string][])('an accept with %s cannot be used', async (_what, accept, reason) => {
  await boot({ pools: { default: { first: '10.64.0.2', size: 10 }, tiny: { first: '10.9.9.9', size: 0 } } });
  await router!.connectPppoe({ username: 'first', password: 'x', authentication: 'pap' });
  aaa.authorize = () => ({ accept });
  const login = await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' });
  expect(login).toMatchObject({ kind: 'failed', reason });
  expect(router!.sessions).toHaveLength(1);
});

test('address and pool of the reply are used, and given back at the end', async () => {
  await boot({ pools: { default: { first: '10.64.0.2', size: 1 }, gold: { first: '10.70.0.9', size: 1 } } });
  aaa.authorize = () => ({
    accept: [
      ['Framed-Pool', 'gold'],
      ['Framed-IP-Address', '255.255.255.254'],
    ],
  });
  for (let i = 0; i < 2; i++) {
    const login = await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' });
    if (login.kind !== 'online') throw new Error(login.kind);
    expect(login.session.identity.address).toBe('10.70.0.9');
    await login.session.logout();
  }
  aaa.authorize = () => ({
    accept: [
      ['Framed-IP-Address', '10.20.30.40'],
      ['Framed-Pool', 'gold'],
    ],
  });
  const login = await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap' });
  expect(login).toMatchObject({ kind: 'online', session: { identity: { address: '10.20.30.40' } } });
});

test('who dials again from the same MAC has lost the older session', async () => {
  await boot();
  const dial = () =>
    router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap', mac: '02:00:00:00:00:01' });
  await dial();
  await dial();
  await router!.idle();
  expect(router!.sessions).toHaveLength(1);
  expect(aaa.records(STOP)).toHaveLength(1);
});

test('no more dials than allowed are in flight', async () => {
  await boot({ pppoe: { dialsInFlight: 2 }, timeout_ms: 2000 });
  let most = 0;
  aaa.authorize = () => {
    most = Math.max(most, router!.statistics.pending);
    return { accept: [] };
  };
  const dials = Array.from({ length: 12 }, (_, i) =>
    router!.connectPppoe({ username: `u${i}`, password: 'x', authentication: 'pap' }),
  );
  await Promise.all(dials);
  expect(router!.sessions).toHaveLength(12);
  expect(most).toBeLessThanOrEqual(2);
});

test('a refused client that redials is online as soon as it may', async () => {
  await boot();
  aaa.authorize = () => (aaa.packets(1).length < 3 ? { reject: 'unpaid' } : { accept: [] });
  const mark = router!.events.position;
  const first = await router!.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap', redial_ms: 20 });
  expect(first).toMatchObject({ kind: 'rejected', messages: ['unpaid'] });
  await router!.events.waitFor('login', (e) => e.outcome.kind === 'online', { since: mark });
  expect(new Set(aaa.packets(1).map((p) => get(p, 'Calling-Station-Id'))).size).toBe(1);
});

test('a device that gets no address is not let in, and tries again', async () => {
  await boot({ pools: { 'hs-pool': { first: '10.65.0.2', size: 1 } } });
  const first = await router!.connectHotspot({ username: 'a', password: 'x' });
  const second = await router!.connectHotspot({ username: 'b', password: 'x', redial_ms: 10 });
  expect(second).toMatchObject({ kind: 'failed', reason: 'pool_empty' });
  const mark = router!.events.position;
  if (first.kind === 'online') await first.session.logout();
  await router!.events.waitFor('login', (e) => e.username === 'b' && e.outcome.kind === 'online', { since: mark });
});

test('a storm of dials is no leak to Node, and closing in the middle of it ends every wait', async () => {
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.message);
  process.on('warning', note);
  await boot({ timeout_ms: 5000, accountingOn: false });
  aaa.authorize = () => 'silence';
  const dials = Array.from({ length: 60 }, (_, i) => router!.connectPppoe({ username: `u${i}`, password: 'x' }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await router!.close();
  expect(new Set((await Promise.all(dials)).map((outcome) => outcome.kind))).toEqual(new Set(['timeout']));
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
