import { Notices } from '../../../radius/part';
import type { Log } from '../log';
import { MissedChanges } from './missed';

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
  /**
   * Calls `listener` for every change of one company, with `again` after a gap in which changes may have been missed, and with `end` at stop.
   * @param since ms, when the listener last looked: what changed between then and now is told first
   */
  subscribe(tenantId: bigint, listener: Listener, since?: number): () => void;
  stop(): Promise<void>;
}

/**
 * One LISTEN connection for the whole process, reopened when it breaks; listeners then get `again`. LISTEN needs a connection of its own,
 * not one from a transaction pooler.
 */
export function startLiveHub(url: string, log: Log): LiveHub {
  const listeners = new Map<string, Set<Listener>>();
  const missed = new MissedChanges();
  const everyone = (): Listener[] => [...listeners.values()].flatMap((set) => [...set]);

  function deliver(payload: string): void {
    const change = parseChange(payload);
    if (!change) return;
    missed.add(change);
    for (const listener of listeners.get(change.tenant) ?? []) listener({ kind: 'change', change });
  }

  const notices = new Notices({
    databaseUrl: url,
    name: 'lango-live',
    channels: ['lango_live'],
    heard: (_channel, payload) => deliver(payload),
    connected: () => {
      missed.forget();
      everyone().forEach((listener) => listener({ kind: 'again' }));
    },
    lost: (error) => log.warn({ err: error }, 'live updates have no database connection; trying again every second'),
  });
  void notices.start();
  return {
    subscribe(tenantId, listener, since) {
      const key = tenantId.toString();
      const before = since === undefined ? [] : missed.since(key, since);
      if (before) before.forEach((change) => listener({ kind: 'change', change }));
      else listener({ kind: 'again' });
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.delete(key);
      };
    },
    async stop() {
      everyone().forEach((listener) => listener({ kind: 'end' }));
      await notices.stop();
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
