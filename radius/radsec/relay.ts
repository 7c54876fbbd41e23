import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { Code, decodePacket, Packet, verifyReply, verifyRequest } from '../packet';
import { carryReply, carryRequest, RADSEC_SECRET } from './rekey';

export interface RelayOptions {
  /** Where enforcers reach this front. */
  bind: string;
  /** The router's secret behind the front. */
  secret: Buffer;
  /** Sends a packet to the router; false when its connection cannot take one now. */
  write(bytes: Buffer): boolean;
}

interface Order {
  key: string;
  /** What went to the router. */
  sent: Packet;
  identifier: number;
  authenticator: Buffer;
  from: RemoteInfo;
  reply: Buffer | undefined;
  timer: NodeJS.Timeout;
}

const IDS = 256;
/** Longer than an enforcer waits. A repeated order within it is the same order, and is not sent twice. */
const REMEMBERED_MS = 10_000;

/**
 * Takes CoA and Disconnect requests (RFC 5176) for one connected router by UDP and carries them through its TLS connection, which the router opened: behind
 * a carrier's NAT nothing else reaches it.
 */
export class Relay {
  private readonly socket: Socket;
  private readonly byId = new Map<number, Order>();
  private readonly byKey = new Map<string, Order>();
  private nextId = 0;
  private closed = false;

  private constructor(private readonly o: RelayOptions) {
    this.socket = createSocket('udp4');
  }

  /** Opens it on a free port. Rejects when there is none. */
  static open(o: RelayOptions): Promise<Relay> {
    const relay = new Relay(o);
    const { socket } = relay;
    return new Promise((resolve, reject) => {
      const refused = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', refused);
      socket.bind(0, o.bind, () => {
        socket.off('error', refused);
        socket.on('error', () => undefined);
        socket.on('message', (datagram, from) => relay.order(datagram, from));
        resolve(relay);
      });
    });
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** A reply of the router; true when it answers an order. Others are nobody's and are dropped (RFC 6613 section 2.6.4). */
  answered(reply: Packet): boolean {
    const order = this.byId.get(reply.identifier);
    // Request 40 is answered by 41 or 42, 43 by 44 or 45.
    const step = reply.code - (order?.sent.code ?? reply.code);
    if (!order || order.reply !== undefined || (step !== 1 && step !== 2)) return false;
    if (verifyReply(reply, order.sent, RADSEC_SECRET) !== 'valid') return false;
    const bytes = Buffer.from(reply.bytes);
    carryReply(bytes, order.identifier, RADSEC_SECRET, this.o.secret, order.sent.authenticator, order.authenticator);
    order.reply = bytes;
    this.send(bytes, order.from);
    return true;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const order of this.byId.values()) clearTimeout(order.timer);
    this.byId.clear();
    this.byKey.clear();
    this.socket.close();
  }

  private order(datagram: Buffer, from: RemoteInfo): void {
    const decoded = decodePacket(datagram);
    if (decoded.kind === 'malformed') return;
    const { packet } = decoded;
    if (packet.code !== Code.CoaRequest && packet.code !== Code.DisconnectRequest) return;
    const key = `${from.address} ${from.port} ${packet.bytes.toString('latin1', 0, 2)}${packet.authenticator.toString('latin1')}`;
    const known = this.byKey.get(key);
    if (known) {
      if (known.reply) this.send(known.reply, from);
      return;
    }
    if (verifyRequest(packet, this.o.secret) !== 'valid') return;
    const id = this.freeId();
    // The enforcer keeps far fewer orders under way; it hears silence and tries again.
    if (id === undefined) return;
    const bytes = Buffer.from(packet.bytes);
    carryRequest(bytes, id, this.o.secret, RADSEC_SECRET);
    if (!this.o.write(bytes)) return;
    const order: Order = {
      key,
      sent: new Packet(bytes),
      identifier: packet.identifier,
      authenticator: Buffer.from(packet.authenticator),
      from,
      reply: undefined,
      timer: setTimeout(() => this.forget(id, order), REMEMBERED_MS),
    };
    this.byId.set(id, order);
    this.byKey.set(key, order);
  }

  private forget(id: number, order: Order): void {
    this.byId.delete(id);
    this.byKey.delete(order.key);
  }

  private freeId(): number | undefined {
    for (let step = 0; step < IDS; step += 1) {
      const id = (this.nextId + step) % IDS;
      if (this.byId.has(id)) continue;
      this.nextId = (id + 1) % IDS;
      return id;
    }
    return undefined;
  }

  private send(bytes: Buffer, to: RemoteInfo): void {
    if (!this.closed) this.socket.send(bytes, to.port, to.address, () => undefined);
  }
}
