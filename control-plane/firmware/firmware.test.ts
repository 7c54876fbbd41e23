/** Upgrades of simulated routers by the queue: one, several one after another, and what goes wrong. */
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik } from '../test-kit/mikrotik';
import { makeRouter } from '../test-kit/story';
import { until } from '../test-kit/until';

/** Patience, not a promise: spent only when something is broken. */
const PATIENCE_MS = 60_000;
jest.setTimeout(180_000);

let lango: TestLango;
let routers: SimulatedMikrotik[] = [];
const user = { name: 'lango', password: 'geheim' };

beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
});
afterAll(async () => {
  await lango?.stop();
  for (const router of routers) await router.close();
  routers = [];
});

async function addRouter(n: number): Promise<{ id: string; device: SimulatedMikrotik }> {
  const device = await SimulatedMikrotik.start({
    identity: `tower-${n}`,
    address: `127.79.${process.pid % 250}.${n}`,
    secret: 's',
    servers: [],
    version: '7.15',
    accountingOn: false,
    api: { users: [user] },
  });
  routers.push(device);
  const { id } = await makeRouter(lango.api, {
    name: `tower-${n}`,
    address: device.address,
    api_username: user.name,
    api_password: user.password,
    api_port: device.api.port,
  });
  return { id: String(id), device };
}

interface Firmware {
  standing: string;
  installed: string;
  latest: string;
  board_installed: string;
  runs: Record<string, unknown>[];
}
const firmwareOf = async (id: string): Promise<Firmware> =>
  (await lango.api.get(`/routers/${id}/firmware`)).body as Firmware;
const soon = <T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> => until(ask, good, PATIENCE_MS);
const over = (id: string): Promise<Firmware> =>
  soon(
    () => firmwareOf(id),
    ({ runs: [run] }) => run !== undefined && !['waiting', 'running'].includes(String(run['state'])),
  );

test('a router is asked, upgraded with its board, restarted, read back, and known as it is now', async () => {
  const { id, device } = await addRouter(1);
  expect((await lango.api.post(`/routers/${id}/firmware/check`, {})).status).toBe(202);
  await soon(
    () => firmwareOf(id),
    ({ standing }) => standing === 'newer',
  );
  expect(await firmwareOf(id)).toMatchObject({ installed: '7.15.3', latest: '7.15.4', board_installed: '7.15.3' });
  expect((await lango.api.post('/firmware', { router_ids: [id], board: true })).status).toBe(202);
  // A second one of the same router is refused while it is under way.
  const again = await lango.api.post('/firmware', { router_ids: [id] });
  expect(again.status).toBe(409);
  expect((await over(id)).runs[0]).toMatchObject({
    state: 'done',
    version_before: '7.15.3',
    version_after: '7.15.4',
    board_before: '7.15.3',
    board_after: '7.15.4',
    fault: null,
  });
  expect(device.config.system.versionNumber).toBe('7.15.4');
  // A configuration was read before anything was touched.
  const kept = await lango.asOwner(`SELECT 1 FROM configuration WHERE nas_id = $1 AND version LIKE '7.15.3%'`, [id]);
  expect(kept).toHaveLength(1);
  await soon(
    () => firmwareOf(id),
    ({ standing }) => standing === 'current',
  );
  expect(await firmwareOf(id)).toMatchObject({ installed: '7.15.4', board_installed: '7.15.4' });
  const told = await lango.asOwner<{ action: string }>(
    `SELECT action FROM audit_event WHERE action LIKE 'firmware.%' ORDER BY id`,
  );
  expect(told.map(({ action }) => action)).toEqual(['firmware.ask', 'firmware.upgrade', 'firmware.finish']);
});

test('several go one after another, and the first that fails stops those behind it untouched', async () => {
  const [first, full, last] = [await addRouter(2), await addRouter(3), await addRouter(4)];
  full.device.config.system.update.fault = 'no_space';
  const ids = [first.id, full.id, last.id];
  expect((await lango.api.post('/firmware', { router_ids: ids })).status).toBe(202);
  expect((await over(last.id)).runs[0]).toMatchObject({ state: 'stopped' });
  expect((await over(first.id)).runs[0]).toMatchObject({
    state: 'done',
    version_after: '7.15.4',
    fault: null,
    fault_words: '',
  });
  expect((await over(full.id)).runs[0]).toMatchObject({ state: 'failed', fault: 'no_space', step: 'download' });
  expect(last.device.api.asked).not.toContain('/system/package/update/download');
  expect(full.device.api.asked).not.toContain('/system/reboot');
  const list = (await lango.api.get('/firmware?standing=failed')).body as { items: { router: string }[] };
  expect(list.items.map(({ router }) => router)).toEqual(['tower-3']);
});

test('no way to MikroTik, a restart that installs nothing, and a router without an API are each told as what they are', async () => {
  const [lost, stubborn] = [await addRouter(5), await addRouter(6)];
  lost.device.config.system.update.fault = 'no_internet';
  stubborn.device.config.system.update.fault = 'keeps_old';
  await lango.api.post('/firmware', { router_ids: [lost.id] });
  await lango.api.post('/firmware', { router_ids: [stubborn.id] });
  expect((await over(lost.id)).runs[0]).toMatchObject({ state: 'failed', fault: 'no_internet', step: 'check' });
  expect((await over(stubborn.id)).runs[0]).toMatchObject({
    state: 'failed',
    fault: 'not_installed',
    fault_words: '7.15.3',
  });
  const { id } = await makeRouter(lango.api, { name: 'deaf', address: `127.79.${process.pid % 250}.7` });
  expect((await lango.api.post('/firmware', { router_ids: [String(id)] })).status).toBe(409);
});
