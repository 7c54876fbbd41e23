import cluster, { type Worker } from 'node:cluster';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ListenerOptions } from './listener';
import type { PartLog } from '../part';
import type { FromWorker, ToWorker } from './worker-messages';

export interface Group {
  port: number;
  /** The one that takes packets first, then those that stand by. */
  pids(): number[];
  stop(): Promise<void>;
}

const RESTART_MS = [100, 500, 2000, 5000];
const HEALTHY_MS = 30_000;
/** Packets in hand outlive a batch or two; in Node's own 16 MB they are copied so often that it costs a fifth of the processor time of a packet. */
const YOUNG_OBJECTS = '--max-semi-space-size=64';
const STOP_MS = 6000;
const PING_MS = 250;
/** Silent for this long while one that stands by answers: it hangs. A machine that is only slow is slow for both. */
const HUNG_MS = 1500;

/**
 * Processes of which one takes packets and the others stand by, connected and with the routers in memory. The one that dies or hangs is replaced
 * in a few milliseconds; routers ask again after 300. One process at work makes larger batches than two that share the packets: 30 µs of Postgres for
 * a packet instead of 40 at 128 outstanding, 54 instead of 80 at 32, and one alone reads 40,000 packets a second.
 * node:cluster opens the sockets here, so a new process takes them over also from one that hangs. If this process dies, the workers end by themselves.
 */
export async function startGroup(options: ListenerOptions, size: number, log: PartLog): Promise<Group> {
  const exec = join(__dirname, 'worker.js');
  if (!existsSync(exec))
    throw new Error('Several accounting processes run from dist/ only. Build first, or use workers: 0.');
  // Options go by message, not by argument: they hold a password.
  cluster.setupPrimary({ exec, args: [], serialization: 'json', execArgv: ['--enable-source-maps', YOUNG_OBJECTS] });
  const group = new WorkerGroup(options, log);
  try {
    const port = await group.start(size);
    return { port, pids: () => group.pids(), stop: () => group.stop() };
  } catch (error) {
    await group.stop();
    throw error;
  }
}

interface Member {
  worker: Worker;
  started_ms: number;
  /** Has its table of routers and can take packets when told to. */
  ready: boolean;
  /** When it was asked for a sign of life that it still owes. */
  asked_ms: number | undefined;
}

class WorkerGroup {
  private readonly members = new Set<Member>();
  private active: Member | undefined;
  private port: number;
  private stopping = false;
  private failures = 0;
  private watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ListenerOptions,
    private readonly log: PartLog,
  ) {
    this.port = options.port;
  }

  pids(): number[] {
    const inOrder = [...this.members].sort((a, b) => Number(b === this.active) - Number(a === this.active));
    return inOrder.map(({ worker }) => worker.process.pid ?? 0);
  }

  /** Gives the port once one listens and the others stand by. @throws when it is taken or one cannot start */
  async start(size: number): Promise<number> {
    await this.launch();
    for (let i = 1; i < size; i++) await this.launch();
    this.watch = setInterval(() => this.lookAfterThem(), PING_MS);
    return this.port;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.watch);
    const ended = [...this.members].map(({ worker }) => new Promise<void>((done) => worker.once('exit', () => done())));
    for (const { worker } of this.members) tell(worker, { kind: 'stop' });
    const kill = setTimeout(() => {
      for (const { worker } of this.members) worker.process.kill('SIGKILL');
    }, STOP_MS);
    await Promise.all(ended);
    clearTimeout(kill);
  }

  /** Starts one worker, which takes packets if nobody does. Settles when it listens or stands by. */
  private async launch(): Promise<void> {
    // Throws, or tells of an error and never of an exit, when the system makes no process.
    const worker = cluster.fork();
    const member: Member = { worker, started_ms: performance.now(), ready: false, asked_ms: undefined };
    this.members.add(member);
    const serve = this.active === undefined;
    if (serve) this.active = member;
    return new Promise((resolve, reject) => {
      worker.on('error', (error: NodeJS.ErrnoException) => {
        if (worker.process.pid === undefined) this.lost(member, error.code ?? error.message, reject);
      });
      worker.once('online', () =>
        tell(worker, { kind: 'start', options: { ...this.options, port: this.port }, serve }),
      );
      worker.on('message', (message: FromWorker) => {
        member.asked_ms = undefined;
        switch (message.kind) {
          case 'ready':
            member.ready = true;
            resolve();
            // The one that took packets may have ended while this one came up.
            if (this.active === undefined) this.promote();
            return;
          case 'listening':
            member.ready = true;
            this.port = message.port;
            resolve();
            return;
          case 'failed':
            reject(new Error(message.reason));
            // One that cannot start (a full disk) must not stay: another is tried every few seconds.
            tell(worker, { kind: 'stop' });
            return;
          case 'log':
            this.log[message.level]({ worker: worker.process.pid, ...message.fields }, message.text);
            return;
          case 'pong':
        }
      });
      worker.once('exit', (code, signal) => this.lost(member, signal ?? code, reject));
    });
  }

  private lost(member: Member, why: string | number, reject: (error: Error) => void): void {
    this.members.delete(member);
    if (this.active === member) this.active = undefined;
    if (this.active === undefined) this.promote();
    if (!member.ready) {
      reject(new Error(`an accounting process ended at its start (${why})`));
      return;
    }
    if (this.stopping) return;
    this.again(member.started_ms, why);
  }

  /** The next one that stands by takes the packets. */
  private promote(): void {
    const next = [...this.members].find((member) => member.ready && member !== this.active);
    if (this.stopping || !next) return;
    this.active = next;
    tell(next.worker, { kind: 'serve' });
  }

  private lookAfterThem(): void {
    const now_ms = performance.now();
    const silent_ms = ({ asked_ms }: Member): number => (asked_ms === undefined ? 0 : now_ms - asked_ms);
    const { active } = this;
    const others = [...this.members].filter((member) => member !== active && member.ready);
    if (active?.ready && silent_ms(active) > HUNG_MS && others.some((one) => silent_ms(one) < 2 * PING_MS)) {
      this.log.error({ worker: active.worker.process.pid }, 'an accounting process hangs; another takes its place');
      this.promote();
      active.worker.process.kill('SIGKILL');
    }
    // One that hangs while it stands by would be no help.
    for (const other of others)
      if (silent_ms(other) > 4 * HUNG_MS && active && silent_ms(active) < 2 * PING_MS)
        other.worker.process.kill('SIGKILL');
    for (const member of this.members) {
      member.asked_ms ??= now_ms;
      tell(member.worker, { kind: 'ping' });
    }
  }

  private again(started_ms: number, why: string | number): void {
    this.failures = performance.now() - started_ms > HEALTHY_MS ? 0 : this.failures + 1;
    const wait_ms = RESTART_MS[Math.min(this.failures, RESTART_MS.length - 1)]!;
    this.log.error({ why, wait_ms }, 'an accounting process ended; another takes its place');
    setTimeout(() => {
      if (this.stopping) return;
      this.launch().catch((error: unknown) => {
        this.log.error({ err: error }, 'an accounting process could not be started');
        if (!this.stopping) this.again(performance.now(), 'start failed');
      });
    }, wait_ms);
  }
}

/** A worker that was killed counts as connected until its end is read; without the callback the broken pipe would end this process too. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}
