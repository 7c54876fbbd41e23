import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { innerAddress, type PartLog } from '../part';

export type OnDatagram = (datagram: Buffer, from: RemoteInfo, socket: Socket) => void;

const RESCAN_MS = 5000;
/** A burst of a few thousand packets must fit while we are in a batch; the system may allow less. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * One UDP socket per local address, so that every answer leaves from the address that was asked (a socket on 0.0.0.0 answers
 * from the interface's first address, and the router drops that). 0.0.0.0 means every IPv4 address of this host, :: every
 * address; they are looked for again every five seconds. In a node:cluster the sockets are shared by all workers.
 */
export class Sockets {
  private readonly open = new Map<string, Socket>();
  private readonly refused = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private actualPort: number;

  constructor(
    private readonly bind: string,
    port: number,
    private readonly onDatagram: OnDatagram,
    private readonly log: PartLog,
  ) {
    this.actualPort = port;
  }

  /** The port in use; when 0 was asked for, the one that the system gave. */
  get port(): number {
    return this.actualPort;
  }

  /** Opens the sockets. Throws when the port is taken on any address that is here now. */
  async start(): Promise<void> {
    for (const address of this.wanted()) await this.add(address);
    if (isWildcard(this.bind)) this.timer = setInterval(() => void this.rescan(), RESCAN_MS);
  }

  /** No more datagrams; answers can still be sent until `close`. */
  silence(): void {
    clearInterval(this.timer);
    for (const socket of this.open.values()) socket.removeAllListeners('message');
  }

  close(): void {
    this.silence();
    for (const socket of this.open.values()) socket.close();
    this.open.clear();
  }

  private wanted(): string[] {
    // What comes from this host comes by IPv4.
    if (!isWildcard(this.bind)) return [...new Set([this.bind, innerAddress(this.bind)])];
    const families = this.bind === '::' ? ['IPv4', 'IPv6'] : ['IPv4'];
    const all = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter((entry) => families.includes(entry.family) && !entry.address.startsWith('fe80:'))
      .map((entry) => entry.address);
    return [...new Set(all)];
  }

  /** Undefined when the system does not tell its addresses at the moment: those that are open stay. */
  private wantedNow(): string[] | undefined {
    try {
      return this.wanted();
    } catch (error) {
      this.log.warn({ err: error }, 'the addresses of this host could not be read; they are read again in 5 seconds');
      return undefined;
    }
  }

  private async rescan(): Promise<void> {
    const wanted = this.wantedNow();
    if (!wanted) return;
    for (const [address, socket] of this.open) {
      if (wanted.includes(address)) continue;
      this.open.delete(address);
      socket.close();
    }
    for (const address of wanted) {
      if (this.open.has(address)) continue;
      try {
        await this.add(address);
        this.refused.delete(address);
        this.log.info({ address, port: this.actualPort }, 'accounting listens on a new address');
      } catch (error) {
        if (!this.refused.has(address))
          this.log.warn({ err: error, address }, 'accounting cannot listen on an address of this host');
        this.refused.add(address);
      }
    }
  }

  private add(address: string): Promise<void> {
    const socket = createSocket({
      ...(isIPv6(address) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' }),
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      // We only ever answer to addresses; a look-up would cost a turn of the event loop per answer.
      lookup: (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4),
    });
    return new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => {
        socket.close();
        reject(
          new Error(`accounting cannot listen on ${address} port ${this.actualPort}: ${reasonOf(error)}`, {
            cause: error,
          }),
        );
      };
      socket.once('error', refused);
      socket.bind(this.actualPort, address, () => {
        socket.off('error', refused);
        socket.on('error', (error) =>
          this.log.warn({ err: error, address }, 'a socket for accounting reported an error'),
        );
        socket.on('message', (datagram, from) => this.onDatagram(datagram, from, socket));
        this.actualPort = socket.address().port;
        this.open.set(address, socket);
        resolve();
      });
    });
  }
}

function isWildcard(bind: string): boolean {
  return bind === '0.0.0.0' || bind === '::';
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another program has the port. Stop it or set LANGO_ACCT_PORT.';
  if (error.code === 'EACCES') return 'ports below 1024 need the right to bind them. Set LANGO_ACCT_PORT or grant it.';
  if (error.code === 'EADDRNOTAVAIL') return 'the address is not one of this host. Set LANGO_BIND.';
  return error.message;
}
