import { createSocket, type Socket } from 'node:dgram';
import { Code, decodePacket, Packet, verifyReply, type VerifyOptions } from '../../packet';
import { Histogram } from './histogram';
import type { LoadOptions, WorkerReport } from './options';
import { isAccess, type RequestMaker, requestMaker } from './requests';

interface Pending {
  bytes: Buffer;
  begun_ms: number;
  deadline_ms: number;
  sends: number;
}

interface Port {
  socket: Socket;
  pending: (Pending | undefined)[];
  inFlight: number;
  next: number;
}

/** How often the open loop begins what has become due, and how often timeouts are looked for. */
const TICK_MS = 1;
const SWEEP_MS = 20;

/** One process' share of a load: `outstanding` or `rate_per_s` of its options are its own part already. */
export class Sender {
  private readonly secret: Buffer;
  private readonly make: RequestMaker;
  private readonly timeout_ms: number;
  private readonly tries: number;
  private readonly verify: VerifyOptions;
  private ports: Port[] = [];
  private turn = 0;
  private issued = 0;
  private inFlight = 0;
  private received = 0;
  private sending = true;
  private histogram = new Histogram();
  private counts = noCounts();

  constructor(
    private readonly options: LoadOptions,
    private readonly share: WorkerReport['share'],
  ) {
    this.secret = Buffer.from(options.secret);
    this.make = requestMaker(options);
    this.timeout_ms = options.timeout_ms ?? 1000;
    this.tries = options.tries ?? 3;
    this.verify = { messageAuthenticator: needsSignature(options) ? 'require' : 'if_present' };
  }

  /** Sends until the time or the total is reached, waits for what is in flight, and reports. */
  async run(): Promise<WorkerReport> {
    const count = this.options.socketsPerWorker ?? socketsFor(this.options);
    this.ports = await Promise.all(Array.from({ length: count }, () => this.openPort()));
    const sweep = setInterval(() => this.sweep(), SWEEP_MS);
    const pace = this.startSending();
    if (this.options.warmup_ms) await sleep(this.options.warmup_ms);
    this.histogram = new Histogram();
    this.counts = noCounts();
    const begun_ms = performance.now();
    const cpu = process.cpuUsage();
    await this.untilDone();
    const measured_ms = performance.now() - begun_ms;
    const used = process.cpuUsage(cpu);
    // What the time allowed is counted; the rest is only awaited, so that a server is left without stragglers.
    const counts = { ...this.counts };
    const latencies = [...this.histogram.counts];
    clearInterval(pace);
    this.sending = false;
    while (this.inFlight > 0) await sleep(5);
    clearInterval(sweep);
    for (const port of this.ports) port.socket.close();
    const cpu_ms = (used.user + used.system) / 1000;
    return { share: this.share, issued: this.issued, measured_ms, ...counts, latencies, cpu_ms };
  }

  private startSending(): NodeJS.Timeout | undefined {
    const { mode } = this.options;
    if (mode.kind === 'closed') {
      for (let i = 0; i < mode.outstanding; i++) this.begin();
      return undefined;
    }
    const start_ms = performance.now();
    let begun = 0;
    return setInterval(() => {
      const due = Math.floor(((performance.now() - start_ms) * mode.rate_per_s) / 1000);
      for (; begun < due; begun++) this.begin();
    }, TICK_MS);
  }

  private async untilDone(): Promise<void> {
    const { total, duration_ms } = this.options;
    if (total === undefined) return sleep(duration_ms);
    while (this.issued < total || this.inFlight > 0) await sleep(2);
  }

  private async openPort(): Promise<Port> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, this.options.sourceAddress ?? '127.0.0.1', () => {
        // Connected, so that no address is looked up for each send and nobody else is heard.
        socket.connect(this.options.port, this.options.host, () => {
          socket.removeListener('error', reject);
          resolve();
        });
      });
    });
    socket.on('error', () => undefined);
    enlargeBuffers(socket);
    const port: Port = { socket, pending: Array.from({ length: 256 }, () => undefined), inFlight: 0, next: 0 };
    socket.on('message', (message) => this.receive(port, message));
    return port;
  }

  private begin(): void {
    if (!this.sending || this.issued === this.options.total) return;
    const port = this.freePort();
    if (port === undefined) {
      this.counts.overruns++;
      return;
    }
    while (port.pending[port.next] !== undefined) port.next = (port.next + 1) & 255;
    const identifier = port.next;
    port.next = (identifier + 1) & 255;
    const { first, count } = this.share;
    const bytes = this.make(
      first + (this.issued % count),
      (this.options.firstRound ?? 0) + Math.floor(this.issued / count),
      identifier,
    );
    this.issued++;
    this.inFlight++;
    port.inFlight++;
    const begun_ms = performance.now();
    port.pending[identifier] = { bytes, begun_ms, deadline_ms: begun_ms + this.timeout_ms, sends: 1 };
    port.socket.send(bytes);
  }

  private freePort(): Port | undefined {
    for (let i = 0; i < this.ports.length; i++) {
      const port = this.ports[(this.turn = (this.turn + 1) % this.ports.length)]!;
      if (port.inFlight < 256) return port;
    }
    return undefined;
  }

  private receive(port: Port, message: Buffer): void {
    const decoded = decodePacket(message);
    const pending = decoded.kind === 'packet' ? port.pending[decoded.packet.identifier] : undefined;
    // A second answer to a request that was sent twice is no fault of anybody.
    if (decoded.kind === 'malformed' || pending === undefined) return;
    const { packet } = decoded;
    if (
      (this.isChecked() && verifyReply(packet, new Packet(pending.bytes), this.secret, this.verify) !== 'valid') ||
      !this.count(packet.code)
    ) {
      this.counts.badReplies++;
      return;
    }
    this.histogram.record((performance.now() - pending.begun_ms) * 1000);
    this.end(port, packet.identifier);
  }

  /** The first hundred and then one in eight: to check them all takes the generator longer than the rest of its work, on the processors it measures. */
  private isChecked(): boolean {
    this.received++;
    return this.received <= 100 || this.received % 8 === 0;
  }

  private count(code: number): boolean {
    const accounting = !isAccess(this.options.kind);
    if (accounting && code === Code.AccountingResponse) this.counts.acks++;
    else if (!accounting && code === Code.AccessAccept) this.counts.accepts++;
    else if (!accounting && code === Code.AccessReject) this.counts.rejects++;
    else return false;
    return true;
  }

  private end(port: Port, identifier: number): void {
    port.pending[identifier] = undefined;
    port.inFlight--;
    this.inFlight--;
    if (this.options.mode.kind === 'closed') this.begin();
  }

  private sweep(): void {
    const now_ms = performance.now();
    for (const port of this.ports) {
      if (port.inFlight === 0) continue;
      for (let identifier = 0; identifier < 256; identifier++) {
        const pending = port.pending[identifier];
        if (pending !== undefined && pending.deadline_ms <= now_ms) this.expire(port, identifier, pending, now_ms);
      }
    }
  }

  private expire(port: Port, identifier: number, pending: Pending, now_ms: number): void {
    if (pending.sends >= this.tries) {
      this.counts.timeouts++;
      this.end(port, identifier);
      return;
    }
    pending.sends++;
    pending.deadline_ms = now_ms + this.timeout_ms;
    this.counts.retransmits++;
    port.socket.send(pending.bytes);
  }
}

function noCounts() {
  return { accepts: 0, rejects: 0, acks: 0, timeouts: 0, retransmits: 0, badReplies: 0, overruns: 0 };
}

function needsSignature(options: LoadOptions): boolean {
  return options.messageAuthenticator !== false && isAccess(options.kind);
}

/** Enough identifiers for what is in flight, with room so that none is used again at once. */
function socketsFor(options: LoadOptions): number {
  const inFlight = options.mode.kind === 'closed' ? options.mode.outstanding : options.mode.rate_per_s;
  return Math.min(64, Math.max(2, Math.ceil(inFlight / 128)));
}

function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(4 << 20);
    socket.setSendBufferSize(4 << 20);
  } catch {
    // The system's own limit stands; lost replies would show as retransmits.
  }
}

function sleep(time_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time_ms));
}
