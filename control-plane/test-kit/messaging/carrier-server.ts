import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a simulated carrier was asked. */
export interface Asked {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** An answer, or one of the ways to give none: `silent` takes the request and never answers, `cut` breaks the connection off after it. */
export type Reply = { status: number; body: string; headers?: Record<string, string> } | 'silent' | 'cut';

export interface CarrierServer {
  url: string;
  /** Everything that was asked, in order. */
  asked: Asked[];
  /** Answers this to the next requests, one each, before it goes on as usual. */
  next(...replies: Reply[]): void;
  stop(): Promise<void>;
}

/** A carrier's HTTP interface on a free port of this machine. `usual` answers what no fault was ordered for. */
export async function startCarrierServer(usual: (asked: Asked) => Reply): Promise<CarrierServer> {
  const asked: Asked[] = [];
  const ordered: Reply[] = [];
  const server: Server = createServer((req, res) => {
    void read(req).then((body) => {
      const one = { path: req.url ?? '', headers: req.headers as Record<string, string>, body };
      asked.push(one);
      answer(req, res, ordered.shift() ?? usual(one));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    next: (...replies) => void ordered.push(...replies),
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function read(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function answer(req: IncomingMessage, res: ServerResponse, reply: Reply): void {
  if (reply === 'silent') return;
  if (reply === 'cut') req.socket.destroy();
  else res.writeHead(reply.status, reply.headers ?? { 'content-type': 'application/json' }).end(reply.body);
}
