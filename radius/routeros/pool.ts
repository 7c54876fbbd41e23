import { openConnection, type Connection } from './connection';
import type { ApiOutcome, ApiTarget } from './target';

export interface RouterPoolOptions {
  /** For connecting and logging in, and for each command. Default 5000. */
  timeout_ms?: number;
  /** Commands under way with one router; more wait. Default 4: a small router answers one at a time anyway. */
  atOnce?: number;
  /** Connections of all routers together. Default 64. */
  connections?: number;
  /** A connection that nobody used for this long is closed: RouterOS allows 20 in all. Default 30000. */
  idle_ms?: number;
  /** Open connections keep no process alive; commands under way do. Default false. */
  background?: boolean;
}

interface Kept {
  target: ApiTarget;
  opening: Promise<Connection | ApiOutcome>;
  connection: Connection | undefined;
  running: number;
  waiting: (() => void)[];
  idle: NodeJS.Timeout | undefined;
}

/**
 * One connection per router, opened when it is needed, shared by everything that asks, and closed when idle. Never called inside a database
 * transaction: a router may take seconds.
 */
export class RouterPool {
  private readonly routers = new Map<string, Kept>();
  private readonly limits: Required<RouterPoolOptions>;
  private closed = false;

  constructor(options: RouterPoolOptions = {}) {
    this.limits = { timeout_ms: 5000, atOnce: 4, connections: 64, idle_ms: 30_000, background: false, ...options };
  }

  /** Runs one command, e.g. `['/ppp/active/print', '?name=asha']`. */
  async run(target: ApiTarget, words: readonly string[]): Promise<ApiOutcome> {
    if (this.closed) return { kind: 'unreachable', message: 'we are shutting down' };
    const kept = this.kept(target);
    if (kept === undefined)
      return { kind: 'unreachable', message: 'too many routers are being asked at once; try again' };
    clearTimeout(kept.idle);
    kept.running += 1;
    if (kept.running > this.limits.atOnce) await new Promise<void>((resolve) => kept.waiting.push(resolve));
    try {
      const opened = await kept.opening;
      if ('kind' in opened) return opened;
      return await opened.run(words, this.limits.timeout_ms);
    } finally {
      this.release(kept);
    }
  }

  /** Closes every connection; what is under way ends as unreachable. */
  close(): void {
    this.closed = true;
    for (const kept of this.routers.values()) this.drop(kept);
  }

  private kept(target: ApiTarget): Kept | undefined {
    const key = `${target.address} ${target.port} ${target.username}`;
    const known = this.routers.get(key);
    if (known !== undefined && sameLogin(known.target, target) && known.connection?.alive !== false) return known;
    if (known !== undefined) this.drop(known);
    if (this.routers.size >= this.limits.connections && !this.dropIdle()) return undefined;
    const kept: Kept = {
      target,
      opening: Promise.resolve({ kind: 'silent' }),
      connection: undefined,
      running: 0,
      waiting: [],
      idle: undefined,
    };
    kept.opening = this.open(kept);
    this.routers.set(key, kept);
    return kept;
  }

  private async open(kept: Kept): Promise<Connection | ApiOutcome> {
    const opened = await this.logIn(kept.target);
    if (opened.kind !== 'open') {
      // The next to ask tries anew.
      this.forget(kept);
      return opened;
    }
    if (this.closed) {
      opened.connection.close();
      return { kind: 'unreachable', message: 'we are shutting down' };
    }
    kept.connection = opened.connection;
    if (this.limits.background) opened.connection.unref();
    return opened.connection;
  }

  private async logIn(target: ApiTarget): ReturnType<typeof openConnection> {
    const { nextPassword, ...now } = target;
    const opened = await openConnection(now, this.limits.timeout_ms);
    if (opened.kind !== 'login_refused' || nextPassword === undefined) return opened;
    return openConnection({ ...now, password: nextPassword }, this.limits.timeout_ms);
  }

  private release(kept: Kept): void {
    kept.running -= 1;
    kept.waiting.shift()?.();
    if (kept.connection?.alive === false) this.forget(kept);
    else if (kept.running === 0 && !this.closed) {
      kept.idle = setTimeout(() => this.drop(kept), this.limits.idle_ms);
      kept.idle.unref();
    }
  }

  private dropIdle(): boolean {
    for (const kept of this.routers.values()) {
      if (kept.running > 0) continue;
      this.drop(kept);
      return true;
    }
    return false;
  }

  private drop(kept: Kept): void {
    clearTimeout(kept.idle);
    this.forget(kept);
    kept.connection?.close();
  }

  private forget(kept: Kept): void {
    for (const [key, value] of this.routers) if (value === kept) this.routers.delete(key);
  }
}

function sameLogin(a: ApiTarget, b: ApiTarget): boolean {
  return a.password === b.password && a.tls === b.tls && a.fingerprint256 === b.fingerprint256;
}
