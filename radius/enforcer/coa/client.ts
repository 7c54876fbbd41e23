import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { get } from '../../attributes';
import { type Code, decodePacket, Packet, PacketBuilder, verifyReply } from '../../packet';

/** How a router answered. `ms` runs from the first datagram. `aborted`: the client was closed first. */
export type Answer =
  | { outcome: 'ack' | 'nak'; errorCause: number | null; ms: number }
  | { outcome: 'silence'; ms: number; refusedReplies: number }
  | { outcome: 'aborted' };

/** A CoA or Disconnect request, whichever way it goes. */
export interface Order {
  secret: Buffer;
  /** While its secret is being replaced: the router may hold this one instead. */
  otherSecret?: Buffer;
  code: typeof Code.DisconnectRequest | typeof Code.CoaRequest;
  /** Writes the attributes. */
  write(builder: PacketBuilder): void;
}

export interface Exchange extends Order {
  address: string;
  port: number;
}

export interface CoaClientOptions {
  /** Local address that routers know us by; 0.0.0.0 lets the system choose. */
  bind: string;
  /** Milliseconds after which the same octets are sent again; the last one is the wait for a late answer. */
  resendAfterMs: readonly number[];
}

interface Pending {
  exchange: Exchange;
  /** The same request once for each secret that may be right; a router drops what its own does not fit. */
  requests: readonly { packet: Packet; secret: Buffer }[];
  sent: number;
  startedAt: number;
  refusedReplies: number;
  timer: NodeJS.Timeout | undefined;
  settle(answer: Answer): void;
}

interface Destination {
  nextId: number;
  pending: Map<number, Pending>;
}

/**
 * Sends CoA and Disconnect requests over one shared socket per address family and waits for verified answers (RFC 5176).
 * Up to 256 exchanges with one router at a time; callers keep far fewer.
 */
export class CoaClient {
  private readonly sockets = new Map<'udp4' | 'udp6', Promise<Socket>>();
  private readonly destinations = new Map<string, Destination>();
  private closed = false;

  constructor(private readonly options: CoaClientOptions) {}

  /** One exchange, resent with identical octets. Never throws for what a network does: that is silence. */
  async request(exchange: Exchange): Promise<Answer> {
    const socket = await this.socket(isIPv6(exchange.address) ? 'udp6' : 'udp4');
    if (this.closed) return { outcome: 'aborted' };
    const key = `${exchange.address} ${exchange.port}`;
    const destination = this.destinations.get(key) ?? { nextId: 0, pending: new Map<number, Pending>() };
    this.destinations.set(key, destination);
    const id = freeId(destination);
    const { secret, otherSecret } = exchange;
    const requests = [secret, ...(otherSecret ? [otherSecret] : [])].map((one) => {
      const builder = PacketBuilder.request(exchange.code, id);
      exchange.write(builder);
      return { packet: new Packet(builder.seal(one)), secret: one };
    });
    return new Promise((resolve) => {
      const pending: Pending = {
        exchange,
        requests,
        sent: 0,
        startedAt: performance.now(),
        refusedReplies: 0,
        timer: undefined,
        settle: (answer) => {
          clearTimeout(pending.timer);
          destination.pending.delete(id);
          resolve(answer);
        },
      };
      destination.pending.set(id, pending);
      this.send(socket, pending);
    });
  }

  /** Ends all exchanges as aborted and frees the sockets. */
  async close(): Promise<void> {
    this.closed = true;
    for (const destination of this.destinations.values()) {
      for (const pending of destination.pending.values()) pending.settle({ outcome: 'aborted' });
    }
    const sockets = await Promise.allSettled(this.sockets.values());
    for (const socket of sockets) if (socket.status === 'fulfilled') socket.value.close();
    this.sockets.clear();
  }

  private send(socket: Socket, pending: Pending): void {
    const waitMs = this.options.resendAfterMs[pending.sent];
    if (waitMs === undefined) {
      pending.settle({
        outcome: 'silence',
        ms: elapsed(pending),
        refusedReplies: pending.refusedReplies,
      });
      return;
    }
    pending.sent += 1;
    const { address, port } = pending.exchange;
    // An unreachable network is silence: the next try may find it mended.
    if (!this.closed)
      for (const { packet } of pending.requests) socket.send(packet.bytes, port, address, () => undefined);
    pending.timer = setTimeout(() => this.send(socket, pending), waitMs);
  }

  private receive(datagram: Buffer, from: RemoteInfo): void {
    const decoded = decodePacket(datagram);
    if (decoded.kind === 'malformed') return;
    const reply = decoded.packet;
    const pending = this.destinations.get(`${from.address} ${from.port}`)?.pending.get(reply.identifier);
    if (pending === undefined) return;
    // Request 40 is answered by 41 or 42, 43 by 44 or 45 (RFC 5176 section 2.3).
    const step = reply.code - pending.exchange.code;
    if (step !== 1 && step !== 2) return;
    if (!pending.requests.some(({ packet, secret }) => verifyReply(reply, packet, secret) === 'valid')) {
      pending.refusedReplies += 1;
      return;
    }
    const cause = get(reply, 'Error-Cause');
    pending.settle({ outcome: step === 1 ? 'ack' : 'nak', errorCause: cause ?? null, ms: elapsed(pending) });
  }

  private socket(family: 'udp4' | 'udp6'): Promise<Socket> {
    const open = this.sockets.get(family);
    if (open !== undefined) return open;
    const opening = this.open(family);
    this.sockets.set(family, opening);
    opening.catch(() => this.sockets.delete(family));
    return opening;
  }

  private open(family: 'udp4' | 'udp6'): Promise<Socket> {
    const socket = createSocket(family);
    const sameFamily = isIPv6(this.options.bind) === (family === 'udp6');
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(sameFamily ? { address: this.options.bind, port: 0 } : { port: 0 }, () => {
        socket.removeAllListeners('error');
        // A failed send reaches its own callback; nothing else is expected here, and nothing here may end the process.
        socket.on('error', () => undefined);
        socket.on('message', (datagram, from) => this.receive(datagram, from));
        resolve(socket);
      });
    });
  }
}

/** Identifiers go round, so that one is used again as late as possible: a router answers a repeated one from its cache. */
function freeId(destination: Destination): number {
  for (let step = 0; step < 256; step += 1) {
    const id = (destination.nextId + step) % 256;
    if (destination.pending.has(id)) continue;
    destination.nextId = (id + 1) % 256;
    return id;
  }
  throw new Error('more than 256 exchanges with one router: the window of the enforcer is not kept');
}

function elapsed(pending: Pending): number {
  return Math.round(performance.now() - pending.startedAt);
}
