import { createServer, type Server } from 'node:net';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik, type RouterOsVersion } from '../test-kit/mikrotik';
import { makeRouter } from '../test-kit/story';
import { until } from '../test-kit/until';

/** Routers as they are cared for: asked how they are, read, looked through and repaired, by the queue and over the real protocol. */
let lango: TestLango;
let routers: SimulatedMikrotik[] = [];
let silent: Server;

beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  // Takes connections and never says a word.
  silent = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.77.20.9', resolve));
});
afterAll(async () => {
  await lango.stop();
  for (const router of routers) await router.close();
  routers = [];
  silent.close();
});

/** Patience, not a promise: spent only when something is broken. */
const soon = (ask: () => Promise<boolean>): Promise<boolean> => until(ask, Boolean, 50_000);

const user = { name: 'lango', password: 'geheim' };
async function addRouter(n: number, version: RouterOsVersion): Promise<{ id: string; router: SimulatedMikrotik }> {
  const router = await SimulatedMikrotik.start({
    identity: `tower-${n}`,
    address: `127.77.20.${n}`,
    secret: 's',
    servers: [],
    version,
    accountingOn: false,
    api: { users: [user] },
  });
  routers.push(router);
  return { router, id: await enlist(`tower-${n}`, router.address, router.api.port) };
}
const enlist = async (name: string, address: string, port: number): Promise<string> => {
  const { id } = await makeRouter(lango.api, {
    name,
    address,
    api_username: user.name,
    api_password: user.password,
    api_port: port,
  });
  return String(id);
};
/** A round now; the half minute between rounds is nobody's to wait for. */
const poll = (): Promise<unknown> => lango.asOwner(`SELECT job_enqueue('monitoring.poll', '{}', NULL, 'test.poll')`);
const now = async (id: string) => (await lango.api.get(`/routers/${id}/monitoring`)).body as Record<string, unknown>;

test('each router is asked and kept; one that hangs delays no other; what is wrong is told once and ends', async () => {
  const { id, router } = await addRouter(1, '7.18');
  const old = await addRouter(2, '6.49');
  const hung = await enlist('hangs', '127.77.20.9', (silent.address() as { port: number }).port);
  router.config.system.cpuLoad = 37;
  router.config.interfaces.setTraffic('ether1', { rx_bps: 8_000_000, tx_bps: 2_000_000 });
  await poll();
  // The one that hangs is still being waited for when these two are written.
  await soon(async () => (await now(id))['state'] === 'up' && (await now(old.id))['state'] === 'up');
  expect(await now(id)).toMatchObject({ cpu_percent: 37, version: '7.18.2 (stable)', temperature_c: 38 });
  expect(await now(old.id)).toMatchObject({ version: '6.49.17 (long-term)' });
  await soon(async () => (await now(hung))['state'] === 'down');

  await poll();
  await soon(async () => {
    const { interfaces } = await now(id);
    const [first] = interfaces as { rx_bps: number | null }[];
    return first?.rx_bps !== null && Math.abs((first?.rx_bps ?? 0) - 8_000_000) < 2_000_000;
  });
  // Three rounds without an answer open one alert.
  const alerts = async () =>
    (await lango.api.get('/monitoring/alerts?state=open')).body as {
      items: { id: string; kind: string; router: string }[];
    };
  await soon(async () => {
    await poll();
    return (await alerts()).items.length > 0;
  });
  const [alert] = (await alerts()).items;
  expect(alert).toMatchObject({ kind: 'down', router: 'hangs' });
  expect((await lango.api.post(`/monitoring/alerts/${alert?.id}/acknowledge`, {})).status).toBe(201);
  expect((await lango.asOwner(`SELECT 1 FROM audit_event WHERE action = 'monitoring.open'`)).length).toBe(1);
});

test('a configuration is read, kept once while it stays the same, and compared when it has changed', async () => {
  const { id, router } = await addRouter(3, '7.15');
  const take = async (): Promise<void> => {
    const before = await tries(id);
    expect((await lango.api.post(`/routers/${id}/configurations`, {})).status).toBe(202);
    await soon(async () => (await tries(id)) !== before);
  };
  await take();
  await take();
  await router.config.run('/ip/pool/add', { name: 'isp', ranges: '10.64.0.2-10.64.0.254' });
  await take();
  const { items } = (await lango.api.get(`/configurations?router_id=${id}`)).body as {
    items: Record<string, unknown>[];
  };
  expect(items).toMatchObject([{ added: 2, removed: 0 }, { removed: 0 }]);
  const shown = (await lango.api.get(`/configurations/${String(items[0]?.['id'])}`)).body as { words: string };
  expect(shown.words).toContain('add name=isp ranges=10.64.0.2-10.64.0.254');
});
const tries = async (id: string): Promise<string | undefined> =>
  (await lango.asOwner<{ at: string }>('SELECT at::text FROM configuration_try WHERE nas_id = $1', [id]))[0]?.at;

test('a free rider is found, repaired by its plan, and gone only when a second look does not find it', async () => {
  const { id, router } = await addRouter(4, '7.10');
  await router.config.run('/radius/incoming/set', { accept: 'yes', port: '3799' });
  await router.config.run('/ppp/secret/add', { name: 'cousin', password: 'x' });
  const findings = async () =>
    (
      (await lango.api.get('/drift?state=there')).body as {
        items: { id: string; kind: string; subject: string; repair_fault: string | null }[];
      }
    ).items;
  expect((await lango.api.post(`/routers/${id}/drift`, {})).status).toBe(202);
  await soon(async () => (await findings()).length === 1);
  const [found] = await findings();
  expect(found).toMatchObject({ kind: 'local_secret', subject: 'cousin' });

  // A router that says done and does nothing: it is still there.
  router.faults.api = 'done_without_effect';
  const seen = async () =>
    (await lango.asOwner<{ at: string }>('SELECT seen_at::text AS at FROM drift_finding WHERE id = $1', [found?.id]))[0]
      ?.at;
  const before = await seen();
  await lango.api.post(`/drift/${found?.id}/repair`, {});
  await soon(async () => (await seen()) !== before);
  expect(await findings()).toHaveLength(1);

  router.faults.api = 'normal';
  await lango.api.post(`/drift/${found?.id}/repair`, {});
  await soon(async () => (await findings()).length === 0);
  expect(router.config.find('/ppp/secret', { name: 'cousin' })?.['disabled']).toBe('true');
  const page = await lango.api.get('/drift?state=gone');
  expect(page.body).toMatchObject({ items: [{ kind: 'local_secret' }] });
});
