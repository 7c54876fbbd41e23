import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  text: string;
}

/** A text is sent as HTML, undefined as nothing. `cut`: the connection breaks instead. */
export type Answer = { status: number; body: unknown } | 'cut';

/** A provider's API over real HTTP on a free port of this machine, that also calls back. */
export abstract class SimulatedServer {
  /** Every request that came, for tests that count. */
  readonly requests: Asked[] = [];
  /** Takes requests and answers none. */
  silent = false;
  baseUrl = '';
  /** Where the addresses that were handed over are reached from here, as `http://127.0.0.1:1234`; as they stand without it. */
  reach: string | undefined;
  private server: Server | undefined;

  /** Undefined: the connection stays open and nothing is said. */
  protected abstract answer(asked: Asked): Answer | undefined | Promise<Answer | undefined>;

  async start(port = 0): Promise<void> {
    const server = createServer((req, res) => void this.serve(req, res));
    this.server = server;
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
    this.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Nobody listens at its address any more. */
  async goDown(): Promise<void> {
    await SimulatedServer.prototype.stop.call(this);
  }

  /** Listens at its old address again, as soon as nobody else has it. */
  async comeBack(): Promise<void> {
    const { port } = new URL(this.baseUrl);
    await until(
      () =>
        this.start(Number(port)).then(
          () => true,
          () => false,
        ),
      (listens) => listens,
    );
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }

  /** Calls an address that was handed over. */
  async post(
    url: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(this.reach === undefined ? url : this.reach + new URL(url).pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    if (this.silent) return;
    const url = new URL(req.url ?? '/', this.baseUrl);
    const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
    const asked: Asked = {
      method: req.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers,
      text: Buffer.concat(parts).toString('utf8'),
    };
    this.requests.push(asked);
    const answer = await this.answer(asked);
    if (answer === undefined) return;
    if (answer === 'cut') {
      req.socket.destroy();
      return;
    }
    res.statusCode = answer.status;
    if (typeof answer.body === 'string') res.setHeader('content-type', 'text/html').end(answer.body);
    else if (answer.body === undefined) res.end();
    else res.setHeader('content-type', 'application/json').end(JSON.stringify(answer.body));
  }
}
