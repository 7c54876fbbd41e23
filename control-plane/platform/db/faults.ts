/** What Postgres said, dug out of Prisma's wrapping or taken from a plain `pg` error. */
export interface SqlFault {
  /** Five characters, e.g. 23505. */
  state: string;
  message: string;
  /** Name of the violated constraint or unique index, where there is one. */
  constraint: string | undefined;
}

/** The Postgres error inside `error`, or undefined when it is none. Slices use it to turn a lost race into an outcome (23505 → taken). */
export function sqlFault(error: unknown): SqlFault | undefined {
  const cause = dig(error, 'meta', 'driverAdapterError', 'cause');
  const wrapped = text(cause, 'originalCode');
  if (wrapped !== undefined) {
    const message = text(cause, 'originalMessage') ?? '';
    return { state: wrapped, message, constraint: text(dig(cause, 'constraint'), 'index') ?? quoted(message) };
  }
  const state = text(error, 'code');
  if (!(error instanceof Error) || state === undefined || !/^[0-9A-Z]{5}$/.test(state) || /^P\d{4}$/.test(state))
    return undefined;
  return { state, message: error.message, constraint: text(error, 'constraint') };
}

/** A deadlock or serialization failure: the same work, done again, may well succeed. */
export function isRetryable(error: unknown): boolean {
  const state = sqlFault(error)?.state;
  return state === '40001' || state === '40P01';
}

/** No connection to be had, the server starting, stopping or out of connections, or a statement over its time: the caller should come back. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlFault(error)?.state;
  if (state !== undefined) return /^(08|57|53)/.test(state);
  if (awayCodes.has(text(error, 'code') ?? '')) return true;
  const kind = text(dig(error, 'meta', 'driverAdapterError', 'cause'), 'kind');
  if (kind !== undefined && /NotReachable|ConnectionClosed|SocketTimeout|TooManyConnections/.test(kind)) return true;
  return (
    error instanceof Error &&
    /ECONNREFUSED|ECONNRESET|Connection terminated|timeout exceeded when trying to connect/.test(error.message)
  );
}

/** Prisma's own: unreachable, timed out, closed, too many connections, no free connection, transaction not begun or over its time. */
const awayCodes = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2037', 'P2024', 'P2028']);

function dig(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

function text(value: unknown, key: string): string | undefined {
  const found = dig(value, key);
  return typeof found === 'string' ? found : undefined;
}

function quoted(message: string): string | undefined {
  return /constraint "([^"]+)"/.exec(message)?.[1];
}
