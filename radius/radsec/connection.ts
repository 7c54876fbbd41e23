import type { TLSSocket } from 'node:tls';
import { Code, decodePacket, type Packet, PacketBuilder, verifyRequest } from '../packet';
import { Framing } from './framing';
import { Leg, type Server } from '../relay';
import type { QuietLog } from './log';
import { Orders, type OrderAnswer } from './orders';
import { plainAddress } from './peer';
import { RADSEC_SECRET } from './secret';

/** A certificate that opens a connection, and the router it speaks for. */
export interface KnownCertificate {
  fingerprint: string;
  certificateId: string;
  nasId: string;
  name: string;
  /** The router's loopback address. */
  address: string;
  secret: Buffer;
  notAfter_ms: number;
}

export interface ConnectionOptions {
  socket: TLSSocket;
  certificate: KnownCertificate;
  authentication: Server;
  accounting: Server;
  log: QuietLog;
}

/** Answers that the router does not read: reading its requests stops at the first, and the connection ends at the second. */
const MOST_UNSENT_BYTES = 1 << 20;
const ENDS_AT_UNSENT_BYTES = 4 << 20;
/** A router gives up after 3 to 10 s; a later answer finds nobody. */
const AUTHENTICATION_RESEND_MS = [500, 1000, 2000, 3000, 3500];
/** Longer, because the listener may be started again meanwhile and the router has no other copy than its own. */
const ACCOUNTING_RESEND_MS = [500, 1000, 2000, 4000, 8000, 15_000];

/**
 * One TLS connection of a router. Access-Requests go to FreeRADIUS, Accounting-Requests to the listener, orders come back the other way; nothing is
 * answered here but Status-Server, so nothing is acknowledged that is not durable.
 */
export class Connection {
  readonly since_ms = performance.now();
  /** Bytes were last heard of at this moment. */
  heard_ms = performance.now();
  readonly certificate: KnownCertificate;
  readonly peer: string;
  readonly protocol: string;
  private readonly socket: TLSSocket;
  private readonly framing = new Framing();
  private readonly authentication: Leg;
  private readonly accounting: Leg;
  private readonly inHand = new Map<number, { authenticator: Buffer; forget: () => void }>();
  private readonly orders: Orders;
  private draining = false;
  private ended = false;

  constructor(private readonly o: ConnectionOptions) {
    const { socket, certificate } = o;
    this.socket = socket;
    this.certificate = certificate;
    this.peer = `${plainAddress(socket.remoteAddress ?? '')} ${socket.remotePort ?? ''}`.trim();
    this.protocol = socket.getProtocol() ?? '';
    const { address: from, secret } = certificate;
    const way = { from, secret, near: RADSEC_SECRET };
    this.authentication = new Leg({ ...way, to: o.authentication, resendAfterMs: AUTHENTICATION_RESEND_MS });
    this.accounting = new Leg({ ...way, to: o.accounting, resendAfterMs: ACCOUNTING_RESEND_MS });
    this.orders = new Orders((bytes) => {
      if (this.ended || socket.writableLength > MOST_UNSENT_BYTES) return false;
      socket.write(bytes);
      return true;
    });
    socket.on('drain', () => this.pump());
    socket.on('data', (chunk: Buffer) => {
      this.heard_ms = performance.now();
      this.framing.give(chunk);
      this.pump();
    });
  }

  /** Not closed, as far as is known here. */
  get open(): boolean {
    return !this.ended;
  }

  /** Sends the router an order; false when that cannot be done now. `answered` is called at most once. */
  order(request: Buffer, answered: (answer: OrderAnswer) => void): boolean {
    return this.orders.give(request, answered);
  }

  /** Requests that wait for an answer. */
  get inFlight(): number {
    return this.authentication.inFlight + this.accounting.inFlight;
  }

  /** No more requests are taken; those in hand may still be answered. */
  drain(): void {
    this.draining = true;
    this.socket.pause();
  }

  /** Ends it at once, with what is written already. */
  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.orders.close();
    this.authentication.close();
    this.accounting.close();
    this.inHand.clear();
    this.socket.end();
    // A peer that does not close its side in turn is not waited for.
    setTimeout(() => this.socket.destroy(), 500).unref();
  }

  /** Takes what has come, as long as there is room for it; TCP holds up the router beyond that. */
  private pump(): void {
    while (!this.ended && this.hasRoom()) {
      const frame = this.framing.take();
      if (frame.kind === 'packet') this.take(frame.bytes);
      else if (frame.kind === 'broken') this.refuse('a length that is impossible');
      else break;
    }
    if (this.ended || this.draining) return;
    if (this.hasRoom()) this.socket.resume();
    else this.socket.pause();
  }

  private hasRoom(): boolean {
    const unsent = this.socket.writableLength;
    return this.authentication.hasRoom && this.accounting.hasRoom && unsent <= MOST_UNSENT_BYTES;
  }

  /** RFC 6613 section 2.6.4: what breaks the protocol ends the connection; codes that are not known are passed over. */
  private take(bytes: Buffer): void {
    const decoded = decodePacket(bytes);
    if (decoded.kind === 'malformed') return this.refuse('a malformed packet');
    const { packet } = decoded;
    switch (packet.code) {
      case Code.DisconnectAck:
      case Code.DisconnectNak:
      case Code.CoaAck:
      case Code.CoaNak:
        this.orders.reply(packet);
        return;
      case Code.AccessRequest:
      case Code.AccountingRequest:
      case Code.StatusServer:
        break;
      default:
        return;
    }
    const verdict = verifyRequest(packet, RADSEC_SECRET);
    if (verdict === 'valid') this.forward(packet);
    else this.refuse(`${verdict}: the shared secret of RadSec is "radsec" (RFC 6614), set it on the router`);
  }

  private forward(packet: Packet): void {
    const key = (packet.code << 8) | packet.identifier;
    const before = this.inHand.get(key);
    // Sent again although TCP loses nothing: the first one's answer is under way.
    if (before?.authenticator.equals(packet.authenticator)) return;
    // The identifier is used again: the router no longer waits for the first.
    before?.forget();
    const authenticator = Buffer.from(packet.authenticator);
    const answer = (reply: Buffer | undefined): void => {
      this.inHand.delete(key);
      if (reply) this.write(reply);
      this.pump();
    };
    const forget =
      packet.code === Code.StatusServer
        ? this.askBoth(packet, answer)
        : (packet.code === Code.AccessRequest ? this.authentication : this.accounting).send(packet.bytes, answer);
    this.inHand.set(key, { authenticator, forget });
  }

  /** RFC 6614 section 2.6: alive while either part behind us is, because one connection carries both and silence would have the router drop it. */
  private askBoth(packet: Packet, answer: (reply: Buffer | undefined) => void): () => void {
    let open = 2;
    const heard = (reply: Buffer | undefined): void => {
      open -= 1;
      if (reply) forgets.forEach((forget) => forget());
      if (reply) answer(PacketBuilder.reply(packet, Code.AccessAccept).addMessageAuthenticator().seal(RADSEC_SECRET));
      else if (open === 0) answer(undefined);
    };
    const forgets = [this.authentication, this.accounting].map((leg) => leg.send(Buffer.from(packet.bytes), heard));
    return () => forgets.forEach((forget) => forget());
  }

  private write(bytes: Buffer): void {
    if (this.ended) return;
    if (this.socket.writableLength > ENDS_AT_UNSENT_BYTES) return this.refuse('answers that it does not read');
    this.socket.write(bytes);
  }

  private refuse(what: string): void {
    const { name: router } = this.certificate;
    this.o.log.warn(
      `${this.certificate.nasId} ${what}`,
      { router, peer: this.peer },
      `RadSec: the connection of a router is ended because of ${what}`,
    );
    this.close();
  }
}
