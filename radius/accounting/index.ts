/**
 * The accounting listener: takes what routers report about sessions and answers when it is durable (RFC 2866).
 *
 *   const accounting = await startAccounting({ databaseUrl, bind: '0.0.0.0', port: 1813, dataDir, log });
 *   await accounting.stop();
 *
 * One process takes the packets and another stands by to take over; each can be killed at any moment. docs/reference/accounting.md tells how records become usage.
 */
import { startGroup } from './group';
import { type ListenerOptions, startListener } from './listener';
import type { PartLog } from '../part';

export type { Counters } from './counters';

export interface AccountingOptions extends ListenerOptions {
  log: PartLog;
  /** Processes, of which one takes packets and the others stand by. Default 2; 0 runs one listener inside this process (for tests). */
  workers?: number;
}

export interface Accounting {
  /** The UDP port in use. */
  port: number;
  /** Process ids of the workers. */
  pids(): number[];
  /** Packets in hand are made durable and answered; ends within five seconds. */
  stop(): Promise<void>;
}

/**
 * Starts accounting. It starts also while the database is away, with the routers known last, and keeps packets on disk then.
 * Throws with one sentence when the port is taken.
 */
export async function startAccounting(options: AccountingOptions): Promise<Accounting> {
  const { log, workers = 2, ...listener } = options;
  if (workers > 0) return startGroup(listener, workers, log);
  const single = await startListener(listener, log);
  return { port: single.port, pids: () => [process.pid], stop: () => single.stop() };
}
