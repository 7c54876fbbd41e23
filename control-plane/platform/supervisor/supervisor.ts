import { renameSync, writeFileSync } from 'node:fs';
import type { Log } from '../log';
import { KeptProcess, type ProcessSpec } from './kept-process';

/** Something the supervisor ends when it ends, in the reverse order of their start. */
interface Ending {
  name: string;
  stop(): Promise<void>;
}

/** Everything must be gone this long after the first signal, whatever hangs. */
const goneWithin_ms = 14_000;

/**
 * Holds what `lango start` has started and ends it all. Processes of one `startTogether` also end together.
 * A supervisor that is killed leaves no orphan: every child has asked the kernel for a signal at its parent's death.
 */
export class Supervisor {
  private readonly endings: Ending[] = [];
  private readonly processes: KeptProcess[] = [];
  private stopped: Promise<void> | undefined;

  constructor(private readonly log: Log) {}

  /** Registers something already started. Ended after everything registered later. */
  add(ending: Ending): void {
    this.endings.push(ending);
  }

  /** Starts programs side by side, but for those that come `after` another; settles when all serve, rejects with the first that cannot. */
  async startTogether(specs: ProcessSpec[]): Promise<void> {
    const group = specs.map((spec) => new KeptProcess(spec, this.log));
    this.processes.push(...group);
    this.add({
      name: specs.map((s) => s.name).join(', '),
      stop: async () => void (await Promise.all(group.map((p) => p.stop()))),
    });
    const started = new Map<KeptProcess, Promise<void>>();
    const start = (one: KeptProcess): Promise<void> => {
      const first = group.find(({ spec }) => spec.name === one.spec.after);
      const serves = started.get(one) ?? (first ? start(first).then(() => one.start()) : one.start());
      started.set(one, serves);
      return serves;
    };
    await Promise.all(group.map(start));
  }

  /** What runs now, for `running.json` and the doctor. */
  parts(): { name: string; state: string; pid: number | undefined; restarts: number }[] {
    return this.processes.map((p) => ({ name: p.spec.name, state: p.state, pid: p.pid, restarts: p.restarts }));
  }

  /** Writes `running.json` now, when a part changes (looked at every half second), and every few seconds, for the doctor and the operator. */
  report(file: string, facts: object): void {
    let told = '';
    let told_at = 0;
    const write = (): void => {
      const parts = this.parts();
      const now = JSON.stringify(parts);
      if (now === told && Date.now() - told_at < 5000) return;
      [told, told_at] = [now, Date.now()];
      const text = JSON.stringify({ ...facts, pid: process.pid, at: new Date().toISOString(), parts }, null, 1);
      try {
        // Renamed into place, so that nobody reads half a file.
        writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o640 });
        renameSync(`${file}.new`, file);
      } catch {
        // A full disk must not end the program.
      }
    };
    write();
    const timer = setInterval(write, 500);
    timer.unref();
    this.add({ name: 'report', stop: async () => clearInterval(timer) });
  }

  /** Ends everything, last started first. Safe to call twice; after `goneWithin_ms` the rest is killed. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const hard = setTimeout(() => this.killAll(), goneWithin_ms);
    for (const ending of this.endings.splice(0).reverse()) {
      try {
        await ending.stop();
      } catch (error) {
        this.log.error({ err: error }, `${ending.name} did not end properly`);
      }
    }
    clearTimeout(hard);
  }

  /** The kernel's parent-death signal and these kills leave nothing behind. */
  private killAll(): never {
    this.log.error('draining took too long; the rest is killed');
    for (const { pid } of this.processes) {
      try {
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    }
    process.exit(1);
  }
}
