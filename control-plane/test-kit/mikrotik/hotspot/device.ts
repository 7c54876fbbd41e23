import { randomBytes } from 'node:crypto';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Session } from '../session';

/** What the hotspot knows of a device in its network, and does for it. */
export interface DeviceNetwork {
  /** The router itself is meant. */
  isRouter(host: string): boolean;
  mayPass(device: Device, wanted: { host: string; port: number; method?: string; path?: string }): boolean;
  /** Where a name of the outside world really is; undefined: nowhere. */
  resolve(host: string, port: number): { host: string; port: number } | undefined;
  /** Answers what is for the router, and what it will not let through. */
  serve(device: Device, request: IncomingMessage, url: URL, response: ServerResponse): Promise<void>;
  sessionOf(device: Device): Session | undefined;
}

export interface ChapChallenge {
  id: number;
  octets: Buffer;
}

/**
 * A phone in a hotspot's network. Whatever it sends passes the router, so a browser behind it is one with this proxy:
 * `browser.newContext({ proxy: { server: device.proxy, bypass: '<-loopback>' } })`.
 */
export class Device {
  /** What a login page last handed out to it. */
  challenge: ChapChallenge | undefined;
  /** Logged in without RADIUS: by a user of the router's own, or on trial. */
  local: { username: string; by: 'trial' | 'local' } | undefined;
  trialUsed = false;
  /** Requests that passed to the outside world, and those that the router answered: `GET http://host/path`. */
  readonly passed: string[] = [];
  readonly answered: string[] = [];
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  constructor(
    readonly mac: string,
    readonly address: string,
    private readonly network: DeviceNetwork,
  ) {}

  /** The proxy that its browser uses. */
  get proxy(): string {
    if (this.server === undefined) throw new Error(`${this.mac} has left`);
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get session(): Session | undefined {
    return this.network.sessionOf(this);
  }

  get online(): boolean {
    return this.session !== undefined || this.local !== undefined;
  }

  newChallenge(): ChapChallenge {
    const [id = 0] = randomBytes(1);
    this.challenge = { id, octets: randomBytes(16) };
    return this.challenge;
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => {
      this.request(request, response).catch(() => response.destroy());
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    server.on('connect', (request: IncomingMessage, socket: Duplex) => this.tunnel(request.url ?? '', socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.server = server;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  private async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'nowhere'}`);
    const { method = 'GET' } = request;
    const port = Number(url.port || 80);
    const wanted = { host: url.hostname, port, method, path: url.pathname };
    const isOurs = this.network.isRouter(url.hostname) && port === 80;
    if (isOurs || !this.network.mayPass(this, wanted)) {
      this.answered.push(`${method} ${url.href}`);
      return this.network.serve(this, request, url, response);
    }
    this.passed.push(`${method} ${url.href}`);
    this.forward(request, url, response);
  }

  private forward(request: IncomingMessage, url: URL, response: ServerResponse): void {
    const to = this.network.resolve(url.hostname, Number(url.port || 80));
    if (to === undefined) return void response.writeHead(502).end('no such host');
    const headers = { ...request.headers };
    delete headers['proxy-connection'];
    const call = httpRequest(
      { ...to, method: request.method, path: url.pathname + url.search, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        let down = 0;
        answer.on('data', (part: Buffer) => (down += part.length));
        answer.on('end', () => this.session?.addTraffic(Number(request.headers['content-length'] ?? 0) + 400, down));
        answer.pipe(response);
      },
    );
    call.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.on('close', () => call.destroy());
    request.pipe(call);
  }

  /** HTTPS: passed on unseen, or reset. */
  private tunnel(target: string, socket: Duplex): void {
    const [, host = '', port = '443'] = /^\[?(.+?)\]?:(\d+)$/.exec(target) ?? [];
    const to = this.network.mayPass(this, { host, port: Number(port) })
      ? this.network.resolve(host, Number(port))
      : undefined;
    if (to === undefined) return void socket.destroy();
    this.passed.push(`CONNECT ${target}`);
    const out = connect(to.port, to.host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      out.pipe(socket);
      socket.pipe(out);
    });
    out.on('error', () => socket.destroy());
    socket.on('error', () => out.destroy());
    socket.on('close', () => out.destroy());
  }
}
