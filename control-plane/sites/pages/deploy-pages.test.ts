import { consoleClient } from '../../test-kit/console-client';
import { startFront, type Front } from '../../test-kit/front';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { SimulatedMikrotik } from '../../test-kit/mikrotik';
import { make, makeRouter, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

let lango: TestLango;
let front: Front;
let mikrotik: SimulatedMikrotik;
const login = { name: 'lango', password: 'let-me-in-9' };

beforeAll(async () => {
  front = await startFront();
  lango = await startTestLango({ parts: ['jobs'], publicUrl: front.url });
  front.leadTo(lango.baseUrl);
  mikrotik = await SimulatedMikrotik.start({
    identity: 'tower-1',
    address: '127.77.4.1',
    secret: 'x-secret',
    servers: [],
    version: '7.18',
    api: { users: [login] },
  });
  await mikrotik.config.run('/ip/hotspot/add', { interface: 'ether3', disabled: 'no' });
}, 120_000);
afterAll(async () => {
  await mikrotik?.close();
  await lango?.stop();
  await front?.stop();
});

const ofSite = async (id: string) => (await lango.api.get<{ items: Json[] }>(`/sites/${id}/deploy`)).body.items;

test('pages asked for in the console come onto the routers, and the site tells of each what became of it', async () => {
  const router = await makeRouter(lango.api, {
    address: '127.77.4.1',
    api_username: login.name,
    api_password: login.password,
    api_port: mikrotik.api.port,
  });
  const bare = await makeRouter(lango.api);
  const site = await make(lango.api, '/sites', { name: unique('Soko'), router_ids: [router['id'], bare['id']] });
  const id = String(site['id']);
  expect((await ofSite(id)).map(({ state }) => state)).toEqual(['none', 'none']);
  const console = await consoleClient(lango);
  expect((await console.post(`/sites/${id}/deploy`)).status).toBe(303);
  const settled = await until(
    () => ofSite(id),
    (items) => items.every(({ state }) => state === 'done' || state === 'failed'),
    60_000,
  );
  const byId = new Map(settled.map((one) => [one['router_id'], one]));
  expect(byId.get(router['id'])).toMatchObject({ state: 'done', fault: null, shown_at: expect.any(String) });
  expect(byId.get(bare['id'])).toMatchObject({ state: 'failed', fault: 'no_api', shown_at: null });
  const folder = mikrotik.config.find('/ip/hotspot/profile', { name: 'default' })?.['html-directory-override'];
  const page = mikrotik.config.files.read(`${folder}/login.html`)?.toString('utf8') ?? '';
  expect(page).toContain(`&amp;router=${router['id']}&amp;`);
  expect(page).toContain('$(link-login-only)');
  const shown = await console.get(`/sites/${id}`);
  expect(shown.text).toContain('shows these pages');
  expect(shown.text).toContain('give its API user and password');
}, 120_000);

test('a page on a router may ask whether the shop is open; the preview shows every page as a guest sees it', async () => {
  const site = await make(lango.api, '/sites', { name: 'Kituo $(mac) <b>', terms: 'Be kind' });
  const door = await fetch(`${lango.baseUrl}/api/sites/door/${site['slug']}`, {
    headers: { origin: 'http://wifi.test' },
  });
  expect([door.status, door.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect((await fetch(`${lango.baseUrl}/api/sites/door/nowhere`)).status).toBe(404);
  expect((await fetch(`${lango.baseUrl}/sites/pages/${'0'.repeat(64)}/0`)).status).toBe(404);
  const console = await consoleClient(lango);
  const outer = await console.get(`/sites/${site['id']}/preview?page=login&lang=sw&error=expired`);
  expect(outer.text).toContain(`src="/sites/${site['id']}/preview/frame?page&#x3D;login`);
  const frame = async (query: string) => (await console.get(`/sites/${site['id']}/preview/frame?${query}`)).text;
  const drawn = await frame('page=login&lang=sw&error=expired');
  expect(drawn).toContain('Kifurushi chako kimekwisha');
  expect(drawn).toContain('Kituo &#36;(mac) &lt;b&gt;');
  expect(drawn).not.toMatch(/<script|\$\(/);
  expect(await frame('page=login&lang=en&error=radius-timeout')).toContain('nothing you paid for is lost');
  for (const page of ['alogin', 'status', 'logout', 'error']) expect(await frame(`page=${page}`)).toContain('<style>');
});
