import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { Connection } from './connection';
import type { Keeper } from './keeper';
import type { Server } from '../relay';
import { listenOn, type PartLog } from '../part';
import { QuietLog } from './log';
import { peerNetwork, plainAddress } from './peer';

export interface FrontOptions {
  bind: string;
  port: number;
  authentication: Server;
  accounting: Server;
  keeper: Keeper;
  /** Told when a router came or went. */
  changed(): void;
  log: PartLog;
}

const HANDSHAKE_MS = 10_000;
const MOST_CONNECTIONS = 4096;
/** Of one address that has not shown a certificate yet. */
const MOST_HANDSHAKES_PER_ADDRESS = 64;
/** Some routers open a second one for accounting; of those that pile up behind a dead NAT entry the longest silent goes. */
const MOST_PER_ROUTER = 8;
const KEEP_ALIVE_MS = 30_000;

/** The TLS side: shakes hands, knows the router by its certificate, and keeps the connections that are open. */
export class Front {
  readonly connections = new Set<Connection>();
  private readonly handshakes = new Map<string, number>();
  private readonly shaking = new Set<Socket>();
  private readonly log: QuietLog;
  private server: TlsServer | undefined;
  private shown = '';
  private stopping = false;

  constructor(private readonly o: FrontOptions) {
    this.log = new QuietLog(o.log);
  }

  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Starts to listen, or goes on with another certificate of ours, and ends connections whose certificate no longer counts. Rejects when the port is taken. */
  async agree(): Promise<void> {
    this.endRefused();
    const { identity } = this.o.keeper;
    if (!identity || this.stopping) return;
    const shown = `${identity.ca.join()}${identity.certificatePem}${identity.keyPem}`;
    if (shown === this.shown) return;
    const context = {
      ca: identity.ca,
      cert: identity.certificatePem,
      key: identity.keyPem,
      minVersion: 'TLSv1.2' as const,
    };
    if (this.server) this.server.setSecureContext(context);
    else await this.listen(context);
    this.shown = shown;
  }

  /** Ends the connections whose certificate was revoked or has run out. */
  endRefused(): void {
    for (const connection of this.connections) {
      if (this.o.keeper.find(connection.certificate.fingerprint)) continue;
      this.o.log.info(
        { router: connection.certificate.name, peer: connection.peer },
        'RadSec: a connection ends with its certificate',
      );
      connection.close();
    }
  }

  /** Takes nothing more, gives requests in hand `grace_ms` to be answered, and closes all connections. */
  async stop(grace_ms: number): Promise<void> {
    this.stopping = true;
    const closed = new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
    for (const socket of this.shaking) socket.destroy();
    for (const connection of this.connections) connection.drain();
    const end_ms = performance.now() + grace_ms;
    while (performance.now() < end_ms && [...this.connections].some((one) => one.inFlight > 0))
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const connection of this.connections) connection.close();
    await closed;
  }

  private async listen(context: object): Promise<void> {
    const server = createServer({
      ...context,
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_MS,
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on('connection', (socket: Socket) => this.handshakeBegins(socket));
    server.on('tlsClientError', (error, socket) => {
      // The address of a socket that is gone cannot be told.
      const peer = socket.remoteAddress;
      // A code such as CERT_HAS_EXPIRED, whatever the types say.
      const refused: unknown = socket.authorizationError;
      const reason = typeof refused === 'string' ? refused : error.message;
      if (peer !== undefined)
        this.log.warn(
          `tls ${peer}`,
          { peer: plainAddress(peer), reason },
          'RadSec: a TLS handshake failed; see its reason',
        );
    });
    server.on('secureConnection', (socket) => this.admit(socket));
    const trouble = (error: Error): void =>
      this.o.log.warn({ err: error }, 'RadSec: the listening socket reported an error');
    try {
      await listenOn(server, { port: this.o.port, host: this.o.bind, ipv6Only: false }, trouble);
    } catch (error) {
      const reason = reasonOf(error as NodeJS.ErrnoException);
      throw new Error(`RadSec cannot listen on ${this.o.bind} port ${this.o.port}: ${reason}`, { cause: error });
    }
    this.server = server;
  }

  private handshakeBegins(socket: Socket): void {
    const address = peerNetwork(socket.remoteAddress ?? '');
    const count = (this.handshakes.get(address) ?? 0) + 1;
    if (count > MOST_HANDSHAKES_PER_ADDRESS || this.stopping) {
      socket.destroy();
      return;
    }
    this.handshakes.set(address, count);
    this.shaking.add(socket);
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      this.shaking.delete(socket);
      const left = (this.handshakes.get(address) ?? 1) - 1;
      if (left > 0) this.handshakes.set(address, left);
      else this.handshakes.delete(address);
    };
    socket.once('close', end);
    handshakeEnds.set(socket, end);
  }

  private admit(socket: TLSSocket): void {
    const peer = plainAddress(socket.remoteAddress ?? '');
    const raw = (socket as unknown as { _parent?: Socket })._parent;
    if (raw) handshakeEnds.get(raw)?.();
    // A reset by the router is no error of ours.
    socket.on('error', () => undefined);
    const der = socket.getPeerX509Certificate()?.raw;
    const fingerprint = der ? createHash('sha256').update(der).digest('hex') : '';
    const certificate = this.o.keeper.find(fingerprint);
    if (!certificate || this.stopping) {
      this.log.warn(
        `unknown ${fingerprint}`,
        { peer, subject: socket.getPeerX509Certificate()?.subject },
        'RadSec: a certificate of ours that is revoked or unknown was refused; issue the router a new one',
      );
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.makeRoom(certificate.nasId);
    const { authentication, accounting } = this.o;
    const connection = new Connection({ socket, certificate, authentication, accounting, log: this.log });
    this.connections.add(connection);
    socket.once('end', () => connection.close());
    socket.once('close', () => {
      connection.close();
      if (this.connections.delete(connection)) this.o.changed();
    });
    this.o.changed();
  }

  private makeRoom(nasId: string): void {
    const own = [...this.connections].filter((one) => one.certificate.nasId === nasId);
    if (own.length < MOST_PER_ROUTER) return;
    own.sort((a, b) => a.heard_ms - b.heard_ms)[0]?.close();
  }
}

const handshakeEnds = new WeakMap<Socket, () => void>();

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another program has the port. Stop it or set LANGO_RADSEC_PORT.';
  if (error.code === 'EACCES')
    return 'ports below 1024 need the right to bind them. Set LANGO_RADSEC_PORT or grant it.';
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')
    return 'the address is not one of this host. Set LANGO_RADSEC_BIND.';
  return error.message;
}
