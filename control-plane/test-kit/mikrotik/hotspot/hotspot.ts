import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { parseDuration, renderPage, type Row } from '../../../../radius/routeros';
import { verifyChapPassword } from '../../../../radius/packet';
import type { SimulatedMikrotik } from '../router';
import { defaultPages } from './default-pages';
import { Device, type DeviceNetwork } from './device';
import { variablesOf, type PageAsk } from './variables';
import { isInGarden } from './walled-garden';

export interface HotspotOptions {
  /** Where names of the outside world really are, as `127.0.0.1:3000`; addresses are where they say. */
  internet?: Record<string, string>;
}

interface Cookie {
  mac: string;
  username: string;
  password: string;
  until_ms: number;
}

const SERVLETS = new Set(['', 'login', 'status', 'logout', 'api']);
const MIME: Record<string, string> = {
  html: 'text/html',
  txt: 'text/plain',
  json: 'application/json',
  css: 'text/css',
  js: 'application/javascript',
  png: 'image/png',
  jpg: 'image/jpeg',
};

/**
 * The web side of a hotspot: the pages of its profile's folder as RouterOS renders them, logins by CHAP, PAP, cookie, MAC and trial, the walled garden, and
 * redirects of whatever else is asked for. Configured by /ip hotspot, its profile, walled garden, users and bindings; sessions are the router's.
 */
export class Hotspot implements DeviceNetwork {
  private readonly devices = new Map<string, Device>();
  private readonly cookies = new Map<string, Cookie>();

  constructor(
    private readonly router: SimulatedMikrotik,
    private readonly options: HotspotOptions = {},
  ) {}

  /** A device joins the network. Where `login-by` has `mac` the router first asks whether its address alone lets it in. */
  async join({ mac, address }: { mac: string; address: string }): Promise<Device> {
    const device = new Device(mac.toUpperCase(), address, this);
    await device.open();
    this.devices.set(device.mac, device);
    this.router.appear({ mac: device.mac, address });
    if (this.ways.has('mac')) await this.tryMac(device);
    return device;
  }

  /** It is gone, with its session where it has one. */
  async leave(device: Device): Promise<void> {
    this.devices.delete(device.mac);
    this.router.vacate(device.mac);
    await device.session?.end('Lost-Service');
    await device.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.devices.values()].map((device) => device.close()));
    this.devices.clear();
  }

  isRouter(host: string): boolean {
    return host === this.host || host === this.profile['hotspot-address'];
  }

  mayPass(device: Device, wanted: { host: string; port: number; method?: string; path?: string }): boolean {
    if (device.online || this.isBypassed(device)) return true;
    return isInGarden(this.router.config, wanted);
  }

  resolve(host: string, port: number): { host: string; port: number } | undefined {
    const known = this.options.internet?.[host];
    if (known === undefined) return isIP(host) || host === 'localhost' ? { host, port } : undefined;
    const [at = '', on = String(port)] = known.split(':');
    return { host: at, port: Number(on) };
  }

  sessionOf(device: Device) {
    return this.router.sessions.find(
      ({ identity }) =>
        identity.service === 'hotspot' && identity.mac === device.mac && identity.hostAddress === device.address,
    );
  }

  async serve(device: Device, request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const params = new URLSearchParams(url.search);
    if (request.method === 'POST')
      for (const [name, value] of new URLSearchParams(await bodyOf(request))) params.set(name, value);
    if (!this.isRouter(url.hostname)) {
      const page = this.ask({ params, original: url.href });
      return this.put(response, device, page, ['rlogin.html', 'redirect.html']);
    }
    const path = decodeURIComponent(url.pathname.slice(1));
    const name = path.slice(path.lastIndexOf('/') + 1);
    const target = params.get('target');
    const folder = target ? `${target}/` : path.slice(0, path.length - name.length);
    const page = this.ask({ params, folder, original: params.get('dst') ?? '' });
    if (!SERVLETS.has(name)) return this.putFile(response, device, page, path);
    const cookie = await this.byCookie(device, request, name);
    const setCookie = name === 'login' ? await this.login(device, page) : undefined;
    if (setCookie ?? cookie) response.setHeader('Set-Cookie', setCookie ?? cookie ?? '');
    return this.servlet(response, device, page, name);
  }

  private async servlet(response: ServerResponse, device: Device, page: PageAsk, name: string): Promise<void> {
    const { online } = device;
    page.redirect = this.linkOf(page, online ? 'status' : 'login');
    if (name === 'api') {
      // Pages of versions before 7.3 have no such file.
      response.setHeader('Content-Type', 'application/captive+json');
      return this.put(response, device, page, this.router.config.version === '6.49' ? [] : ['api.json']);
    }
    if (name === '')
      return this.put(
        response,
        device,
        page,
        online ? ['rstatus.html', 'redirect.html'] : ['rlogin.html', 'redirect.html'],
      );
    if (name === 'status')
      return this.put(response, device, page, online ? ['status.html'] : ['fstatus.html', 'redirect.html']);
    if (name === 'logout') return this.logout(response, device, page);
    if (online) return this.put(response, device, page, ['alogin.html', 'redirect.html']);
    device.challenge = undefined;
    const isFatal = page.error !== undefined && /^(internal|config)-error$/.test(page.error.text);
    if (page.error) page.error.text = this.wordsOf(device, page, page.error.text);
    return this.put(
      response,
      device,
      page,
      isFatal ? ['error.html'] : page.error ? ['flogin.html', 'login.html'] : ['login.html'],
    );
  }

  private async logout(response: ServerResponse, device: Device, page: PageAsk): Promise<void> {
    if (!device.online) return this.put(response, device, page, ['flogout.html', 'redirect.html']);
    const { session } = device;
    const rendered = this.render(device, page, ['logout.html']);
    if (page.params.has('erase-cookie'))
      for (const [key, cookie] of this.cookies) if (cookie.mac === device.mac) this.cookies.delete(key);
    device.local = undefined;
    await session?.logout();
    send(response, rendered);
  }

  /** Logs in with what the request brings; the cookie that it is worth, or `page.error` with the key of what is wrong. */
  private async login(device: Device, page: PageAsk): Promise<string | undefined> {
    const username = page.params.get('username');
    if (username === null || username === '' || device.online) return undefined;
    const fail = (key: string, original = ''): undefined => {
      page.error = { text: key, original };
      return undefined;
    };
    if (/^T-/i.test(username) && this.ways.has('trial')) {
      if (device.trialUsed) return fail('uptime-limit');
      device.trialUsed = true;
      device.local = { username, by: 'trial' };
      return undefined;
    }
    const written = username.replace(/[:-]/g, '').toUpperCase();
    if (/^[0-9A-F]{12}$/.test(written) && written !== device.mac.replaceAll(':', '')) return fail('wrong-mac-username');
    const password = page.params.get('password') ?? '';
    const isHash = /^[0-9a-f]{32}$/.test(password);
    const { challenge } = device;
    device.challenge = undefined;
    const chap =
      this.ways.has('http-chap') && isHash && challenge
        ? {
            challenge: challenge.octets,
            response: Buffer.concat([Buffer.of(challenge.id), Buffer.from(password, 'hex')]),
          }
        : undefined;
    if (!chap && !this.ways.has('http-pap')) return fail('chap-missing');
    const user = this.router.config
      .rows('/ip/hotspot/user')
      .find((row) => row['name'] === username && row['disabled'] !== 'true');
    if (user) {
      const own = Buffer.from(user['password'] ?? '');
      const fits = chap ? verifyChapPassword(chap.response, own, chap.challenge) : own.equals(Buffer.from(password));
      if (!fits) return fail('invalid-username');
      device.local = { username, by: 'local' };
      return undefined;
    }
    if (this.profile['use-radius'] !== 'true') return fail('invalid-username');
    const error = await this.radius(device, username, password, chap);
    if (error) return fail(error.key, error.original);
    return this.ways.has('cookie') && !chap ? this.newCookie(device, username, password) : undefined;
  }

  private async radius(
    device: Device,
    username: string,
    password: string,
    chap?: { challenge: Buffer; response: Buffer },
  ): Promise<{ key: string; original: string } | undefined> {
    const outcome = await this.router.connectHotspot({
      username,
      password,
      mac: device.mac,
      hostAddress: device.address,
      ...(chap ? { authentication: 'chap', chap } : { authentication: 'pap' }),
    });
    switch (outcome.kind) {
      case 'online':
        return undefined;
      case 'rejected':
        return outcome.messages.length > 0
          ? { key: 'radius-reply', original: outcome.messages.join(' ') }
          : { key: 'invalid-username', original: '' };
      case 'timeout':
        return { key: 'radius-timeout', original: '' };
      case 'failed':
        return { key: outcome.reason === 'pool_empty' ? 'ippool-empty' : 'internal-error', original: outcome.reason };
    }
  }

  private async tryMac(device: Device): Promise<void> {
    await this.router.connectHotspot({
      username: device.mac,
      password: this.profile['mac-auth-password'] ?? '',
      mac: device.mac,
      hostAddress: device.address,
      authentication: 'mac',
    });
  }

  /** A browser that comes back with a cookie is logged in with what it was given for; RADIUS may still say no. */
  private async byCookie(device: Device, request: IncomingMessage, name: string): Promise<string | undefined> {
    if (device.online || name === 'logout' || !this.ways.has('cookie')) return undefined;
    const key = /(?:^|;\s*)userid=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];
    const cookie = key === undefined ? undefined : this.cookies.get(key);
    if (!key || cookie?.mac !== device.mac || cookie.until_ms < this.router.config.clock.now_ms()) return undefined;
    if ((await this.radius(device, cookie.username, cookie.password)) !== undefined) this.cookies.delete(key);
    return undefined;
  }

  private newCookie(device: Device, username: string, password: string): string {
    const key = randomBytes(8).toString('hex');
    const life_s = parseDuration(this.profile['http-cookie-lifetime'] ?? '') ?? 0;
    const until_ms = this.router.config.clock.now_ms() + life_s * 1000;
    this.cookies.set(key, { mac: device.mac, username, password, until_ms });
    return `userid=${key}; path=/; max-age=${life_s}`;
  }

  private get server(): Row {
    const row = this.router.config.rows('/ip/hotspot').find((one) => one['disabled'] !== 'true');
    if (row === undefined) throw new Error('this router has no enabled /ip hotspot');
    return row;
  }

  private get profile(): Row {
    return this.router.config.find('/ip/hotspot/profile', { name: this.server['profile'] ?? 'default' }) ?? {};
  }

  private get ways(): Set<string> {
    return new Set((this.profile['login-by'] ?? '').split(','));
  }

  /** As pages call the router: by its dns-name, or its address. */
  private get host(): string {
    return this.profile['dns-name'] || (this.profile['hotspot-address'] ?? '');
  }

  private isBypassed(device: Device): boolean {
    const rows = this.router.config.rows('/ip/hotspot/ip-binding');
    return rows.some(
      (row) =>
        row['disabled'] !== 'true' && row['type'] === 'bypassed' && row['mac-address']?.toUpperCase() === device.mac,
    );
  }

  private ask(part: { params: URLSearchParams; folder?: string; original: string }): PageAsk {
    const page = { folder: '', host: this.host, redirect: '', error: undefined, ...part };
    return { ...page, redirect: this.linkOf(page, 'login') };
  }

  private linkOf(page: { folder: string; original: string }, name: 'login' | 'status'): string {
    const dst = name === 'login' && page.original !== '' ? `?dst=${encodeURIComponent(page.original)}` : '';
    return `http://${this.host}/${page.folder}${name}${dst}`;
  }

  /** A file of the profile's folder: the override's where that holds any, in the language's folder or above it. */
  private file(folder: string, name: string): Buffer | undefined {
    const { files } = this.router.config;
    const override = this.profile['html-directory-override'] ?? '';
    const root =
      override !== '' && files.hasFolder(override) ? override : (this.profile['html-directory'] ?? 'hotspot');
    const found = files.read(`${root}/${folder}${name}`) ?? files.read(`${root}/${name}`);
    if (found || files.hasFolder(root)) return found;
    const own = defaultPages[name];
    return own === undefined ? undefined : Buffer.from(own);
  }

  private wordsOf(device: Device, page: PageAsk, key: string): string {
    const text = this.file(page.folder, 'errors.txt')?.toString('utf8') ?? '';
    const line = text.split(/\r?\n/).find((one) => one.replace(/\s*=.*/, '') === key);
    const words = line?.slice(line.indexOf('=') + 1).trim() ?? key;
    return renderPage(words, this.valuesFor(device, page)).body;
  }

  private valuesFor(device: Device, page: PageAsk): (name: string) => string {
    const { server, profile } = this;
    const user = this.router.config.find('/ip/hotspot/user/profile', { name: 'default' });
    const world = {
      identity: this.router.identity,
      serverName: server['name'] ?? '',
      interfaceName: server['interface'] ?? '',
      profile,
      refresh_s: parseDuration(user?.['status-autorefresh'] ?? '1m') ?? 0,
      trialOffered: this.ways.has('trial'),
    };
    return variablesOf(world, device, page);
  }

  private render(device: Device, page: PageAsk, names: string[]) {
    for (const name of names) {
      const source = this.file(page.folder, name);
      if (source) return renderPage(source.toString('utf8'), this.valuesFor(device, page));
    }
    return undefined;
  }

  private put(response: ServerResponse, device: Device, page: PageAsk, names: string[]): Promise<void> {
    send(response, this.render(device, page, names));
    return Promise.resolve();
  }

  private putFile(response: ServerResponse, device: Device, page: PageAsk, path: string): Promise<void> {
    const bytes = this.file('', path);
    const ending = path.slice(path.lastIndexOf('.') + 1);
    if (!bytes) return this.put(response, device, page, []);
    response.setHeader('Content-Type', MIME[ending] ?? 'application/octet-stream');
    if (/^(html?|txt|json)$/.test(ending)) {
      send(response, renderPage(bytes.toString('utf8'), this.valuesFor(device, page)));
    } else response.end(bytes);
    return Promise.resolve();
  }
}

function send(response: ServerResponse, rendered: ReturnType<typeof renderPage> | undefined): void {
  if (rendered === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/html' }).end('<html><body>Error 404: Not Found</body></html>');
    return;
  }
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/html');
  response.setHeader('Cache-Control', 'no-cache');
  for (const [name, value] of rendered.headers) response.setHeader(name, value);
  response.writeHead(rendered.status?.code ?? 200, rendered.status?.words ?? 'OK').end(rendered.body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
