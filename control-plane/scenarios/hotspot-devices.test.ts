import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik } from '../test-kit/mikrotik';
import { makeActive, makeRouter, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

// Devices of a service that was bought at a hotspot: a simulated MikroTik with its API, the real FreeRADIUS, the listener and the enforcer.
jest.setTimeout(60_000);

let lango: TestLango;
let freeradius: TestFreeradius;
/** One with an API, and one whose API nobody told us. */
let open: { device: SimulatedMikrotik; id: string };
let closed: { device: SimulatedMikrotik; id: string };

beforeAll(async () => {
  lango = await startTestLango({ parts: ['accounting', 'enforcer'] });
  freeradius = await startTestFreeradius({ db: lango.db });
  [open, closed] = await Promise.all([boot('127.64.0.1', true), boot('127.64.0.2', false)]);
});
afterAll(async () => {
  await Promise.all([open?.device.close(), closed?.device.close()]);
  await freeradius?.stop();
  await lango?.stop();
});

async function boot(address: string, withApi: boolean) {
  const user = { name: 'lango', password: 'api-word' };
  const device = await SimulatedMikrotik.start({
    identity: `tower-${address}`,
    address,
    secret: 'hotspot-secret',
    version: '7.18',
    timeout_ms: 1000,
    automaticInterims: false,
    servers: [{ address: '127.0.0.1', authPort: freeradius.authPort, acctPort: lango.acctPort }],
    api: { users: [user] },
  });
  const told = withApi ? { api_port: device.api.port, api_username: user.name, api_password: user.password } : {};
  const row = await makeRouter(lango.api, { address, secret: 'hotspot-secret', coa_port: device.coaPort, ...told });
  await until(
    () => device.connectHotspot({ username: 'nobody', password: 'x' }),
    (outcome) => outcome.kind === 'rejected',
    20_000,
  );
  return { device, id: String(row['id']) };
}

const bind = async (sub: Json, mac: string, router: string): Promise<boolean> =>
  (
    await lango.asOwner<{ told: boolean }>(`SELECT hotspot_bind($1, $2, $3, 'payment') AS told`, [
      sub['id'],
      mac,
      router,
    ])
  )[0]!.told;
const bound = async (sub: Json): Promise<string[]> =>
  (
    await lango.asOwner<{ mac: string }>('SELECT mac FROM hotspot_device WHERE subscription_id = $1 ORDER BY mac', [
      sub['id'],
    ])
  ).map(({ mac }) => mac);
const tryMac = (router: SimulatedMikrotik, mac: string) =>
  router.connectHotspot({ username: '', password: '', mac, authentication: 'mac' });
/** Waits until accounting knows of so many open sessions: what it has not heard of yet nobody can end. */
const inBooks = (sub: Json, sessions: number) =>
  until(
    async () => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['online_sessions'],
    (now) => now === sessions,
  );
/** The devices that are in on a router with this service. */
const inside = (router: SimulatedMikrotik, macs: string[]) =>
  router.sessions.filter(({ identity }) => macs.includes(identity.mac)).map(({ identity }) => identity.mac);

test('a device that waits is let in by the router’s API, and another of the same service makes the first one leave', async () => {
  const [first, second] = ['02:D0:00:00:00:01', '02:D0:00:00:00:02'];
  const sub = await makeActive(lango.api, { type: 'hotspot' });
  open.device.appear({ mac: first, address: '10.65.0.101' });
  open.device.appear({ mac: second, address: '10.65.0.102' });
  expect(await bind(sub, first, open.id)).toBe(true);
  await until(
    () => inside(open.device, [first, second]),
    (macs) => macs.join() === first,
  );
  await inBooks(sub, 1);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, inside(open.device, [first, second]).length)), 1);
  await bind(sub, second, open.id);
  await until(
    () => inside(open.device, [first, second]),
    (macs) => macs.join() === second,
  ).finally(() => clearInterval(watch));
  expect(most).toBe(1);
  expect(await bound(sub)).toEqual([second]);
  // The one that left is nobody any more, the other one comes back by its address alone.
  expect(await tryMac(open.device, first)).toMatchObject({ kind: 'rejected' });
  const [session] = open.device.sessions.filter(({ identity }) => identity.mac === second);
  await session!.logout();
  expect(await tryMac(open.device, second)).toMatchObject({ kind: 'online' });
});

test('of a service for two devices the one that was bound longest ago leaves', async () => {
  const macs = ['02:D0:00:00:01:01', '02:D0:00:00:01:02', '02:D0:00:00:01:03'] as const;
  const sub = await makeActive(lango.api, { type: 'hotspot', simultaneous_use: 2 });
  for (const [n, mac] of macs.entries()) {
    open.device.appear({ mac, address: `10.65.0.${110 + n}` });
    await bind(sub, mac, open.id);
    await until(
      () => inside(open.device, [...macs]),
      (now) => now.includes(mac) && now.length === Math.min(n + 1, 2),
    );
    await inBooks(sub, Math.min(n + 1, 2));
  }
  expect(await bound(sub)).toEqual([macs[1], macs[2]]);
});

test('where the API is not known, the device comes in when the router tries its address, in any spelling, and no other device does', async () => {
  const mac = '02:D0:00:00:02:01';
  const sub = await makeActive(lango.api, { type: 'hotspot' });
  expect(await bind(sub, mac, closed.id)).toBe(false);
  const answer = await tryMac(closed.device, mac);
  expect(answer).toMatchObject({ kind: 'online' });
  if (answer.kind !== 'online') return;
  answer.session.addTraffic(100, 900);
  await answer.session.interim();
  const { items } = (await lango.api.get<{ items: Json[] }>(`/sessions?username=${encodeURIComponent(mac)}`)).body;
  expect(items).toMatchObject([{ subscription_id: sub['id'], mac, output_bytes: 900 }]);
  expect((await lango.api.get<Json>(`/access/explain?username=${mac}`)).body).toMatchObject({ decision: 'accept' });

  // The name from another device, with another password, or of PPP.
  const stranger = { username: mac, password: '', mac: '02:D0:00:00:02:99' };
  expect(await closed.device.connectHotspot(stranger)).toMatchObject({ kind: 'rejected' });
  expect(await closed.device.connectHotspot({ username: mac, password: 'guess', mac })).toMatchObject({
    kind: 'rejected',
  });
  expect(await closed.device.connectPppoe({ username: mac, password: mac, mac, authentication: 'pap' })).toMatchObject({
    kind: 'rejected',
  });

  // What ends the service ends it for the device, and the router is told why at its next try.
  await lango.api.post(`/subscriptions/${sub['id']}/suspend`, { reason: 'lost' });
  await until(
    () => answer.session.live,
    (live) => !live,
  );
  expect(await tryMac(closed.device, mac)).toMatchObject({
    kind: 'rejected',
    messages: [expect.stringMatching(/suspended/)],
  });
});
