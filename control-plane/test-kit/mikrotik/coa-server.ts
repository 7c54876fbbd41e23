import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { add, listAttributes, valueNumber } from '../../../radius/attributes';
import { Code, decodePacket, type Packet, PacketBuilder, verifyRequest } from '../../../radius/packet';
import type { CoaOutcome } from './events';
import type { Faults } from './faults';
import type { Profile } from './profile';

/** A CoA or Disconnect that came from a server with the right secret, and what to answer. */
export type CoaHandler = (request: Packet, from: string) => Exclude<CoaOutcome, { kind: 'silence' }>;

export interface CoaServerOptions {
  address: string;
  port: number;
  /** Secrets by the addresses that may send; the `/radius` rows. */
  secrets: ReadonlyMap<string, Buffer>;
  profile: Profile;
  identity: string;
  errorCauseInNak: boolean;
  repeatReply: boolean;
  faults: Faults;
  handle: CoaHandler;
  /** Told of every datagram that did not reach the handler. */
  onSilence: (packet: Packet | undefined, from: string, why: Extract<CoaOutcome, { kind: 'silence' }>['why']) => void;
}

/** The counters of `/radius incoming monitor`. */
export interface CoaStatistics {
  requests: number;
  badRequests: number;
  acks: number;
  naks: number;
}

const REPEAT_FOR_MS = 10_000;

/** The router's incoming port: silent to strangers and wrong secrets, never a NAK for those. */
export class CoaServer {
  readonly statistics: CoaStatistics = { requests: 0, badRequests: 0, acks: 0, naks: 0 };
  private readonly answered = new Map<string, Buffer>();
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly socket: Socket,
    private readonly options: CoaServerOptions,
  ) {
    socket.on('message', (message, from) => this.receive(message, from));
    socket.on('error', () => undefined);
  }

  static async listen(options: CoaServerOptions): Promise<CoaServer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(options.port, options.address, () => {
        socket.removeAllListeners('error');
        resolve();
      });
    });
    return new CoaServer(socket, options);
  }

  get port(): number {
    return this.socket.address().port;
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  private receive(message: Buffer, from: RemoteInfo): void {
    this.statistics.requests++;
    const decoded = decodePacket(message);
    const secret = this.options.secrets.get(from.address);
    if (decoded.kind === 'malformed') return this.ignore(undefined, from, 'malformed');
    const { packet } = decoded;
    if (secret === undefined) return this.ignore(packet, from, 'unknown_source');
    const ours = packet.code === Code.CoaRequest || packet.code === Code.DisconnectRequest;
    if (!ours || verifyRequest(packet, secret) !== 'valid') return this.ignore(packet, from, 'bad_authenticator');
    if (this.options.faults.coa === 'silent') return this.options.onSilence(packet, from.address, 'told_to');
    const { coaDelay_ms } = this.options.faults;
    if (coaDelay_ms === 0) this.answer(packet, secret, from);
    else this.later(coaDelay_ms, () => this.answer(packet, secret, from));
  }

  private ignore(
    packet: Packet | undefined,
    from: RemoteInfo,
    why: 'malformed' | 'unknown_source' | 'bad_authenticator',
  ): void {
    this.statistics.badRequests++;
    this.options.onSilence(packet, from.address, why);
  }

  private answer(request: Packet, secret: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port} ${request.bytes.toString('latin1', 0, 20)}`;
    const before = this.answered.get(key);
    const reply = before ?? this.reply(request, secret, this.options.handle(request, from.address));
    if (before === undefined && this.options.repeatReply) {
      this.answered.set(key, reply);
      this.later(REPEAT_FOR_MS, () => this.answered.delete(key));
    }
    this.socket.send(reply, from.port, from.address);
  }

  private reply(request: Packet, secret: Buffer, outcome: ReturnType<CoaHandler>): Buffer {
    const disconnect = request.code === Code.DisconnectRequest;
    const ack = disconnect ? Code.DisconnectAck : Code.CoaAck;
    const nak = disconnect ? Code.DisconnectNak : Code.CoaNak;
    const builder = PacketBuilder.reply(request, outcome.kind === 'ack' ? ack : nak);
    if (outcome.kind === 'ack') this.statistics.acks++;
    else this.statistics.naks++;
    if (outcome.kind === 'nak' && this.options.errorCauseInNak) {
      add(builder, 'Error-Cause', valueNumber('Error-Cause', outcome.errorCause));
    }
    if (this.options.profile.identityInCoaReply) add(builder, 'NAS-Identifier', this.options.identity);
    if (this.options.profile.messageAuthenticator) builder.addMessageAuthenticator();
    return builder.seal(this.options.faults.coa === 'wrong_secret' ? Buffer.from('not-the-secret') : secret);
  }

  private later(delay_ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, delay_ms);
    timer.unref();
    this.timers.add(timer);
  }
}

/** What a CoA event shows of a packet. */
export function describeRequest(packet: Packet | undefined) {
  const code = packet?.code;
  const request =
    code === Code.CoaRequest
      ? ('CoA-Request' as const)
      : code === Code.DisconnectRequest
        ? ('Disconnect-Request' as const)
        : undefined;
  return { request, attributes: packet === undefined ? [] : listAttributes(packet) };
}
