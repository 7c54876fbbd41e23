import { addText, get } from '../../../radius/attributes';
import { Code, PacketBuilder } from '../../../radius/packet';
import { exchange } from '../../../radius/testing';
import { ManualClock, type RouterOptions, type Session, SimulatedMikrotik } from '.';
import { FakeAaa } from './fake-aaa';

const secret = 'routers-secret';
const STOP = 2;
let aaa: FakeAaa;
let clock: ManualClock;
let router: SimulatedMikrotik;

beforeEach(async () => {
  aaa = await FakeAaa.listen(secret);
  clock = new ManualClock();
});
afterEach(async () => {
  await router.close();
  await aaa.close();
});

async function boot(over: Partial<RouterOptions> = {}): Promise<void> {
  const fixed = { identity: 'tower-1', address: '127.77.0.1', secret, servers: [aaa.row], timeout_ms: 1000 };
  router = await SimulatedMikrotik.start({ ...fixed, clock, ...over });
}

async function online(service: 'pppoe' | 'hotspot' = 'pppoe', username = 'asha', redial_ms?: number): Promise<Session> {
  const options = {
    username,
    password: 'x',
    authentication: 'pap' as const,
    ...(redial_ms !== undefined && { redial_ms }),
  };
  const login = await (service === 'pppoe' ? router.connectPppoe(options) : router.connectHotspot(options));
  if (login.kind !== 'online') throw new Error(login.kind);
  return login.session;
}

type Attributes = Record<string, string>;

async function send(
  code: 40 | 43,
  attributes: Attributes,
  over: { secret?: string; from?: string; wait_ms?: number } = {},
) {
  const builder = PacketBuilder.request(code, 7);
  for (const [name, value] of Object.entries(attributes)) expect(addText(builder, name, value)).toBe(true);
  const key = Buffer.from(over.secret ?? secret);
  const result = await exchange(builder.seal(key), {
    host: router.address,
    port: router.coaPort,
    secret: key,
    sourceAddress: over.from ?? '127.0.0.1',
    timeout_ms: over.wait_ms ?? 1500,
    tries: 1,
  });
  if (result.kind === 'timeout') return 'silence';
  const cause = get(result.reply, 'Error-Cause');
  const ack = result.reply.code === Code.CoaAck || result.reply.code === Code.DisconnectAck;
  return ack ? 'ack' : `nak ${cause}`;
}

function identify({ identity }: Session): Attributes {
  return {
    'User-Name': String(identity.username),
    'Acct-Session-Id': identity.id,
    'Framed-IP-Address': identity.address,
  };
}

const disconnect = (attributes: Attributes, over = {}) => send(40, attributes, over);
const change = (attributes: Attributes, over = {}) => send(43, attributes, over);

describe('which session', () => {
  test.each([
    ['user, id and address', (a: Attributes) => a, 'ack'],
    ['the user alone', () => ({ 'User-Name': 'asha' }), 'ack'],
    ['the id alone', (a: Attributes) => ({ 'Acct-Session-Id': a['Acct-Session-Id']! }), 'ack'],
    ['the interface too', (a: Attributes) => ({ ...a, 'NAS-Port-Id': 'ether2' }), 'ack'],
    [
      'the router as it names itself',
      (a: Attributes) => ({ ...a, 'NAS-Identifier': 'tower-1', 'NAS-IP-Address': '127.77.0.1' }),
      'ack',
    ],
    ['another user', (a: Attributes) => ({ ...a, 'User-Name': 'Asha' }), 'nak 503'],
    ['an id in capitals', (a: Attributes) => ({ ...a, 'Acct-Session-Id': '81F00000' }), 'nak 503'],
    ['an id with 0x', (a: Attributes) => ({ ...a, 'Acct-Session-Id': `0x${a['Acct-Session-Id']}` }), 'nak 503'],
    ['another address', (a: Attributes) => ({ ...a, 'Framed-IP-Address': '10.1.1.1' }), 'nak 503'],
    ['another interface', (a: Attributes) => ({ ...a, 'NAS-Port-Id': 'ether9' }), 'nak 503'],
    ['another router', (a: Attributes) => ({ ...a, 'NAS-IP-Address': '10.0.0.1' }), 'nak 403'],
    ['a port type', (a: Attributes) => ({ ...a, 'NAS-Port-Type': 'Ethernet' }), 'nak 401'],
    ['nothing', () => ({}), 'nak 402'],
  ] as [string, (a: Attributes) => Attributes, string][])('%s: %s', async (_what, of, expected) => {
    await boot();
    const session = await online();
    expect(await disconnect(of(identify(session)))).toBe(expected);
    expect(session.live).toBe(expected !== 'ack');
  });

  test('the user alone may hit the older of two sessions', async () => {
    await boot();
    const [first, second] = [await online(), await online()];
    expect(await disconnect({ 'User-Name': 'asha' })).toBe('ack');
    expect([first.live, second.live]).toEqual([false, true]);
  });
});

test('a stranger, a wrong secret and a switched-off port get silence, never a NAK', async () => {
  await boot();
  const session = await online();
  expect(await disconnect(identify(session), { from: '127.0.0.9', wait_ms: 100 })).toBe('silence');
  expect(await disconnect(identify(session), { secret: 'other', wait_ms: 100 })).toBe('silence');
  expect(session.live).toBe(true);
  expect(router.statistics.incoming).toMatchObject({ requests: 2, badRequests: 2, acks: 0, naks: 0 });
  const reasons = router.events.all.flatMap((e) =>
    e.kind === 'coa' && e.outcome.kind === 'silence' ? [e.outcome.why] : [],
  );
  expect(reasons).toEqual(['unknown_source', 'bad_authenticator']);
  await router.close();
  await boot({ incoming: { accept: false } });
  expect(() => router.coaPort).toThrow('accept=no');
});

test('a Disconnect ends the session with a Stop of Admin-Reset, and the client dials again', async () => {
  await boot();
  const session = await online('pppoe', 'asha', 3000);
  session.addTraffic(100, 900);
  const mark = router.events.position;
  expect(await disconnect(identify(session))).toBe('ack');
  await router.events.waitFor('accounting', (e) => e.status === 'Stop', { since: mark });
  const stop = aaa.records(STOP)[0]!;
  expect([get(stop, 'Acct-Terminate-Cause'), get(stop, 'Acct-Output-Octets')]).toEqual([6, 900]);
  expect(router.sessions).toEqual([]);
  clock.advance(3000);
  await router.idle();
  expect(router.session('asha')?.identity.mac).toBe(session.identity.mac);
  expect(router.session('asha')?.id).not.toBe(session.id);
});

test('a repeated Disconnect gets the first answer again, or a NAK from a router that does not remember', async () => {
  for (const repeatCoaReply of [true, false]) {
    await boot({ undocumented: { repeatCoaReply, errorCauseInNak: false } });
    const session = await online();
    let answers = 0;
    const builder = PacketBuilder.request(Code.DisconnectRequest, 9);
    for (const [name, value] of Object.entries(identify(session))) addText(builder, name, value);
    const result = await exchange(builder.seal(Buffer.from(secret)), {
      host: router.address,
      port: router.coaPort,
      secret: Buffer.from(secret),
      timeout_ms: 300,
      loseReply: () => answers++ === 0,
    });
    if (result.kind === 'timeout') throw new Error('no answer');
    expect(result.reply.code).toBe(repeatCoaReply ? Code.DisconnectAck : Code.DisconnectNak);
    expect(get(result.reply, 'Error-Cause')).toBeUndefined();
    await router.close();
  }
});

test('a rate changes in place', async () => {
  await boot();
  aaa.authorize = () => ({ accept: [['Mikrotik-Rate-Limit', '1M/1M']] });
  const session = await online();
  session.setTraffic({ up_bps: 0, down_bps: 80_000_000 });
  clock.advance(8000);
  expect(await change({ ...identify(session), 'Mikrotik-Rate-Limit': '2M/20M' })).toBe('ack');
  clock.advance(8000);
  expect(session.counters.down).toBe(1_000_000n + 20_000_000n);
  await session.interim();
  expect(get(aaa.records(3)[0]!, 'Mikrotik-Rate-Limit')).toBe('2M/20M');
});

test('an address list is replaced, and an empty name clears nothing', async () => {
  await boot();
  aaa.authorize = () => ({ accept: [['Mikrotik-Address-List', 'active']] });
  const session = await online();
  expect(await change({ ...identify(session), 'Mikrotik-Address-List': 'expired' })).toBe('ack');
  expect(await change({ ...identify(session), 'Mikrotik-Address-List': '' })).toBe('ack');
  expect(session.entitlement.addressLists).toEqual(['expired']);
});

test.each([
  ['start', 100, true],
  ['start', 50, false],
  ['now', 50, true],
] as const)('Session-Timeout from %s, %d s after 60 s online: still there is %s', async (from, timeout_s, live) => {
  await boot({ undocumented: { coaSessionTimeoutFrom: from } });
  const session = await online();
  clock.advance(60_000);
  expect(await change({ ...identify(session), 'Session-Timeout': String(timeout_s) })).toBe('ack');
  await router.idle();
  expect(session.live).toBe(live);
  clock.advance(50_000);
  await router.idle();
  expect(session.endedBy).toBe('Session-Timeout');
});

test('PPP acknowledges and ignores what its changelog does not list; the hotspot obeys more', async () => {
  await boot();
  for (const [service, ignored, idle] of [
    ['pppoe', ['Idle-Timeout', 'Mikrotik-Total-Limit'], undefined],
    ['hotspot', ['Mikrotik-Total-Limit'], 60],
  ] as const) {
    const session = await online(service);
    const mark = router.events.position;
    expect(await change({ ...identify(session), 'Idle-Timeout': '60', 'Mikrotik-Total-Limit': '5' })).toBe('ack');
    expect((await router.events.waitFor('coa', undefined, { since: mark })).ignored).toEqual(ignored);
    expect(session.entitlement.idleTimeout_s).toBe(idle);
  }
});

test('a pool, a route and a rate that breaks the grammar are refused', async () => {
  await boot();
  const session = await online();
  expect(await change({ ...identify(session), 'Framed-Pool': 'default' })).toBe('nak 401');
  expect(await change({ ...identify(session), 'Framed-Route': '10.0.0.0/24' })).toBe('nak 401');
  expect(await change({ ...identify(session), 'Mikrotik-Rate-Limit': 'fast' })).toBe('nak 407');
});

test.each([
  ['silent', 'silence', true],
  ['nak', 'nak 501', true],
  ['ack_without_effect', 'ack', true],
  ['wrong_secret', 'silence', false],
] as const)('told to be %s: %s', async (coa, expected, live) => {
  await boot();
  const session = await online();
  router.faults.coa = coa;
  expect(await disconnect(identify(session), { wait_ms: expected === 'silence' ? 100 : 1500 })).toBe(expected);
  expect(session.live).toBe(live);
});

test('replies from 7.15 on are signed and echo Proxy-State; version 6 names itself', async () => {
  for (const version of ['6.49', '7.18'] as const) {
    await boot({ version });
    const request = PacketBuilder.request(Code.DisconnectRequest, 1)
      .add(0, 33, Buffer.from('via'))
      .add(0, 1, Buffer.from('x'));
    const result = await exchange(request.seal(Buffer.from(secret)), {
      host: router.address,
      port: router.coaPort,
      secret: Buffer.from(secret),
      requireMessageAuthenticator: version === '7.18',
    });
    if (result.kind === 'timeout') throw new Error('no answer');
    expect(get(result.reply, 'Proxy-State')?.toString()).toBe('via');
    expect(get(result.reply, 'NAS-Identifier')).toBe(version === '6.49' ? 'tower-1' : undefined);
    await router.close();
  }
});
