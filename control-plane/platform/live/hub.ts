import { Client } from 'pg';
import type { Log } from '../log';

/** One change as NOTIFY lango_live carries it: which company, what kind of thing, which one. */
export interface Change {
  tenant: string;
  topic: string;
  id?: string;
  session?: string;
}

type Listener = (event: { kind: 'change'; change: Change } | { kind: 'again' } | { kind: 'end' }) => void;

/** Hands each company's changes to whoever listens in this process. */
export interface LiveHub {
  /** Calls `listener` for every change of one company, with `again` after a gap in which changes may have been missed, and with `end` at stop. */
  subscribe(tenantId: bigint, listener: Listener): () => void;
  stop(): Promise<void>;
}

const RECONNECT_MS = 1_000;

/**
 * One LISTEN connection for the whole process, reopened when it breaks; listeners then get `again`. LISTEN needs a connection of its own,
 * not one from a transaction pooler.
 */
export function startLiveHub(url: string, log: Log): LiveHub {
  const listeners = new Map<string, Set<Listener>>();
  let client: Client | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;

  const everyone = (): Listener[] => [...listeners.values()].flatMap((set) => [...set]);
  const again = (): void => everyone().forEach((listener) => listener({ kind: 'again' }));

  const lost = (ended: Client): void => {
    if (client !== ended) return;
    client = undefined;
    ended.removeAllListeners();
    ended.on('error', () => undefined);
    void ended.end().catch(() => undefined);
    if (stopped) return;
    retry = setTimeout(() => void connect(), RECONNECT_MS);
  };

  async function connect(): Promise<void> {
    const mine = new Client({
      connectionString: url,
      application_name: 'lango-live',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = mine;
    mine.on('error', () => lost(mine));
    mine.on('end', () => lost(mine));
    mine.on('notification', ({ payload }) => deliver(payload));
    try {
      await mine.connect();
      await mine.query('LISTEN lango_live');
      again();
    } catch (error) {
      log.warn({ err: error }, 'live updates have no database connection; trying again');
      lost(mine);
    }
  }

  function deliver(payload: string | undefined): void {
    const change = parseChange(payload);
    if (!change) return;
    for (const listener of listeners.get(change.tenant) ?? []) listener({ kind: 'change', change });
  }

  void connect();
  return {
    subscribe(tenantId, listener) {
      const key = tenantId.toString();
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.delete(key);
      };
    },
    async stop() {
      stopped = true;
      everyone().forEach((listener) => listener({ kind: 'end' }));
      clearTimeout(retry);
      const ending = client;
      client = undefined;
      await ending?.end().catch(() => undefined);
    },
  };
}

/** A payload that is not of our making is ignored; anything may write to a channel. */
export function parseChange(payload: string | undefined): Change | undefined {
  try {
    const value = JSON.parse(payload ?? '') as Record<string, unknown> | null;
    if (typeof value?.['tenant'] !== 'string' || typeof value['topic'] !== 'string') return undefined;
    const optional = (name: 'id' | 'session'): Partial<Change> =>
      typeof value[name] === 'string' ? { [name]: value[name] } : {};
    return { tenant: value['tenant'], topic: value['topic'], ...optional('id'), ...optional('session') };
  } catch {
    return undefined;
  }
}
