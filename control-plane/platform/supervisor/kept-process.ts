import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log';
import { LogFile } from './log-file';
import type { RunAs } from './run-as';

/** A program that is to run for as long as the supervisor does. */
export interface ProcessSpec {
  name: string;
  program: string;
  args: string[];
  env: Record<string, string>;
  user?: RunAs | undefined;
  /** How it says that it serves: a message {kind: 'ready'} over IPC, or an answer to a question asked again and again. */
  ready: 'message' | (() => Promise<boolean>);
  /** The name of one that is started together with it and must serve before it begins. */
  after?: string;
  /** Its threads wake without pushing aside who runs (SCHED_BATCH): more done where many threads hand work to each other, a moment later on a machine that is full. */
  batch?: boolean;
  /** More files with its last words, for programs that log on their own. */
  ownLog?: string;
  /** How long it may drain after SIGTERM before it is killed. */
  drain_ms: number;
  logFile: string;
  /** Also copies its output to our stderr (services and containers collect it there). */
  echo: boolean;
}

export type ProcessState = 'starting' | 'ready' | 'waiting' | 'stopped';

const firstPause_ms = 200;
const longestPause_ms = 10_000;
/** After this long alive a crash counts as the first again. */
const steady_ms = 30_000;
/** So many deaths before it ever served, and the start as a whole has failed. */
const deathsBeforeReady = 3;

/**
 * Runs one program and starts it again when it dies, with a growing pause. The child gets SIGTERM from the kernel when we die,
 * and stands in a session of its own, so that Ctrl-C reaches only the supervisor, which then ends everything in order.
 */
export class KeptProcess {
  state: ProcessState = 'stopped';
  restarts = 0;
  private child: ChildProcess | undefined;
  private readonly logs: LogFile;
  private pause_ms = firstPause_ms;
  private timer: NodeJS.Timeout | undefined;
  private stopping = false;
  private everReady = false;
  private deaths = 0;
  private tail: string[] = [];
  private settle: { ready: () => void; failed: (error: Error) => void } | undefined;

  constructor(
    readonly spec: ProcessSpec,
    private readonly log: Log,
  ) {
    this.logs = new LogFile(spec.logFile);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Settles when the program serves for the first time; rejects with its last words when it keeps dying instead. */
  start(): Promise<void> {
    if (this.stopping) return Promise.reject(new Error(`${this.spec.name} was stopped before it began.`));
    return new Promise((ready, failed) => {
      this.settle = { ready, failed };
      this.launch();
    });
  }

  /** SIGTERM, then SIGKILL when it drains for too long; settles when it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (child && child.exitCode === null && child.signalCode === null) {
      await new Promise<void>((gone) => {
        const killer = setTimeout(() => child.kill('SIGKILL'), this.spec.drain_ms);
        child.once('exit', () => {
          clearTimeout(killer);
          gone();
        });
        child.kill('SIGTERM');
      });
    }
    this.state = 'stopped';
    this.logs.close();
  }

  private launch(): void {
    const { spec } = this;
    this.state = 'starting';
    const began = Date.now();
    const ipc = spec.ready === 'message';
    const child = spawn('setpriv', [...this.privileges(), spec.program, ...spec.args], {
      env: spec.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    });
    this.child = child;
    if (spec.batch && child.pid !== undefined) runAsBatch(child.pid);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => this.hear(chunk));
    child.on('message', (message: { kind?: string }) => {
      if (message.kind === 'ready') this.nowReady();
    });
    if (spec.ready !== 'message') void this.askUntilReady(child, spec.ready);
    // Also a signal that could not be sent, later: it must not end the supervisor.
    child.on('error', (error) => this.hear(Buffer.from(`${error.message}\n`)));
    child.once('close', (code, signal) => this.died(code, signal, Date.now() - began));
  }

  private privileges(): string[] {
    const { user } = this.spec;
    const change = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups'] : [];
    return ['--pdeathsig', 'TERM', ...change, '--'];
  }

  private hear(chunk: Buffer): void {
    this.logs.write(chunk);
    if (this.spec.echo) process.stderr.write(chunk);
    const text = chunk.toString('utf8');
    this.tail = [...this.tail, ...text.split('\n').filter((line) => line.trim() !== '')].slice(-40);
  }

  private async askUntilReady(child: ChildProcess, ask: () => Promise<boolean>): Promise<void> {
    while (this.child === child && this.state === 'starting' && !this.stopping) {
      if (await ask().catch(() => false)) {
        if (this.child === child) this.nowReady();
        return;
      }
      await sleep(100);
    }
  }

  private nowReady(): void {
    this.state = 'ready';
    this.everReady = true;
    this.settle?.ready();
    this.settle = undefined;
  }

  private died(code: number | null, signal: NodeJS.Signals | null, lived_ms: number): void {
    if (this.stopping) return;
    this.deaths++;
    if (!this.everReady && this.deaths >= deathsBeforeReady) {
      this.state = 'stopped';
      this.settle?.failed(
        new Error(`${this.spec.name} does not start: ${this.lastWords()} The whole story is in ${this.spec.logFile}.`),
      );
      this.settle = undefined;
      return;
    }
    this.pause_ms = lived_ms > steady_ms ? firstPause_ms : Math.min(this.pause_ms * 2, longestPause_ms);
    this.restarts++;
    this.state = 'waiting';
    this.log.warn(
      { part_name: this.spec.name, code, signal, lived_ms, pause_ms: this.pause_ms },
      `${this.spec.name} ended and is started again`,
    );
    this.timer = setTimeout(() => this.launch(), this.pause_ms);
  }

  /** The line of its output that most likely names the fault, without the wrapping of a JSON log. */
  lastWords(): string {
    const own = this.spec.ownLog === undefined ? [] : lastLines(this.spec.ownLog);
    const tail = [...own, ...this.tail];
    const line = tail.findLast((l) => /error|fatal|failed|refused/i.test(l)) ?? tail.at(-1) ?? 'it said nothing';
    const message = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
    return `${message.trim().replace(/\.$/, '').slice(0, 300)}.`;
  }
}

function lastLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-20);
  } catch {
    return [];
  }
}

/** Before the program has threads, which take it over. A system that has no chrt or forbids it loses some speed and nothing else. */
function runAsBatch(pid: number): void {
  spawn('chrt', ['--batch', '--pid', '0', String(pid)], { stdio: 'ignore' }).on('error', () => undefined);
}
