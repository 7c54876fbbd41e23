import type { Browser } from 'playwright-core';
import { errorsOf, faultsOf, openBrowser, signedInAt } from '../admin/testing/browser';
import { SimulatedMikrotik, type RouterOsVersion } from '../test-kit/mikrotik';
import { consoleOf } from '../test-kit/mikrotik/script';
import { firstAdmin } from '../test-kit/program';
import { asOwner, make, makeActive, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type Whole } from '../test-kit/whole';

/** Patience, not a promise: spent only when something is broken. */
const PATIENCE_MS = 60_000;
jest.setTimeout(180_000);

let whole: Whole;
let browser: Browser;
const devices: SimulatedMikrotik[] = [];
beforeAll(async () => {
  whole = await startWhole();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await Promise.all(devices.map((device) => device.close()));
  await whole?.stop();
});

let count = 0;
/** A router as it comes out of its box: it knows no server, takes no orders and has nobody who may use its API but admin. */
async function bare(version: RouterOsVersion): Promise<SimulatedMikrotik> {
  count += 1;
  const device = await SimulatedMikrotik.start({
    identity: 'MikroTik',
    address: `127.63.${process.pid % 250}.${count}`,
    version,
    secret: 'none-yet',
    servers: [],
    incoming: { accept: false },
    api: { port: 8728, users: [] },
    timeout_ms: 1000,
    accountingOn: false,
    automaticInterims: false,
  });
  devices.push(device);
  return device;
}

const lineFor = async (device: SimulatedMikrotik, wanted?: Json) => {
  const router = await make(whole.api, '/routers', {
    name: unique('Tower'),
    address: device.address,
    secret: 'to-be-replaced',
  });
  if (wanted)
    await asOwner(
      whole.db,
      `INSERT INTO provisioning_router (nas_id, tenant_id, way, wanted) SELECT id, tenant_id, 'direct', $2 FROM nas WHERE id = $1`,
      [router['id'], JSON.stringify(wanted)],
    );
  const script = await whole.api.get<{ line: string; url: string }>(`/routers/${router['id']}/script`);
  expect(script.status).toBe(200);
  return { id: String(router['id']), ...script.body };
};

const verdictOf = async (id: string) =>
  (await whole.api.get<{ verdict: string }>(`/routers/${id}/self-test`)).body.verdict;
const isGiven = (verdict: string): boolean => verdict !== 'never' && verdict !== 'running';

/** All that is configured; the first line tells the time. */
const configured = (device: SimulatedMikrotik) =>
  device.config.exported({ showSensitive: true }).replace(/^#[^\n]*\n/, '');

describe('one pasted line', () => {
  it.each<RouterOsVersion>(['6.49', '7.10', '7.14', '7.15', '7.18'])(
    'makes a bare router of version %s one that lets customers in and takes orders, and changes nothing when it is run again',
    async (version) => {
      const device = await bare(version);
      const { id, line, url } = await lineFor(device, {
        pppoe: [{ interface: 'ether2', vlan_id: 100, network: '10.64.0.0/20' }],
        hotspot: [{ interface: 'ether3', network: '10.5.50.0/24', dns_name: 'wifi.example.net' }],
      });
      const imported: string[] = [];
      const terminal = consoleOf(device.config, (text) => imported.push(text));
      await terminal.paste(line);
      expect(terminal.printed).toEqual(['Lango: done. The rest is tested from the console.']);

      const customer = await makeActive(whole.api);
      const dial = () =>
        device.connectPppoe({
          username: String(customer['username']),
          password: 'open-sesame',
          authentication: 'mschap2',
        });
      // FreeRADIUS takes the new secret within two seconds.
      const online = await until(dial, (login) => login.kind === 'online', PATIENCE_MS);
      if (online.kind !== 'online') throw new Error('nobody is online');
      const mark = device.events.position;
      await whole.api.post(`/subscriptions/${customer['id']}/suspend`, { reason: 'test' });
      await device.events.waitFor('ended', (ended) => ended.session === online.session, {
        since: mark,
        timeout_ms: PATIENCE_MS,
      });

      expect(device.config.rows('/radius')).toHaveLength(1);
      expect(device.config.find('/user', { name: 'lango' })).toMatchObject({
        group: 'lango',
        address: expect.stringContaining('127.0.0.1'),
      });
      const [first] = device.config.rows('/ip/firewall/filter');
      expect(first).toMatchObject({ chain: 'input', 'dst-port': expect.stringMatching(/3799|8728/) });

      // The test that follows the script puts an address on a list and takes it off again.
      await until(() => verdictOf(id), isGiven, PATIENCE_MS);
      const before = configured(device);
      await consoleOf(device.config).paste(imported.at(-1) ?? '');
      expect(configured(device)).toBe(before);

      // The word is spent, and nothing that the script held lies about.
      expect((await fetch(url)).status).toBe(404);
      expect(device.config.files.read('lango-setup.rsc')).toBeUndefined();
      const [row] = await asOwner(
        whole.db,
        'SELECT finished_at, failed_step, fetched_version FROM provisioning_router WHERE nas_id = $1',
        [id],
      );
      expect(row).toEqual({
        finished_at: expect.any(Date),
        failed_step: null,
        fetched_version: expect.stringContaining(version),
      });
    },
  );

  it('says which step failed, and goes on with the others', async () => {
    const device = await bare('7.18');
    const { id, line } = await lineFor(device, { pppoe: [{ interface: 'no-such-port', network: '10.64.0.0/20' }] });
    const terminal = consoleOf(device.config);
    await terminal.paste(line);
    expect(terminal.printed).toEqual(['Lango: pppoe failed']);
    const [row] = await asOwner(
      whole.db,
      'SELECT finished_at, failed_step FROM provisioning_router WHERE nas_id = $1',
      [id],
    );
    expect(row).toEqual({ finished_at: null, failed_step: 'pppoe' });
    expect(device.config.rows('/radius')).toHaveLength(1);
  });

  it('is made in the console on a phone, where the page follows the router until it is tested', async () => {
    const device = await bare('7.15');
    const { page, context } = await signedInAt(browser, whole.baseUrl, firstAdmin, {
      viewport: { width: 360, height: 800 },
      colorScheme: 'dark',
    });
    const errors = errorsOf(page);
    await page.goto(`${whole.baseUrl}/routers`);
    await page.click('a:has-text("Bring in a MikroTik")');
    await page.fill('[name=name]', 'Kasarani tower');
    await page.selectOption('[name=way]', 'direct');
    await page.fill('[name=address]', device.address);
    await page.fill('[name=pppoe_interface]', 'ether2');
    await page.fill('[name=pppoe_network]', '10.66.0.0/20');
    await page.fill('[name=hotspot_interface]', 'ether3');
    await page.fill('[name=hotspot_network]', '10.6.50.0/24');
    expect(await faultsOf(page, 'setup-new')).toEqual([]);
    await page.click('button:has-text("Add router")');
    await page.click('button:has-text("Make the line")');
    const line = (await page.textContent('pre.well')) ?? '';
    await page.click('button:has-text("Copy the line")');
    await page.locator('button:has-text("Copied")').waitFor();
    // What was copied can be pasted.
    await page.fill('[name=q]', '');
    await page.focus('[name=q]');
    await page.keyboard.press('Control+V');
    expect(await page.inputValue('[name=q]')).toBe(line.slice(0, 100));
    await page.fill('[name=q]', '');
    expect(await faultsOf(page, 'setup-line')).toEqual([]);
    const progress = page.locator('main [aria-live]');
    expect(await progress.textContent()).toContain('Waiting for the router');
    const id = /routers\/(\d+)\/setup/.exec(page.url())?.[1] ?? '';

    // Nobody touches the page from here on.
    await consoleOf(device.config).paste(line);
    await progress.filter({ hasText: 'It has fetched its script for RouterOS 7.15' }).waitFor();
    await progress.filter({ hasText: 'The script is through' }).waitFor();
    await progress.filter({ hasText: 'nothing is wrong, and something is still to be seen' }).waitFor();
    expect(await progress.textContent()).toContain('It answers our orders.');
    expect(await faultsOf(page, 'setup-tested')).toEqual([]);

    const customer = await makeActive(whole.api);
    const login = {
      username: String(customer['username']),
      password: 'open-sesame',
      authentication: 'mschap2',
    } as const;
    await until(
      () => device.connectPppoe(login),
      ({ kind }) => kind === 'online',
      PATIENCE_MS,
    );
    await until(
      async () => {
        await whole.api.post(`/routers/${id}/self-test`, {});
        return until(() => verdictOf(id), isGiven, PATIENCE_MS);
      },
      (verdict) => verdict === 'pass',
      PATIENCE_MS,
    );

    // What is pressed next stands still once the page shows that.
    await progress.filter({ hasText: 'Tested: all is well' }).waitFor();

    // Somebody closes the door for orders: it is found, with its remedy.
    await consoleOf(device.config).paste('/radius incoming set accept=no');
    await page.click('button:has-text("Test the router")');
    await progress.filter({ hasText: 'It takes no orders.' }).waitFor();
    expect(await progress.textContent()).toContain('/radius incoming set accept=yes port=3799');
    expect(await faultsOf(page, 'setup-fault')).toEqual([]);
    await consoleOf(device.config).paste('/radius incoming set accept=yes');

    // More is wanted of it: planned, written and read back by its API. The newest run is the one of the highest number, not the last in the alphabet.
    await asOwner(whole.db, `SELECT setval(pg_get_serial_sequence('provisioning_run', 'id'), 98)`);
    await page.click('a:has-text("What it serves")');
    const plan = page.locator('#plan');
    await page.fill('[name=wanted_pools]', 'office, 10.9.0.10-10.9.0.99');
    await page.fill('[name=wanted_vlans]', 'cameras, thirty, ether5');
    await page.click('button:has-text("Show the plan")');
    expect(await page.textContent('main')).toContain('Give lines as: cameras, 30, ether5.');
    await page.fill('[name=wanted_vlans]', 'cameras, 30, ether5');
    await page.click('button:has-text("Show the plan")');
    const write = plan.locator('button:has-text("Write to the router")');
    await write.waitFor();
    expect(await plan.locator('pre').allTextContents()).toEqual([
      expect.stringMatching(/^\/interface\/vlan .*cameras/),
      expect.stringMatching(/^\/ip\/pool .*office/),
    ]);
    expect(await faultsOf(page, 'plan')).toEqual([]);
    await write.click();
    await plan.filter({ hasText: 'The router has all that it should have.' }).waitFor();
    expect(device.config.rows('/interface/vlan')).toMatchObject([{ 'vlan-id': '30', interface: 'ether5' }]);
    expect(device.config.find('/ip/pool', { ranges: '10.9.0.10-10.9.0.99' })).toBeDefined();

    // What somebody changes on the router is shown, and stays until its box is ticked.
    await consoleOf(device.config).paste('/interface vlan set [find vlan-id=30] vlan-id=31');
    await page.click('button:has-text("Show the plan")');
    await plan.filter({ hasText: 'changed by hand' }).waitFor();
    await write.click();
    await plan.filter({ hasText: 'done ' }).waitFor();
    expect(device.config.rows('/interface/vlan')).toMatchObject([{ 'vlan-id': '31' }]);
    await plan.locator('input[type=checkbox]').check();
    expect(await faultsOf(page, 'by-hand')).toEqual([]);
    await write.click();
    await plan.filter({ hasText: 'The router has all that it should have.' }).waitFor();
    expect(device.config.rows('/interface/vlan')).toMatchObject([{ 'vlan-id': '30' }]);
    // The browser tells of a form that was refused.
    expect(errors.filter((error) => !error.includes('422'))).toEqual([]);
    await context.close();
  });
});
