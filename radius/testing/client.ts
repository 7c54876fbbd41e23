import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { decodePacket, Packet, verifyReply, type Verdict } from '../packet';

export interface ExchangeOptions {
  /** Where the server listens. */
  host: string;
  port: number;
  secret: Buffer;
  /** Local address to send from, such as 127.77.0.1. Default: what the system chooses. */
  sourceAddress?: string;
  /** Wait for each send, in milliseconds. Default 1000. */
  timeout_ms?: number;
  /** Sends in all, with identical octets. Default 3. */
  tries?: number;
  /** Refuse a reply without Message-Authenticator. Default false. */
  requireMessageAuthenticator?: boolean;
  /** Stands between the client and the wire: calls `send` once, twice, later or never. Default: at once. `attempt` counts from 1. */
  transmit?: (send: () => void, attempt: number) => void;
  /** True loses this reply before the client sees it. */
  loseReply?: () => boolean;
  /** Ends the exchange as a timeout. */
  signal?: AbortSignal;
}

/** How an exchange ended. `refused` lists replies that came but did not verify, as a router counts bad replies. */
export type Exchange =
  | { kind: 'reply'; reply: Packet; sends: number; elapsed_ms: number; refused: Verdict[] }
  | { kind: 'timeout'; sends: number; refused: Verdict[] };

/**
 * Sends one request from a socket of its own, as RouterOS does, repeating the same octets until a reply verifies or the
 * tries are used up. Rejects only when the socket itself fails (an address that is not ours).
 */
export function exchange(request: Buffer, options: ExchangeOptions): Promise<Exchange> {
  const socket = createSocket(isIPv6(options.host) ? 'udp6' : 'udp4');
  return new Promise<Exchange>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, options.sourceAddress, () => {
      new OpenExchange(socket, request, options, resolve).send();
    });
  }).finally(() => closeOnce(socket));
}

class OpenExchange {
  private readonly sent: Packet;
  private readonly started = performance.now();
  private readonly refused: Verdict[] = [];
  private sends = 0;
  private done = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly request: Buffer,
    private readonly options: ExchangeOptions,
    private readonly resolve: (exchange: Exchange) => void,
  ) {
    this.sent = new Packet(request);
    socket.on('message', (message) => this.receive(message));
    // After the bind only an ICMP refusal comes here, which is silence to a RADIUS client.
    socket.removeAllListeners('error').on('error', () => undefined);
    options.signal?.addEventListener('abort', this.giveUp, { once: true });
  }

  send(): void {
    if (this.options.signal?.aborted) return this.giveUp();
    this.sends++;
    const put = () => {
      if (!this.done) this.socket.send(this.request, this.options.port, this.options.host, () => undefined);
    };
    if (this.options.transmit) this.options.transmit(put, this.sends);
    else put();
    this.timer = setTimeout(() => this.tryAgain(), this.options.timeout_ms ?? 1000);
  }

  private tryAgain(): void {
    if (this.sends < (this.options.tries ?? 3)) this.send();
    else this.giveUp();
  }

  private readonly giveUp = (): void => this.end({ kind: 'timeout', sends: this.sends, refused: this.refused });

  private end(outcome: Exchange): void {
    this.done = true;
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener('abort', this.giveUp);
    this.resolve(outcome);
  }

  private receive(message: Buffer): void {
    const decoded = decodePacket(message);
    if (decoded.kind === 'malformed' || this.done || this.options.loseReply?.()) return;
    const verdict = verifyReply(decoded.packet, this.sent, this.options.secret, {
      messageAuthenticator: this.options.requireMessageAuthenticator ? 'require' : 'if_present',
    });
    if (verdict !== 'valid') {
      this.refused.push(verdict);
      return;
    }
    const elapsed_ms = performance.now() - this.started;
    this.end({ kind: 'reply', reply: decoded.packet, sends: this.sends, elapsed_ms, refused: this.refused });
  }
}

function closeOnce(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // A socket that failed to bind may have closed itself.
  }
}
