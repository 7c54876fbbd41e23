import { RouterOSAPI } from 'node-routeros';
import { mendNodeRouteros } from './mend-node-routeros';
import type { ApiOutcome, ApiTarget, Row } from './target';

/** The library's own limit of idleness in seconds; ours is shorter, so that it never strikes. */
const LIBRARY_IDLE_S = 3600;

/** One logged-in connection to a router's API. */
export interface Connection {
  /** Sends a command with its words (`=name=value`, `?query`); answers may come in any order. */
  run(words: readonly string[], timeout_ms: number): Promise<ApiOutcome>;
  readonly alive: boolean;
  /** Commands under way. */
  readonly busy: number;
  close(): void;
  /** Lets the process end while it is open. */
  unref(): void;
}

type Opened = { kind: 'open'; connection: Connection } | Exclude<ApiOutcome, { kind: 'done' | 'refused' }>;

/** Connects and logs in, by the new form of 6.43 or the older challenge, whichever the router speaks. Never throws for what a router does. */
export async function openConnection(target: ApiTarget, timeout_ms: number): Promise<Opened> {
  mendNodeRouteros();
  const api = new RouterOSAPI({
    host: target.address,
    port: target.port,
    user: target.username,
    password: target.password,
    timeout: LIBRARY_IDLE_S,
    ...(target.tls && {
      // A router's certificate is nobody's but its own: it is known by its fingerprint or not at all.
      tls: {
        rejectUnauthorized: false,
        ...(target.fingerprint256 && { fingerprint256: target.fingerprint256 }),
      },
    }),
  });
  const opening = new LoggedIn(api);
  const outcome = await within(timeout_ms, [
    api.connect().then(
      () => ({ kind: 'done', rows: [] }) as const,
      (error: unknown) => loginFault(error),
    ),
    opening.broken,
  ]);
  if (outcome.kind === 'done') return { kind: 'open', connection: opening };
  opening.close();
  return outcome.kind === 'refused' ? { kind: 'login_refused' } : outcome;
}

class LoggedIn implements Connection {
  alive = true;
  busy = 0;
  /** Settles when the connection is no more. */
  readonly broken: Promise<ApiOutcome>;
  private breakOff: (why: string) => void = () => undefined;

  constructor(private readonly api: RouterOSAPI) {
    this.broken = new Promise((resolve) => {
      this.breakOff = (why) => {
        this.alive = false;
        resolve({ kind: 'unreachable', message: why });
      };
    });
    api.on('error', (error: unknown) => this.breakOff(textOf(error)));
    api.on('close', () => this.breakOff('the connection was closed'));
  }

  async run(words: readonly string[], timeout_ms: number): Promise<ApiOutcome> {
    if (!this.alive) return { kind: 'unreachable', message: 'the connection was closed' };
    this.busy += 1;
    const answer = this.api.write([...words]).then(
      (rows): ApiOutcome => ({ kind: 'done', rows: rows as Row[] }),
      (error: unknown): ApiOutcome => ({ kind: 'refused', message: textOf(error) }),
    );
    const outcome = await within(timeout_ms, [answer, this.broken]);
    this.busy -= 1;
    // What else waits on a connection that has stopped answering would wait as long.
    if (outcome.kind === 'silent') this.close();
    return outcome;
  }

  unref(): void {
    (this.api as unknown as { connector?: { socket?: { unref(): void } } }).connector?.socket?.unref();
  }

  close(): void {
    this.breakOff('the connection was closed');
    // The library's connector exists from the first connect on; destroy() leaves no timer and no socket behind.
    (this.api as unknown as { connector?: { destroy(): void } }).connector?.destroy();
  }
}

async function within(timeout_ms: number, answers: Promise<ApiOutcome>[]): Promise<ApiOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ApiOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'silent' }), timeout_ms);
  });
  const first = await Promise.race([...answers, late]);
  clearTimeout(timer);
  return first;
}

function loginFault(error: unknown): ApiOutcome {
  const text = textOf(error);
  if (/CANTLOGIN|invalid user name or password|cannot log in/i.test(text)) return { kind: 'login_refused' };
  return { kind: 'unreachable', message: text };
}

function textOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, errno, message } = error as { code?: string; errno?: string | number; message?: string };
  return REASONS[code ?? String(errno)] ?? (message || `error ${code ?? errno}`);
}

/** The library's own fault for a refused login has a number of its own and no words. */
const REASONS: Record<string, string> = {
  CANTLOGIN: 'CANTLOGIN',
  ECONNREFUSED: 'nothing listens at that address and port',
  EHOSTUNREACH: 'no way to that address',
  ENETUNREACH: 'no way to that address',
  ETIMEDOUT: 'no answer from that address',
  ECONNRESET: 'the router broke the connection',
};
