import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a part and Postgres: lets through, holds everything still, or is not there at all. */
export class Cable {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;
  private held = false;
  private target = { host: '', port: 0 };

  /** @param bind where it is entered */
  constructor(private readonly bind = '127.0.0.1') {}

  /** The way to `url` through this cable. */
  async lay(url: string): Promise<string> {
    const straight = new URL(url);
    this.target = { host: straight.hostname, port: Number(straight.port) };
    await this.plug();
    straight.hostname = this.bind;
    straight.port = String(this.port);
    return straight.href;
  }

  async plug(): Promise<void> {
    if (this.server) return;
    this.server = createServer((near) => this.join(near)).listen(this.port, this.bind);
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Connections break and new ones are refused, as when Postgres has ended. */
  async unplug(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    const closed = new Promise((done) => (server ? server.close(done) : done(undefined)));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Nothing breaks and nothing moves, as when Postgres is stopped or its disk hangs. New connections are accepted and never answered. */
  hold(): void {
    this.held = true;
    for (const socket of this.sockets) socket.pause();
  }

  release(): void {
    this.held = false;
    for (const socket of this.sockets) socket.resume();
  }

  private join(near: Socket): void {
    const far = connect(this.target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (part) => to.write(part));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.held) from.pause();
    }
  }
}
