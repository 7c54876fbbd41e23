import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands before Lango, as a web server would: its address can be told before Lango's own port is known. */
export interface Front {
  /** For `publicUrl` or LANGO_PUBLIC_URL. */
  url: string;
  port: number;
  /** Passes everything on to this address from now on. */
  leadTo(baseUrl: string): void;
  stop(): Promise<void>;
}

export async function startFront(): Promise<Front> {
  let target = 'http://127.0.0.1:9';
  const server = createServer((asked, response) => {
    const call = request(new URL(asked.url ?? '/', target), { method: asked.method, headers: asked.headers });
    call.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    call.on('error', () => response.destroy());
    response.on('close', () => call.destroy());
    asked.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    leadTo: (baseUrl) => void (target = baseUrl),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
