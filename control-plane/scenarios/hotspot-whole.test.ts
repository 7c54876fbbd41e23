import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik, type RouterOptions } from '../test-kit/mikrotik';
import { macFormats } from '../test-kit/mikrotik/mac-format';
import { make, makeActive, makePackage, makeRouter, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

// Hotspots from the login page to the books: a simulated MikroTik, the real FreeRADIUS, the listener and the enforcer.
jest.setTimeout(60_000);

let lango: TestLango;
let freeradius: TestFreeradius;
const routers: SimulatedMikrotik[] = [];
/** One of each version and one of each way to write a MAC. */
let byVersion: Record<'6.49' | '7.18', SimulatedMikrotik>;
let byFormat: SimulatedMikrotik[];
let addresses = 0;

beforeAll(async () => {
  lango = await startTestLango({ parts: ['accounting', 'enforcer'] });
  freeradius = await startTestFreeradius({ db: lango.db });
  const [old, current, ...formats] = await Promise.all([
    boot({ version: '6.49' }),
    boot(),
    ...macFormats.map((macFormat) => boot({ hotspot: { macFormat } })),
    boot({ hotspot: { macFormat: 'XX-XX-XX-XX-XX-XX', macAuthMode: 'mac-as-username-and-password' } }),
  ]);
  byVersion = { '6.49': old, '7.18': current };
  byFormat = formats;
});
afterAll(async () => {
  await Promise.all(routers.map((router) => router.close()));
  await freeradius?.stop();
  await lango?.stop();
});

/** A MikroTik that Lango knows, at an address of its own. */
async function boot(options: Partial<RouterOptions> = {}): Promise<SimulatedMikrotik> {
  const address = `127.63.0.${(addresses += 1)}`;
  const row = await makeRouter(lango.api, { address, secret: 'hotspot-secret' });
  const router = await SimulatedMikrotik.start({
    identity: `tower-${addresses}`,
    address,
    secret: 'hotspot-secret',
    version: '7.18',
    timeout_ms: 1000,
    automaticInterims: false,
    servers: [{ address: '127.0.0.1', authPort: freeradius.authPort, acctPort: lango.acctPort }],
    ...options,
  });
  routers.push(router);
  await lango.api.patch(`/routers/${row['id']}`, { coa_port: router.coaPort });
  // Known within two seconds, in FreeRADIUS and in the listener.
  await until(
    () => router.connectHotspot({ username: 'nobody', password: 'x' }),
    (outcome) => outcome.kind === 'rejected',
    10_000,
  );
  return router;
}

async function online(router: SimulatedMikrotik, login: Parameters<SimulatedMikrotik['connectHotspot']>[0]) {
  const outcome = await router.connectHotspot(login);
  if (outcome.kind !== 'online') throw new Error(`not online: ${JSON.stringify(outcome)}`);
  return outcome.session;
}

const makeVoucher = async (terms: Json = {}): Promise<string> => {
  const sold = await makePackage(lango.api, { type: 'hotspot', ...terms });
  const batch = await make(lango.api, '/vouchers/batches', { package_id: sold['id'], count: 1 });
  return batch['codes'][0] as string;
};
const voucherOf = async (code: string): Promise<Json> =>
  (await lango.api.get<{ items: Json[] }>(`/vouchers?code=${code}`)).body.items[0] ?? {};
const sessionsOf = async (username: string): Promise<Json[]> =>
  (await lango.api.get<{ items: Json[] }>(`/sessions?state=all&username=${encodeURIComponent(username)}`)).body.items;

describe.each(['6.49', '7.18'] as const)('a hotspot on RouterOS %s', (version) => {
  test('lets people in by HTTP-CHAP and PAP, and their session is theirs', async () => {
    const router = byVersion[version];
    for (const authentication of ['chap', 'pap'] as const) {
      const sub = await makeActive(lango.api, { type: 'hotspot' });
      const session = await online(router, { username: sub['username'], password: 'open-sesame', authentication });
      expect(session.entitlement.rateLimit).toMatchObject({ up_bps: 5_000_000, down_bps: 10_000_000 });
      session.addTraffic(1000, 5000);
      await session.interim();
      expect(await sessionsOf(sub['username'])).toMatchObject([
        { subscription_id: sub['id'], input_bytes: 1000, output_bytes: 5000, mac: expect.any(String) },
      ]);
      expect(
        await router.connectHotspot({ username: sub['username'], password: 'wrong', authentication }),
      ).toMatchObject({
        kind: 'rejected',
        messages: ['Wrong username or password.'],
      });
    }
  });
});

test.each([
  ...macFormats.map((format, n) => [format, n] as const),
  ['XX-XX-XX-XX-XX-XX and as its password too', 7] as const,
])('a device is let in by its address as %s, and its session has the address', async (_format, n) => {
  const mac = `02:AA:00:00:${n}0:7F`;
  const sub = await makeActive(lango.api, { type: 'hotspot' }, { username: mac, password: mac });
  const session = await online(byFormat[n]!, { username: '', password: '', mac, authentication: 'mac' });
  const [open] = await sessionsOf(session.username);
  expect(open).toMatchObject({ mac, subscription_id: sub['id'] });
  const stranger = { username: '', password: '', mac: `02:AA:00:01:${n}0:7F`, authentication: 'mac' } as const;
  expect(await byFormat[n]!.connectHotspot(stranger)).toMatchObject({ kind: 'rejected' });
});

describe('a voucher', () => {
  test('begins when its first session does: usage, cap and explanation are those of a subscription', async () => {
    const router = byVersion['7.18'];
    const code = await makeVoucher({ quota_bytes: 1_000_000, validity: { count: 2, unit: 'hour' } });
    expect((await lango.api.get<Json>(`/access/explain?username=${code.toLowerCase()}`)).body).toMatchObject({
      decision: 'accept',
    });
    expect(await voucherOf(code)).toMatchObject({ state: 'unused' });
    const session = await online(router, { username: code.toLowerCase(), password: '' });
    const voucher = await voucherOf(code);
    expect(voucher).toMatchObject({ state: 'used', subscription_id: expect.any(String) });
    expect(Date.parse(voucher['expires_at']) - Date.parse(voucher['used_at'])).toBe(2 * 3_600_000);
    const [open] = await sessionsOf(code.toLowerCase());
    expect(open).toMatchObject({ subscription_id: voucher['subscription_id'] });

    const second = await router.connectHotspot({ username: code, password: code });
    expect(second).toMatchObject({ kind: 'rejected', messages: ['This account is already in use on another device.'] });

    // The router was told of the cap as well, and ends the session by itself.
    session.addTraffic(400_000, 700_000);
    await until(
      () => session.live,
      (live) => !live,
    );
    await router.idle();
    const sub = (await lango.api.get<Json>(`/subscriptions/${voucher['subscription_id']}`)).body;
    expect(sub).toMatchObject({ state: 'capped', used_bytes: 1_100_000 });
    expect(await router.connectHotspot({ username: code, password: code })).toMatchObject({ kind: 'rejected' });
    expect((await lango.api.get<Json>(`/access/explain?username=${code}`)).body).toMatchObject({ reason: 'capped' });
  });

  test('whose first record is not the Start counts that record’s bytes, and from the session’s beginning', async () => {
    const router = byVersion['7.18'];
    const code = await makeVoucher();
    router.faults.intercept = (packet) => (packet.code === 4 ? 'drop' : undefined);
    const session = await online(router, { username: code, password: code });
    expect(await voucherOf(code)).toMatchObject({ state: 'unused' });
    router.faults.intercept = undefined;
    session.addTraffic(10, 20);
    await session.interim();
    const { subscription_id } = await voucherOf(code);
    expect((await lango.api.get<Json>(`/subscriptions/${subscription_id}`)).body).toMatchObject({ used_bytes: 30 });
  });

  test('that two devices use for the first time at once becomes one subscription, and the newer device is cut', async () => {
    const [one, two] = [byVersion['7.18'], byVersion['6.49']];
    const code = await makeVoucher();
    const sessions = await acceptedTogether(one, two, { username: code, password: code });
    expect(await lango.asOwner('SELECT 1 FROM subscription WHERE username = $1', [code])).toHaveLength(1);
    await oneIsCut(sessions);
  });
});

describe('a subscription that learns its device', () => {
  test('is locked to the first one, tells so, and learns again when asked to', async () => {
    const router = byVersion['7.18'];
    const sub = await makeActive(lango.api, { type: 'hotspot', simultaneous_use: 3 }, { mac_lock: 'learn' });
    expect(sub).toMatchObject({ mac_lock: null, mac_learn: true });
    const login = { username: sub['username'] as string, password: 'open-sesame' };
    const first = await online(router, { ...login, mac: '02:BB:00:00:00:01' });
    const locked = (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
    expect(locked).toMatchObject({ mac_lock: '02:BB:00:00:00:01', mac_learn: true });
    expect(
      await lango.asOwner(
        `SELECT detail FROM audit_event WHERE action = 'subscriptions.learn-device' AND subject_id = $1`,
        [sub['id']],
      ),
    ).toEqual([{ detail: { mac: '02:BB:00:00:00:01' } }]);
    expect(await router.connectHotspot({ ...login, mac: '02:BB:00:00:00:02' })).toMatchObject({
      kind: 'rejected',
      messages: [expect.stringMatching(/locked/)],
    });
    await first.logout();
    const cleared = await lango.api.patch<Json>(`/subscriptions/${sub['id']}`, { mac_lock: 'learn' });
    expect(cleared.body).toMatchObject({ mac_lock: null, mac_learn: true });
    await online(router, { ...login, mac: '02:BB:00:00:00:02' });
    expect((await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body).toMatchObject({
      mac_lock: '02:BB:00:00:00:02',
    });
    const free = await lango.api.patch<Json>(`/subscriptions/${sub['id']}`, { mac_lock: null });
    expect(free.body).toMatchObject({ mac_lock: null, mac_learn: false });
  });

  test('cuts a device that was let in before another one was learned', async () => {
    const [one, two] = [byVersion['7.18'], byVersion['6.49']];
    const sub = await makeActive(lango.api, { type: 'hotspot', simultaneous_use: 3 }, { mac_lock: 'learn' });
    await oneIsCut(await acceptedTogether(one, two, { username: sub['username'], password: 'open-sesame' }));
  });
});

test('of two devices that were let in before either was reported, the newer is cut and the older stays', async () => {
  const [one, two] = [byVersion['7.18'], byVersion['6.49']];
  const sub = await makeActive(lango.api, { type: 'hotspot' });
  const both = await acceptedTogether(one, two, { username: sub['username'], password: 'open-sesame' });
  await oneIsCut(both);
  const [older] = await lango.asOwner<{ address: string }>(
    'SELECT host(nas_address) AS address FROM session_live WHERE username = $1 ORDER BY started_at, radacctid LIMIT 1',
    [sub['username']],
  );
  expect(both.find(({ session }) => session.live)?.router.address).toBe(older?.address);
});

/** Both get their Accept before either Start is sent; then both Starts are sent at once. */
async function acceptedTogether(
  one: SimulatedMikrotik,
  two: SimulatedMikrotik,
  login: { username: string; password: string },
) {
  let held = 0;
  let open = (): void => undefined;
  const both = new Promise<void>((resolve) => (open = resolve));
  const outcomes = [one, two].map((router) => {
    router.faults.intercept = (packet) => {
      // The first send of each Start is lost; the second comes when both routers had their Accept.
      if (packet.code === 4 && held < 2) {
        held += 1;
        if (held === 2) open();
        return 'drop';
      }
      return undefined;
    };
    return router.connectHotspot({ ...login, mac: `02:CC:00:00:${unique('m').slice(-2)}:0${one === router ? 1 : 2}` });
  });
  await both;
  return (await Promise.all(outcomes)).map((outcome, n) => {
    if (outcome.kind !== 'online') throw new Error(`not let in: ${JSON.stringify(outcome)}`);
    return { router: n === 0 ? one : two, session: outcome.session };
  });
}

async function oneIsCut(both: { router: SimulatedMikrotik; session: { live: boolean } }[]): Promise<void> {
  const live = () => both.filter(({ session }) => session.live).length;
  await until(live, (left) => left === 1, 15_000);
  // And the other one stays.
  await new Promise((done) => setTimeout(done, 1000));
  expect(live()).toBe(1);
}
