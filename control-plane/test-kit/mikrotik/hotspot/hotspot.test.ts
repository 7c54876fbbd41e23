import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { get } from '../../../../radius/attributes';
import { Code, verifyChapPassword } from '../../../../radius/packet';
import { Hotspot, ManualClock, SimulatedMikrotik, renderPage, type Device } from '..';
import { FakeAaa } from '../fake-aaa';

const secret = 'routers-secret';
let aaa: FakeAaa;
let web: Server;
let router: SimulatedMikrotik;
let hotspot: Hotspot;

beforeAll(async () => {
  aaa = await FakeAaa.listen(secret);
  web = createServer((request, response) => response.end(`outside ${request.url}`));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => web.close(resolve));
  await aaa.close();
});
/** A router whose clock stands still, so that what a page says of time does not hang on the machine. */
async function boot(timeout_ms = 5000): Promise<void> {
  router = await SimulatedMikrotik.start({
    identity: 'r',
    address: '127.77.3.1',
    secret,
    servers: [aaa.row],
    timeout_ms,
    version: '7.18',
    clock: new ManualClock(),
  });
  const { config } = router;
  await config.run('/ip/hotspot/profile/set', {
    '.id': 'default',
    'dns-name': 'wifi.test',
    'hotspot-address': '10.65.0.1',
    'use-radius': 'yes',
    'login-by': 'http-chap,cookie',
  });
  await config.run('/ip/hotspot/add', { interface: 'ether3', disabled: 'no' });
  hotspot = new Hotspot(router, { internet: { 'news.test': `127.0.0.1:${(web.address() as AddressInfo).port}` } });
}
beforeEach(() => boot());
afterEach(async () => {
  await hotspot.close();
  await router.close();
});

const set = (fields: Record<string, string>) =>
  router.config.run('/ip/hotspot/profile/set', { '.id': 'default', ...fields });
const page = (name: string, text: string) => router.config.files.write(`hotspot/${name}`, Buffer.from(text));
let host = 1;
const join = (mac = `02:00:00:00:00:${(host++).toString(16).padStart(2, '0')}`) =>
  hotspot.join({ mac, address: `10.65.0.${host + 9}` });

/** One request of a browser behind the device's proxy; redirects are not followed. */
async function ask(device: Device, url: string, form?: Record<string, string>, headers: Record<string, string> = {}) {
  const body = form && new URLSearchParams(form).toString();
  const proxy = new URL(device.proxy);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = httpRequest({
      host: proxy.hostname,
      port: proxy.port,
      path: url,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        host: new URL(url).host,
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      agent: false,
    });
    call.on('response', resolve).on('error', reject).end(body);
  });
  let text = '';
  for await (const part of answer) text += String(part);
  return { status: answer.statusCode, location: answer.headers.location, text, headers: answer.headers };
}

test('the page language: conditions, comparisons, escapes, and status and headers that are set', () => {
  const values: Record<string, string> = { name: 'A & B/1 2', none: '', yes: 'yes' };
  const render = (source: string) => renderPage(source, (name) => values[name] ?? '');
  const body = (source: string) => render(source).body;
  expect(body('$(name)|$(name-esc)|$(nobody)|$ (x)|$5')).toBe('A & B/1 2|A+%26+B%2F1+2||$ (x)|$5');
  expect(body('$(if none)a$(elif yes == no)b$(elif yes == "yes")c$(else)d$(endif)e')).toBe('ce');
  expect(body(`$(if yes != 'yes')a$(else)$(if none)b$(else)c$(endif)$(endif)`)).toBe('c');
  expect(render('$(if http-status == 302)Go$(endif)$(if http-header == "Location")/x?$(name-esc)$(endif)rest')).toEqual(
    {
      body: 'rest',
      status: { code: 302, words: 'Go' },
      headers: [['Location', '/x?A+%26+B%2F1+2']],
    },
  );
  expect(render('$(if none)$(if http-status == 302)Go$(endif)$(endif)').status).toBeUndefined();
});

test('whoever is not logged in is led to the login page, with where they wanted to go; TLS is reset', async () => {
  const phone = await join();
  expect(router.config.rows('/ip/hotspot')).toHaveLength(1);
  const first = await ask(phone, 'http://captive.apple.com/hotspot-detect.html?a=1');
  const dst = encodeURIComponent('http://captive.apple.com/hotspot-detect.html?a=1');
  expect([first.status, first.location]).toEqual([302, `http://wifi.test/login?dst=${dst}`]);
  expect((await ask(phone, 'http://wifi.test/')).location).toBe('http://wifi.test/login');
  expect((await ask(phone, 'http://wifi.test/status')).location).toBe('http://wifi.test/login');
  const reset = await new Promise<string>((resolve) => {
    const proxy = new URL(phone.proxy);
    let said = '';
    const socket = connect(Number(proxy.port), proxy.hostname, () =>
      socket.write('CONNECT bank.test:443 HTTP/1.1\r\n\r\n'),
    );
    socket
      .on('data', (part) => (said += String(part)))
      .on('error', () => undefined)
      .on('close', () => resolve(said));
  });
  expect(reset).toBe('');
});

test('CHAP as a browser answers it reaches RADIUS as it is; then the world is open until the logout', async () => {
  page('login.html', `$(if error)[$(error)]$(endif)<i>$(chap-id)</i><b>$(chap-challenge)</b>`);
  page('alogin.html', 'hello $(username)');
  page('status.html', '$(session-time-left-secs) $(remain-bytes-total) $(refresh-timeout-secs)');
  page('logout.html', 'bye $(bytes-out)');
  page('redirect.html', 'elsewhere');
  page('errors.txt', 'radius-reply = no: $(error-orig)\nchap-missing = open it again');
  aaa.authorize = (request) => {
    const response = get(request, 'CHAP-Password') as Buffer;
    return verifyChapPassword(response, Buffer.from('pass'), get(request, 'CHAP-Challenge') as Buffer)
      ? {
          accept: [
            ['Session-Timeout', '600'],
            ['Mikrotik-Total-Limit', '1000000'],
          ],
        }
      : { reject: 'Your time is over.' };
  };
  const phone = await join();
  const answerTo = (text: string, password: string): string => {
    const octets = (tag: string) =>
      Buffer.from(
        [...(new RegExp(`<${tag}>(.*?)</${tag}>`).exec(text)?.[1] ?? '').matchAll(/\\(\d{3})/g)].map((m) =>
          parseInt(m[1] ?? '', 8),
        ),
      );
    return createHash('md5')
      .update(Buffer.concat([octets('i'), Buffer.from(password), octets('b')]))
      .digest('hex');
  };
  const login = async (password: string) => {
    const form = await ask(phone, 'http://wifi.test/login');
    return ask(phone, 'http://wifi.test/login', { username: 'asha', password: answerTo(form.text, password) });
  };
  expect((await login('wrong')).text).toContain('[no: Your time is over.]');
  // An answer is good for one challenge; plain words are not taken at all.
  const stale = await ask(phone, 'http://wifi.test/login', { username: 'asha', password: 'pass' });
  expect(stale.text).toContain('[open it again]');
  expect((await login('pass')).text).toBe('hello asha');
  expect(phone.session?.username).toBe('asha');
  expect((await ask(phone, 'http://news.test/today')).text).toBe('outside /today');
  expect(phone.session?.counters.down).toBeGreaterThan(0n);
  expect((await ask(phone, 'http://wifi.test/status')).text).toMatch(/^600 99\d{4} 60$/);
  const bye = await ask(phone, 'http://wifi.test/logout');
  expect(bye.text).toMatch(/^bye \d+$/);
  expect(phone.online).toBe(false);
  expect((await ask(phone, 'http://news.test/today')).text).toBe('elsewhere');
  aaa.authorize = () => ({ accept: [] });
});

test('a language is a folder: its pages and words first, the others from above, and links stay in it', async () => {
  page('login.html', 'Get online $(link-login-only)');
  page('sw/login.html', 'Ingia $(link-login-only) $(if error)$(error)$(endif)');
  page('status.html', 'status');
  page('redirect.html', '$(if http-status == 302)x$(endif)$(if http-header == "Location")$(link-redirect)$(endif)');
  page('errors.txt', 'chap-missing = again');
  page('sw/errors.txt', 'chap-missing = tena');
  page('lango.css', 'a{b:"$(mac)"}');
  const phone = await join();
  expect((await ask(phone, 'http://wifi.test/login')).text).toBe('Get online http://wifi.test/login');
  expect((await ask(phone, 'http://wifi.test/login?target=sw')).text).toContain('Ingia http://wifi.test/sw/login');
  expect((await ask(phone, 'http://wifi.test/sw/login?username=a&password=b')).text).toContain('tena');
  expect((await ask(phone, 'http://wifi.test/sw/status')).location).toBe('http://wifi.test/sw/login');
  const css = await ask(phone, 'http://wifi.test/lango.css');
  expect([css.headers['content-type'], css.text]).toEqual(['text/css', 'a{b:"$(mac)"}']);
  expect((await ask(phone, 'http://wifi.test/none.html')).status).toBe(404);
  // Another folder takes its place at once, where it holds anything.
  await set({ 'html-directory-override': 'lango-2' });
  expect((await ask(phone, 'http://wifi.test/login')).text).toContain('Get online');
  router.config.files.write('lango-2/login.html', Buffer.from('the second'));
  expect((await ask(phone, 'http://wifi.test/login')).text).toBe('the second');
});

test('PAP, cookies, trial, users of the router, MAC addresses, bindings', async () => {
  await set({ 'login-by': 'http-pap,cookie,trial,mac' });
  aaa.authorize = (request) => {
    const name = String(get(request, 'User-Name'));
    return name === 'asha' || name === '02:00:00:00:AA:01' ? { accept: [] } : { reject: 'Wrong.' };
  };
  const known = await join('02:00:00:00:aa:01');
  expect(known.session?.username).toBe('02:00:00:00:AA:01');
  const phone = await join();
  expect(phone.online).toBe(false);
  const mine = await ask(phone, 'http://wifi.test/login?username=02-00-00-00-AA-01&password=');
  expect(mine.text).toContain('this MAC address is not yours');
  const inside = await ask(phone, 'http://wifi.test/login?username=asha&password=x');
  const cookie = String(inside.headers['set-cookie']).split(';')[0] ?? '';
  await phone.session?.logout();
  await ask(phone, 'http://wifi.test/', undefined, { cookie });
  expect(phone.session?.username).toBe('asha');
  const other = await join();
  await ask(other, 'http://wifi.test/', undefined, { cookie });
  expect(other.online).toBe(false);
  const before = aaa.packets(Code.AccessRequest).length;
  await ask(other, `http://wifi.test/login?username=T-${encodeURIComponent(other.mac)}`);
  expect([other.local?.by, aaa.packets(Code.AccessRequest).length]).toEqual(['trial', before]);
  await ask(other, 'http://wifi.test/logout');
  expect((await ask(other, `http://wifi.test/login?username=T-${other.mac}`)).text).toContain('uptime limit');
  await router.config.run('/ip/hotspot/user/add', { name: 'boss', password: 'free' });
  await ask(other, 'http://wifi.test/login?username=boss&password=free');
  expect([other.local?.by, aaa.packets(Code.AccessRequest).length]).toEqual(['local', before]);
  const third = await join();
  await router.config.run('/ip/hotspot/ip-binding/add', { 'mac-address': third.mac, type: 'bypassed' });
  expect((await ask(third, 'http://news.test/a')).text).toBe('outside /a');
  aaa.authorize = () => ({ accept: [] });
});

test('the walled garden lets through what its rules name, the first that fits', async () => {
  await set({ 'login-by': 'http-pap' });
  page('redirect.html', 'led away');
  const phone = await join();
  const reached = async (path = '/') => (await ask(phone, `http://news.test${path}`)).text.startsWith('outside');
  const add = (menu: string, fields: Record<string, string>) =>
    router.config.run(`/ip/hotspot/walled-garden${menu}/add`, fields);
  expect(await reached()).toBe(false);
  await add('', { 'dst-host': '*.test', path: '/open*' });
  expect([await reached('/open/a'), await reached('/shut')]).toEqual([true, false]);
  await add('/ip', { action: 'reject', 'dst-host': 'news.test', 'dst-port': '81', protocol: 'tcp' });
  await add('/ip', { action: 'accept', 'dst-host': 'news.test', 'dst-port': '80', protocol: 'tcp' });
  expect(await reached('/shut')).toBe(true);
});

test('a server that is silent is told in the words of errors.txt', async () => {
  await hotspot.close();
  await router.close();
  await boot(50);
  await set({ 'login-by': 'http-pap' });
  aaa.authorize = () => 'silence';
  const phone = await join();
  const told = await ask(phone, 'http://wifi.test/login?username=a&password=b');
  expect(told.text).toContain('RADIUS server is not responding');
  aaa.authorize = () => ({ accept: [] });
});
