import { createSocket, type Socket } from 'node:dgram';
import { Code, decodePacket, Packet, verifyReply } from '../packet';
import { carryReply, carryRequest } from './rekey';

/** A server behind us. */
export interface Server {
  host: string;
  port: number;
}

export interface LegOptions {
  /** The router's own loopback address: its packets come from there. */
  from: string;
  to: Server;
  /** Shared with the servers behind us, for this router. */
  secret: Buffer;
  /** Shared with the router itself. */
  near: Buffer;
  /** Milliseconds between datagrams of one request; after the last one it is given up. */
  resendAfterMs: readonly number[];
}

interface InFlight {
  sent: Packet;
  /** As it came, for the answer. */
  identifier: number;
  authenticator: Buffer;
  tries: number;
  timer: NodeJS.Timeout | undefined;
  answer: ((reply: Buffer | undefined) => void) | undefined;
}

interface Port {
  socket: Socket;
  inFlight: Map<number, InFlight>;
  nextId: number;
}

const IDS = 256;
/** Sockets of one leg; each has 256 identifiers. */
const MOST_PORTS = 4;

/**
 * Requests of one router to one server behind us, by UDP from the router's loopback address. Identifiers are ours: several sockets, so that
 * requests that nobody answers do not hold up the others. UDP may lose what has been taken from the router, so each is sent again until it is answered.
 */
export class Leg {
  private readonly ports: Port[] = [];
  private opening: Promise<void> | undefined;
  private closed = false;
  private count = 0;

  constructor(private readonly o: LegOptions) {}

  /** Requests that wait for an answer. */
  get inFlight(): number {
    return this.count;
  }

  /** Whether another request can be taken. */
  get hasRoom(): boolean {
    return this.count < IDS * MOST_PORTS;
  }

  /**
   * Forwards a request of the router (its octets are changed) and calls `answer` once: with the reply for the router, or with undefined when none
   * came. Gives a function that forgets the answer.
   */
  send(bytes: Buffer, answer: (reply: Buffer | undefined) => void): () => void {
    const identifier = bytes[1]!;
    const authenticator = Buffer.from(bytes.subarray(4, 20));
    const entry: InFlight = { sent: new Packet(bytes), identifier, authenticator, tries: 0, timer: undefined, answer };
    this.count += 1;
    void this.place(entry, bytes);
    return () => {
      entry.answer = undefined;
    };
  }

  /** No answer is given any more. */
  close(): void {
    this.closed = true;
    for (const port of this.ports) {
      for (const entry of port.inFlight.values()) clearTimeout(entry.timer);
      port.inFlight.clear();
      port.socket.close();
    }
    this.ports.length = 0;
  }

  private async place(entry: InFlight, bytes: Buffer): Promise<void> {
    let port = this.free();
    while (port === undefined && !this.closed) {
      this.opening ??= this.open().finally(() => {
        this.opening = undefined;
      });
      try {
        await this.opening;
      } catch {
        this.count -= 1;
        entry.answer?.(undefined);
        return;
      }
      port = this.free();
    }
    if (port === undefined || this.closed) return;
    const id = freeId(port);
    carryRequest(bytes, id, this.o.near, this.o.secret);
    port.inFlight.set(id, entry);
    this.transmit(port, id, entry);
  }

  private free(): Port | undefined {
    return this.ports.find((port) => port.inFlight.size < IDS);
  }

  private transmit(port: Port, id: number, entry: InFlight): void {
    const wait_ms = this.o.resendAfterMs[entry.tries];
    if (wait_ms === undefined) return this.settle(port, id, entry, undefined);
    entry.tries += 1;
    // A server that is being started again refuses; the next try finds it.
    port.socket.send(entry.sent.bytes, () => undefined);
    entry.timer = setTimeout(() => this.transmit(port, id, entry), wait_ms);
  }

  private receive(port: Port, datagram: Buffer): void {
    const decoded = decodePacket(datagram);
    if (decoded.kind === 'malformed') return;
    const reply = decoded.packet;
    const entry = port.inFlight.get(reply.identifier);
    if (!entry || !answers(reply.code, entry.sent.code)) return;
    if (verifyReply(reply, entry.sent, this.o.secret) !== 'valid') return;
    const bytes = Buffer.from(reply.bytes);
    carryReply(bytes, entry.identifier, this.o.secret, this.o.near, entry.sent.authenticator, entry.authenticator);
    this.settle(port, reply.identifier, entry, bytes);
  }

  private settle(port: Port, id: number, entry: InFlight, reply: Buffer | undefined): void {
    clearTimeout(entry.timer);
    port.inFlight.delete(id);
    this.count -= 1;
    entry.answer?.(reply);
  }

  private open(): Promise<void> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    return new Promise((resolve, reject) => {
      const refused = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', refused);
      socket.bind(0, this.o.from, () =>
        socket.connect(this.o.to.port, this.o.to.host, (error?: Error) => {
          if (error) return refused(error);
          socket.off('error', refused);
          // Connection refused, told of an earlier datagram: the timer sends again.
          socket.on('error', () => undefined);
          if (this.closed) {
            socket.close();
            return resolve();
          }
          // Random, so that after a restart of ours no identifier meets an answer of before from the same port.
          const port: Port = { socket, inFlight: new Map(), nextId: Math.floor(Math.random() * IDS) };
          socket.on('message', (datagram) => this.receive(port, datagram));
          this.ports.push(port);
          resolve();
        }),
      );
    });
  }
}

/** Identifiers go round, so that one is used again as late as possible. */
function freeId(port: Port): number {
  for (let step = 0; step < IDS; step += 1) {
    const id = (port.nextId + step) % IDS;
    if (port.inFlight.has(id)) continue;
    port.nextId = (id + 1) % IDS;
    return id;
  }
  throw new Error('a socket with 256 requests in flight was given one more');
}

function answers(reply: number, request: number): boolean {
  if (request === Code.AccountingRequest) return reply === Code.AccountingResponse;
  const access = reply === Code.AccessAccept || reply === Code.AccessReject || reply === Code.AccessChallenge;
  return request === Code.StatusServer ? reply === Code.AccessAccept || reply === Code.AccountingResponse : access;
}
