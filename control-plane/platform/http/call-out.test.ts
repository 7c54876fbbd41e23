import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callOut, type CallOut } from './call-out';

const KEY = 'a-key-that-nobody-may-read';
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
const call = (url: string, more: Partial<CallOut> = {}) =>
  callOut({ method: 'POST', url, headers: { authorization: KEY }, body: '{}', timeout_ms: 30_000, ...more });

test('an answer without an end is read to a million bytes, and let go', async () => {
  let left = false;
  let close: () => void;
  const closed = new Promise<void>((done) => (close = done));
  const url = await serve((_req, res) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const go = (): void => {
      while (!left && res.write(piece));
    };
    res.on('drain', go).on('close', () => {
      left = true;
      close();
    });
    go();
  });
  const answer = await call(url);
  expect(answer).toMatchObject({ kind: 'answered', status: 200, json: undefined });
  expect(answer.kind === 'answered' && answer.text).toHaveLength(1_000_000);
  await closed;
});

test('the time allowed is for the whole answer, however it drips', async () => {
  const url = await serve((_req, res) => {
    const drip = setInterval(() => res.write(' '), 20);
    res.on('close', () => clearInterval(drip));
  });
  expect(await call(url, { timeout_ms: 400 })).toEqual({ kind: 'silent', code: 'timeout' });
});

test('what was never sent is told from what may have been; neither tells the key', async () => {
  const cut = await serve((req) => req.socket.destroy());
  const broken = await call(cut);
  expect(broken.kind).toBe('silent');
  const gone = await serve(() => undefined);
  await new Promise((closed) => servers.pop()?.close(closed));
  const away = await call(gone);
  expect(away).toEqual({ kind: 'unsent', code: 'ECONNREFUSED' });
  // TLS with somebody who does not speak it.
  const plain = await serve((_req, res) => res.end());
  expect(await call(plain.replace('http:', 'https:'))).toMatchObject({ kind: 'unsent' });
  expect(JSON.stringify([broken, away])).not.toContain(KEY);
});

test('a redirect is an answer, and the key goes nowhere else', async () => {
  const asked: string[] = [];
  const other = await serve((req, res) => {
    asked.push(req.url ?? '');
    res.end();
  });
  const url = await serve((_req, res) => res.writeHead(307, { location: other }).end('{"a":1}'));
  expect(await call(url)).toMatchObject({ kind: 'answered', status: 307, json: { a: 1 } });
  expect(asked).toEqual([]);
});
