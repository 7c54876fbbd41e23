import { type AccountingRecord, sessionKey } from './record';

/** What a batch is made of; live packets and spooled ones both are. */
export interface Batchable {
  readonly record: AccountingRecord;
}

/** A batch: either sessions, each at most once, or a single restart, which must not pass what came before it. */
export interface Batch<T> {
  items: T[];
  keys: string[];
}

/**
 * Takes the next batch from the front of a queue, in order. Later packets of a session that is in this batch, or in one under
 * way (`busy`), stay in the queue in their order. What is taken is removed.
 */
export function takeBatch<T extends Batchable>(queue: T[], max: number, busy: ReadonlySet<string>): Batch<T> {
  const items: T[] = [];
  const keys: string[] = [];
  const left: T[] = [];
  const seen = new Set<string>();
  let at = 0;
  for (; at < queue.length && items.length < max; at++) {
    const item = queue[at]!;
    if (item.record.kind === 'restart') {
      if (items.length === 0 && left.length === 0) {
        items.push(item);
        at++;
      }
      break;
    }
    const key = sessionKey(item.record);
    if (busy.has(key) || seen.has(key)) left.push(item);
    else items.push(item);
    if (!busy.has(key)) keys.push(key);
    seen.add(key);
  }
  queue.splice(0, at, ...left);
  return { items, keys: items.length === 0 ? [] : keys };
}
