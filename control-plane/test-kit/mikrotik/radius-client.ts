import { setMaxListeners } from 'node:events';
import { Code, decodePacket, type Packet } from '../../../radius/packet';
import { exchange, type Exchange } from '../../../radius/testing';
import type { AccountingOutcome } from './events';
import { type Faults, FaultyWire } from './faults';
import type { RadiusRow } from './options';
import type { Random } from './random';

/** The counters of `/radius monitor`. */
export interface RadiusStatistics {
  pending: number;
  requests: number;
  accepts: number;
  rejects: number;
  resends: number;
  timeouts: number;
  badReplies: number;
}

export interface RadiusClientOptions {
  address: string;
  secret: string;
  /** The rows as they are now, in order. */
  servers: () => readonly RadiusRow[];
  timeout_ms: number;
  tries: number;
  requireMessageAuthenticator: boolean;
  faults: Faults;
  random: Random;
  onBadReply: (why: string) => void;
}

/** An answer that the router believed, with the secret that proved it. */
export type Answered =
  { kind: 'reply'; reply: Packet; request: Packet; secret: Buffer; sends: number } | { kind: 'timeout'; sends: number };

/** The RADIUS client of a router: a new source port for each exchange, one rolling identifier for all, rows in order. */
export class RadiusClient {
  readonly statistics: RadiusStatistics = {
    pending: 0,
    requests: 0,
    accepts: 0,
    rejects: 0,
    resends: 0,
    timeouts: 0,
    badReplies: 0,
  };
  private readonly wire: FaultyWire;
  private readonly stop = new AbortController();
  private identifier: number;

  constructor(private readonly options: RadiusClientOptions) {
    // Every exchange under way listens; without this Node takes more than ten for a leak.
    setMaxListeners(0, this.stop.signal);
    this.wire = new FaultyWire(options.faults, options.random);
    this.identifier = Math.floor(options.random() * 256);
  }

  /** Asks for authentication. `build` is called for each row, as each is a request of its own. */
  authenticate(build: (identifier: number, secret: Buffer) => Buffer, service?: string): Promise<Answered> {
    return this.ask('authPort', this.options.requireMessageAuthenticator, build, service);
  }

  /** Sends an accounting record to the first row that acknowledges it. One that cannot even be sent is lost. */
  async account(build: (identifier: number, secret: Buffer) => Buffer, service?: string): Promise<AccountingOutcome> {
    const answer = await this.ask('acctPort', false, build, service).catch(() => ({
      kind: 'timeout' as const,
      sends: 0,
    }));
    if (answer.kind === 'reply' && answer.reply.code === Code.AccountingResponse) {
      return { kind: 'acknowledged', sends: answer.sends };
    }
    return { kind: 'lost', sends: answer.sends };
  }

  /** Ends every exchange as a timeout; nothing is sent any more. */
  close(): void {
    this.wire.close();
    this.stop.abort();
  }

  private async ask(
    port: 'authPort' | 'acctPort',
    requireMessageAuthenticator: boolean,
    build: (identifier: number, secret: Buffer) => Buffer,
    service: string | undefined,
  ): Promise<Answered> {
    this.statistics.pending++;
    this.statistics.requests++;
    let sends = 0;
    try {
      for (const row of this.options.servers()) {
        if (service !== undefined && row.services !== undefined && !row.services.includes(service)) continue;
        const secret = Buffer.from(this.options.faults.wrongSecret ?? row.secret ?? this.options.secret);
        this.identifier = (this.identifier + 1) & 0xff;
        const request = packetOf(build(this.identifier, secret));
        const outcome = await this.exchange(row, row[port], request, secret, requireMessageAuthenticator);
        this.note(outcome);
        sends += outcome.sends;
        if (outcome.kind === 'reply') return { kind: 'reply', reply: outcome.reply, request, secret, sends };
      }
      return { kind: 'timeout', sends };
    } finally {
      this.statistics.pending--;
    }
  }

  private exchange(
    row: RadiusRow,
    port: number,
    request: Packet,
    secret: Buffer,
    requireMessageAuthenticator: boolean,
  ) {
    return exchange(request.bytes, {
      host: row.address,
      port,
      secret,
      sourceAddress: row.sourceAddress ?? this.options.address,
      timeout_ms: row.timeout_ms ?? this.options.timeout_ms,
      tries: this.options.tries,
      requireMessageAuthenticator,
      transmit: (send, attempt) => this.wire.transmit(request, attempt, send),
      loseReply: () => this.wire.losesReply(),
      signal: this.stop.signal,
    });
  }

  private note(outcome: Exchange): void {
    const { statistics } = this;
    statistics.resends += Math.max(0, outcome.sends - 1);
    statistics.badReplies += outcome.refused.length;
    for (const why of outcome.refused) this.options.onBadReply(why);
    if (outcome.kind === 'timeout') statistics.timeouts++;
    else if (outcome.reply.code === Code.AccessAccept) statistics.accepts++;
    else if (outcome.reply.code === Code.AccessReject) statistics.rejects++;
  }
}

function packetOf(bytes: Buffer): Packet {
  const decoded = decodePacket(bytes);
  if (decoded.kind === 'malformed') throw new Error(`the router built a malformed packet: ${decoded.reason}`);
  return decoded.packet;
}
