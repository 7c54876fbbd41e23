import { createSocket, type Socket } from 'node:dgram';
import { add, get, valueNumber } from '../../../../radius/attributes';
import { Code, decodePacket, PacketBuilder } from '../../../../radius/packet';

/** One session as the bench's routers keep it: no more than its counters. */
export interface BenchSession {
  id: string;
  username: string;
  /** `L1:<subscription>:<login>:f`, as aaa_authorize gives it. */
  class: string;
  address: string;
  startedAt_ms: number;
  up: number;
  down: number;
  /** performance.now() of the Disconnect that ended it. */
  cutAt_ms?: number;
  /** performance.now() of the first CoA or Disconnect about it. */
  toldAt_ms?: number;
}

const TRIES = 3;
const RESEND_MS = 1000;
const REPORT_MS = 1000;

interface Pending {
  bytes: Buffer;
  sends: number;
  timer: NodeJS.Timeout;
  settle(acknowledged: boolean): void;
}

/** A router reduced to what enforcement needs of one: it reports its sessions, says yes to a CoA, and obeys a Disconnect at once, with ACK and Stop. */
export class BenchRouter {
  readonly sessions = new Map<string, BenchSession>();
  lost = 0;
  private nextId = 0;
  private reporting: NodeJS.Timeout | undefined;
  private readonly pending = new Map<number, Pending>();

  private constructor(
    readonly address: string,
    private readonly secret: Buffer,
    private readonly accounting: Socket,
    private readonly incoming: Socket,
    private readonly server: { host: string; port: number },
  ) {
    accounting.on('message', (message) => this.acknowledged(message));
    incoming.on('message', (message, from) => this.told(message, from.port, from.address));
  }

  /** Opens both sockets on its own loopback address. */
  static async start(address: string, secret: string, server: { host: string; port: number }): Promise<BenchRouter> {
    const [accounting, incoming] = await Promise.all([bound(address), bound(address)]);
    return new BenchRouter(address, Buffer.from(secret), accounting, incoming, server);
  }

  get coaPort(): number {
    return this.incoming.address().port;
  }

  /** Sends a record, again as a router does; false when it was lost for good. */
  report(session: BenchSession, status: 'Start' | 'Interim-Update' | 'Stop'): Promise<boolean> {
    const id = this.freeId();
    if (id === undefined) {
      this.lost += 1;
      return Promise.resolve(false);
    }
    const bytes = this.record(session, status, id);
    return new Promise((resolve) => {
      const pending: Pending = {
        bytes,
        sends: 0,
        timer: setTimeout(() => undefined, 0),
        settle: (acknowledged) => {
          clearTimeout(pending.timer);
          this.pending.delete(id);
          if (!acknowledged) this.lost += 1;
          resolve(acknowledged);
        },
      };
      this.pending.set(id, pending);
      this.send(pending);
    });
  }

  /** From now on each session that is online reports once in so long, a few at a time, as on a real router: one that falls silent is taken for dead. */
  keepReporting(every_ms: number): void {
    const sessions = [...this.sessions.values()];
    let next = 0;
    this.reporting = setInterval(() => {
      const upTo = next + Math.ceil((sessions.length * REPORT_MS) / every_ms);
      for (; next < upTo; next++) {
        const session = sessions[next % sessions.length];
        if (session === undefined || session.cutAt_ms !== undefined) continue;
        session.up += 10_000;
        session.down += 50_000;
        void this.report(session, 'Interim-Update');
      }
    }, REPORT_MS);
  }

  close(): void {
    clearInterval(this.reporting);
    for (const pending of this.pending.values()) clearTimeout(pending.timer);
    this.accounting.close();
    this.incoming.close();
  }

  private send(pending: Pending): void {
    clearTimeout(pending.timer);
    if (pending.sends === TRIES) return pending.settle(false);
    pending.sends += 1;
    this.accounting.send(pending.bytes, this.server.port, this.server.host);
    pending.timer = setTimeout(() => this.send(pending), RESEND_MS);
  }

  private acknowledged(message: Buffer): void {
    const id = message[1];
    if (id !== undefined) this.pending.get(id)?.settle(true);
  }

  private told(message: Buffer, port: number, host: string): void {
    const decoded = decodePacket(message);
    if (decoded.kind === 'malformed') return;
    const request = decoded.packet;
    const cut = request.code === Code.DisconnectRequest;
    if (!cut && request.code !== Code.CoaRequest) return;
    const session = this.sessions.get(get(request, 'Acct-Session-Id') ?? '');
    const gone = session === undefined || session.cutAt_ms !== undefined;
    const [no, yes] = cut ? [Code.DisconnectNak, Code.DisconnectAck] : [Code.CoaNak, Code.CoaAck];
    const reply = PacketBuilder.reply(request, gone ? no : yes);
    if (gone) add(reply, 'Error-Cause', 503);
    this.incoming.send(reply.seal(this.secret), port, host);
    if (gone) return;
    session.toldAt_ms ??= performance.now();
    if (!cut) return;
    session.cutAt_ms = performance.now();
    void this.report(session, 'Stop');
  }

  private freeId(): number | undefined {
    for (let n = 0; n < 256; n++) {
      const id = this.nextId++ & 255;
      if (!this.pending.has(id)) return id;
    }
    return undefined;
  }

  private record(session: BenchSession, status: 'Start' | 'Interim-Update' | 'Stop', id: number): Buffer {
    const builder = PacketBuilder.request(Code.AccountingRequest, id);
    add(builder, 'Acct-Status-Type', valueNumber('Acct-Status-Type', status));
    add(builder, 'Acct-Session-Id', session.id);
    add(builder, 'User-Name', session.username);
    add(builder, 'Service-Type', valueNumber('Service-Type', 'Framed-User'));
    add(builder, 'Framed-Protocol', valueNumber('Framed-Protocol', 'PPP'));
    add(builder, 'Framed-IP-Address', session.address);
    add(builder, 'Class', Buffer.from(session.class));
    add(builder, 'Event-Timestamp', new Date());
    if (status !== 'Start') {
      const gigawords = (bytes: number): number => Math.floor(bytes / 2 ** 32);
      add(builder, 'Acct-Session-Time', Math.floor((Date.now() - session.startedAt_ms) / 1000));
      add(builder, 'Acct-Input-Octets', session.up % 2 ** 32);
      add(builder, 'Acct-Input-Gigawords', gigawords(session.up));
      add(builder, 'Acct-Output-Octets', session.down % 2 ** 32);
      add(builder, 'Acct-Output-Gigawords', gigawords(session.down));
    }
    if (status === 'Stop') add(builder, 'Acct-Terminate-Cause', valueNumber('Acct-Terminate-Cause', 'Admin-Reset'));
    add(builder, 'NAS-IP-Address', this.address);
    return builder.seal(this.secret);
  }
}

async function bound(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, resolve);
  });
  return socket;
}
