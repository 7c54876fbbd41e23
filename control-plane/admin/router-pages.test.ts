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
/** How many steps of five minutes ago the peak was. */
const PEAK = 50;
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
  // One that stands out, on one interface alone.
  await lango.asOwner(
    `UPDATE monitoring_sample SET cpu = 99, ports = '{"ether2": [5000000, 1000000]}' WHERE step = 300 AND at = to_timestamp(floor(extract(epoch FROM lango_now()) / 300) * 300) - $1 * interval '5 minutes'`,
    [PEAK],
  );
  await lango.asOwner(`
    INSERT INTO monitoring_alert (tenant_id, nas_id, kind, subject, value, opened_at, closed_at)
    SELECT tenant_id, id, 'interface', 'ether3', '', lango_now() - interval '40 minutes', NULL::timestamptz FROM nas
    UNION ALL SELECT tenant_id, id, 'cpu', '', '97 %', lango_now() - interval '8 hours', lango_now() - interval '7 hours' FROM nas`);
  await lango.api.post(`/routers/${id}/firmware/check`, {});
  await soon(async () => (await count('firmware_known')) === 1);
  // Of a router without a row in /radius it ends before anything is changed; no host of this test takes logins.
  await lango.api.post(`/routers/${id}/rotation`, {});
  await lango.asOwner(
    `UPDATE rotation_run SET step = 'look', times = times || jsonb_build_object('look', lango_now())`,
  );
  await soon(async () => (await count(`rotation_run WHERE state = 'failed'`)) === 1);
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
    ['monitoring', `/routers/${id}/monitoring`, '37 %', 'at most 70 Mbps', 'ether3', 'Not measured'],
    ['monitoring-cpu', `/routers/${id}/monitoring?figure=cpu`, 'at most 99 %'],
    ['monitoring-port', `/routers/${id}/monitoring?interface=ether2`, 'at most 5 Mbps'],
    ['rotation', `/routers/${id}/rotation`, 'Secrets of Kasarani', 'The router has no row in /radius that leads here.'],
    ['rotation-settings', '/rotation/settings', 'Every so many days'],
    ['firmware', '/firmware', 'Kasarani', '7.15.4 is there'],
    ['firmware-of', `/routers/${id}/firmware`, 'Upgrade this router', '7.15.4'],
    ['firmware-many', '/firmware/new', '7.15.3 → 7.15.4'],
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

/**
 * In the page: where the line of the graph stands at a moment, as a part of the height from below, and whether the ground there is that of a hole. Read from the
 * pixels of the canvas, by the places of the table's moments on the axis.
 */
const DRAWN = `((at, until) => {
  const host = document.querySelector('.plot');
  const canvas = host.querySelector('canvas');
  const scale = canvas.width / canvas.clientWidth;
  const [outer, inner] = [canvas, host.querySelector('.u-over')].map((one) => one.getBoundingClientRect());
  const { from, to } = host.dataset;
  const pixels = canvas.getContext('2d');
  const colour = (role) => {
    host.style.color = 'var(--' + role + ')';
    const one = new OffscreenCanvas(1, 1).getContext('2d');
    one.fillStyle = getComputedStyle(host).color;
    host.style.color = '';
    one.fillRect(0, 0, 1, 1);
    return [...one.getImageData(0, 0, 1, 1).data];
  };
  const [line, hole] = [colour('flow'), colour('sunken')];
  const like = (data, n, wanted) => [0, 1, 2, 3].every((part) => Math.abs(data[n * 4 + part] - wanted[part]) < 12);
  const column = (time) => {
    const x = Math.round((inner.x - outer.x + ((time - from) / (to - from)) * inner.width) * scale);
    const top = Math.round((inner.y - outer.y) * scale);
    const height = Math.round(inner.height * scale);
    const wide = pixels.getImageData(x - 2, top, 5, height).data;
    const rows = Array.from({ length: height }, (_, y) => y);
    const first = rows.find((y) => [0, 1, 2, 3, 4].some((n) => like(wide, y * 5 + n, line)));
    return {
      part: first === undefined ? null : 1 - first / height,
      hole: like(wide, Math.round(height / 3) * 5 + 2, hole),
    };
  };
  return [column(at), column(until)];
})`;

test.each([
  ['light', 1280],
  ['dark', 360],
] as const)('in %s at %i px the graph draws what the table says, and keys walk it', async (colorScheme, width) => {
  const { page, context } = await signedIn(browser, lango, lango.company, {
    colorScheme,
    viewport: { width, height: 800 },
  });
  const errors = errorsOf(page);
  await page.goto(`${lango.baseUrl}/routers/${id}/monitoring?figure=cpu`);
  await page.waitForSelector('.plot.is-drawn canvas');
  const row = page.locator('[data-plot-rows] tr', { hasText: '99 %' });
  const at = Number(await row.getAttribute('data-at'));
  const away = page.locator('[data-plot-rows] tr[data-until]').first();
  const middle = (Number(await away.getAttribute('data-at')) + Number(await away.getAttribute('data-until'))) / 2;
  const [peak, hole] = (await page.evaluate(`${DRAWN}(${at}, ${middle})`)) as { part: number | null; hole: boolean }[];
  expect(peak?.part).toBeGreaterThan(0.95);
  expect(peak?.hole).toBe(false);
  expect(hole).toEqual({ part: null, hole: true });

  const said = (): Promise<string> => page.getAttribute('.plot', 'aria-valuetext').then((text) => text ?? '');
  await page.focus('.plot');
  await page.keyboard.press('End');
  for (let n = 0; n < PEAK + 3 && !(await said()).includes('99 %'); n++) await page.keyboard.press('ArrowLeft');
  expect(await said()).toContain('99 %');
  expect(await page.textContent('.plot-said')).toBe(await said());
  await page.keyboard.press('+');
  await page.keyboard.press('Escape');
  expect(errors).toEqual([]);
  await context.close();

  const plain = await signedIn(browser, lango, lango.company, { javaScriptEnabled: false });
  await plain.page.goto(`${lango.baseUrl}/routers/${id}/monitoring?figure=cpu`);
  expect(await plain.page.locator('.plot svg.chart').count()).toBe(1);
  await plain.context.close();
});

test('an upgrade wants the name of the router, and its page follows it to the end without being asked again', async () => {
  const { page, context } = await signedIn(browser, lango, lango.company, { viewport: { width: 360, height: 800 } });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${lango.baseUrl}/routers/${id}/firmware`);
  await page.fill('[name=confirm]', 'kasarani');
  await page.click('form.form button.is-cut');
  await page.waitForSelector('text=letter by letter');
  expect(await count('firmware_run')).toBe(0);
  await page.fill('[name=confirm]', 'Kasarani');
  await page.click('form.form button.is-cut');
  await page.waitForSelector('#progress .outcome.is-done');
  expect(await page.textContent('#progress')).toContain('7.15.3 → 7.15.4');
  expect(device.config.system.versionNumber).toBe('7.15.4');
  expect(await faultsOf(page, 'firmware-done-360')).toEqual([]);
  device.config.system.update.newest = '7.15.5';
  device.config.system.update.fault = 'no_space';
  await lango.api.post('/firmware', { router_ids: [id] });
  await page.waitForSelector('#progress .outcome.is-failed');
  expect(await page.textContent('#progress')).toContain('no room for the new packages');
  expect(await faultsOf(page, 'firmware-failed-360')).toEqual([]);
  await context.close();
});
