/** What staff see of routers: how each is, what is wrong, what is configured, what goes past billing; on a phone as on a desk. */
import type { Browser } from 'playwright-core';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik } from '../test-kit/mikrotik';
import { makeRouter } from '../test-kit/story';
import { until } from '../test-kit/until';
import { errorsOf, faultsOf, openBrowser, signedIn } from './testing/browser';

/** Patience, not a promise: spent only when something is broken. */
const PATIENCE_MS = 60_000;
jest.setTimeout(180_000);

let lango: TestLango;
let browser: Browser;
let device: SimulatedMikrotik;
let id: string;
const user = { name: 'lango', password: 'geheim' };
const soon = (ask: () => Promise<boolean>): Promise<boolean> => until(ask, Boolean, PATIENCE_MS);
const count = async (sql: string): Promise<number> =>
  Number((await lango.asOwner<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`))[0]?.n);

beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  browser = await openBrowser();
  device = await SimulatedMikrotik.start({
    identity: 'Kasarani',
    address: `127.78.${process.pid % 250}.1`,
    secret: 's',
    servers: [],
    version: '7.15',
    accountingOn: false,
    api: { users: [user] },
  });
  const { address, api } = device;
  const made = await makeRouter(lango.api, {
    name: 'Kasarani',
    address,
    api_username: user.name,
    api_password: user.password,
    api_port: api.port,
  });
  id = String(made['id']);
  device.config.system.cpuLoad = 37;
  await device.config.run('/ppp/secret/add', { name: 'cousin', password: 'x' });
  await lango.asOwner(`SELECT job_enqueue('monitoring.poll', '{}', NULL, 'test.poll')`);
  await soon(async () => (await count('monitoring_state')) === 1);
  await lango.asOwner(`
    INSERT INTO monitoring_sample (step, nas_id, at, tenant_id, answered, cpu, cpu_max, memory, disk, temperature, sessions, rx_bps, tx_bps, rx_max, tx_max)
    SELECT 300, n.id, to_timestamp(floor(extract(epoch FROM lango_now()) / 300) * 300) - m * interval '5 minutes', n.tenant_id, 1,
           30 + 20 * sin(m / 20.0), 60, 41, 12, 44 + 4 * cos(m / 30.0), 180 + 60 * sin(m / 40.0), 4e7 + 3e7 * sin(m / 40.0), 8e6, 8e7, 9e6
    FROM nas n, generate_series(1, 280) m WHERE m NOT BETWEEN 100 AND 112`);
  await lango.asOwner(`
    INSERT INTO monitoring_alert (tenant_id, nas_id, kind, subject, value, opened_at, closed_at)
    SELECT tenant_id, id, 'interface', 'ether3', '', lango_now() - interval '40 minutes', NULL::timestamptz FROM nas
    UNION ALL SELECT tenant_id, id, 'cpu', '', '97 %', lango_now() - interval '8 hours', lango_now() - interval '7 hours' FROM nas`);
  await lango.api.post(`/routers/${id}/drift`, {});
  await soon(async () => (await count('drift_finding')) > 0);
  await lango.api.post(`/routers/${id}/configurations`, {});
  await soon(async () => (await count('configuration')) === 1);
  await device.config.run('/ip/pool/add', { name: 'isp', ranges: '10.64.0.2-10.64.15.254' });
  await lango.api.post(`/routers/${id}/configurations`, {});
  await soon(async () => (await count('configuration')) === 2);
});
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
  await device?.close();
});

const idOf = async (sql: string): Promise<string> =>
  String((await lango.asOwner<{ id: string }>(`SELECT id::text AS id FROM ${sql}`))[0]?.id);

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)('in %s at %i px every page of a router shows what is known of it', async (colorScheme, width) => {
  const { page, context } = await signedIn(browser, lango, lango.company, {
    colorScheme,
    viewport: { width, height: 800 },
  });
  const errors = errorsOf(page);
  const newest = await idOf('configuration ORDER BY id DESC');
  const finding = await idOf(`drift_finding WHERE kind = 'local_secret'`);
  const pages: [string, string, ...string[]][] = [
    ['routers', '/routers', 'Kasarani', 'Bring in a MikroTik'],
    ['setup-new', '/routers/setup', 'Interface for PPPoE'],
    ['router', `/routers/${id}`, 'Set it up'],
    ['setup', `/routers/${id}/setup`, 'Make the line'],
    ['provision', `/routers/${id}/provision`, 'Address pools', 'Nothing has been planned yet.'],
    ['monitoring', `/routers/${id}/monitoring`, '37 %', 'at most 70 Mbit/s', 'ether3'],
    ['alerts', '/monitoring', 'Kasarani', 'ether3'],
    ['alert-settings', '/monitoring/settings', 'Processor'],
    ['configurations', '/configurations', 'Kasarani'],
    ['configurations-of', `/routers/${id}/configurations`, '7.15'],
    ['configuration', `/configurations/${newest}`, 'name=isp ranges=10.64.0.2-10.64.15.254'],
    ['drift', '/drift', 'cousin'],
    ['drift-of', `/routers/${id}/drift`, 'cousin'],
    ['finding', `/drift/${finding}`, '/ppp secret disable'],
  ];
  const found: Record<string, unknown> = {};
  for (const [name, path, ...words] of pages) {
    await page.goto(`${lango.baseUrl}${path}`);
    const text = (await page.textContent('main')) ?? '';
    const faults = [...words.filter((word) => !text.includes(word)), ...(await faultsOf(page, `${name}-${width}`))];
    if (faults.length > 0) found[name] = faults;
  }
  expect(found).toEqual({});
  expect(errors).toEqual([]);
  await context.close();
});
