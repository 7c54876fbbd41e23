import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the system gives to whoever asks for any (ip_local_port_range), so that nobody is given one of these before it is used. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** Different ports of `bind` on which nobody listens, by TCP or UDP. Taken at random, because other tests take theirs meanwhile. */
export async function freePorts(count: number, bind = '127.0.0.1'): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!ports.has(port) && (await isFree(port, bind))) ports.add(port);
  }
  return [...ports];
}

/** One of them. */
export async function freePort(bind?: string): Promise<number> {
  const [port = 0] = await freePorts(1, bind);
  return port;
}

async function isFree(port: number, bind: string): Promise<boolean> {
  const server = createServer();
  const socket = createSocket(bind.includes(':') ? 'udp6' : 'udp4');
  try {
    await Promise.all([once(server.listen(port, bind), 'listening'), once(socket.bind(port, bind), 'listening')]);
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((closed) => server.close(closed));
    await new Promise<void>((closed) => {
      try {
        socket.close(() => closed());
      } catch {
        closed();
      }
    });
  }
}
