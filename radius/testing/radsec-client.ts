import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { decodePacket, type Packet } from '../packet';
import { Framing } from '../radsec/framing';

/** How a router sees the RadSec port. */
export interface RadsecRouterOptions {
  host: string;
  port: number;
  ca: string;
  cert?: string;
  key?: string;
  tls?: ConnectionOptions;
  /** Answers CoA and Disconnect requests; undefined is silence. */
  onOrder?: (request: Packet) => Buffer | undefined;
}

/** A router's side of a RadSec connection: many requests in flight, matched by identifier and kind. */
export class RadsecRouter {
  private readonly framing = new Framing();
  private readonly waiting = new Map<number, (reply: Packet) => void>();
  readonly closed: Promise<void>;
  private isClosed = false;

  private constructor(
    readonly socket: TLSSocket,
    onOrder: (request: Packet) => Buffer | undefined,
  ) {
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
    // One listener per request in flight.
    socket.setMaxListeners(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.framing.give(chunk);
      for (let frame = this.framing.take(); frame.kind === 'packet'; frame = this.framing.take()) {
        const decoded = decodePacket(frame.bytes);
        if (decoded.kind === 'malformed') throw new Error(`the front sent a malformed packet: ${decoded.reason}`);
        const { packet } = decoded;
        const order = packet.code === 40 || packet.code === 43;
        const reply = order ? onOrder(packet) : undefined;
        if (reply) socket.write(reply);
        if (order) continue;
        const key = keyOf(packet.code === 5 ? 4 : 1, packet.identifier);
        this.waiting.get(key)?.(packet);
        this.waiting.delete(key);
      }
    });
  }

  /** Connects; rejects with TLS' own words when that is refused before anything is sent. */
  static connect(o: RadsecRouterOptions): Promise<RadsecRouter> {
    const { host, port, ca, cert, key } = o;
    const socket = connect({ host, port, ca, cert, key, minVersion: 'TLSv1.2', ...o.tls });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        resolve(new RadsecRouter(socket, o.onOrder ?? (() => undefined)));
      });
    });
  }

  get open(): boolean {
    return !this.isClosed;
  }

  /** Sends a request; the reply, or undefined after `timeout_ms` or when the connection ends. */
  ask(request: Buffer, timeout_ms = 10_000): Promise<Packet | undefined> {
    const key = keyOf(request[0] === 4 ? 4 : 1, request[1]!);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeout_ms);
      const done = (reply: Packet | undefined): void => {
        clearTimeout(timer);
        resolve(reply);
      };
      this.waiting.set(key, done);
      this.socket.once('close', () => done(undefined));
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

const keyOf = (kind: number, identifier: number): number => (kind << 8) | identifier;
