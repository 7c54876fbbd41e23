import { type AccountingRecord, sessionKey } from './record';

/** What is queued; live packets and spooled ones both are. */
export interface Queued {
  readonly record: AccountingRecord;
}

interface RouterState {
  /** Raised by each restart; packets belong to the epoch in which they came. */
  epoch: number;
  /** The oldest epoch that may have packets which are not written yet. */
  oldest: number;
  /** Packets not written yet, by epoch. */
  open: Map<number, number>;
  /** Keys of the restarts that still wait for packets, by the last epoch that each waits for. */
  restarts: Map<number, string>;
}

/**
 * Records on their way to the database. A batch holds each session at most once; later packets of a session wait, in order,
 * until the earlier one is written. A restart of a router waits until every packet that came before it is written, for it
 * must find the sessions it ends; what comes after it may pass it. Taking a batch costs what the batch holds, however much waits:
 * a router that repeats one session or restarts without end must not slow down the others.
 */
export class RecordQueue<T extends Queued> {
  private readonly byKey = new Map<string, Line<T>>();
  private readonly ready = new Set<string>();
  private readonly readyRestarts = new Line<string>();
  private restartWasLast = false;
  private readonly arrival = new Set<T>();
  private readonly taken = new Map<T, { key: string; epoch: number }>();
  private readonly placed = new Map<T, { key: string; epoch: number }>();
  private readonly routers = new Map<string, RouterState>();
  private restartNumber = 0;

  get size(): number {
    return this.arrival.size;
  }

  /** The item that has waited longest. */
  get oldest(): T | undefined {
    return this.arrival.values().next().value;
  }

  add(item: T): void {
    const { record } = item;
    const router = this.routerOf(record.nas.id);
    this.arrival.add(item);
    if (record.kind === 'restart') {
      const key = `restart ${(this.restartNumber += 1)}`;
      this.placed.set(item, { key, epoch: router.epoch + 1 });
      this.byKey.set(key, new Line(item));
      router.restarts.set(router.epoch, key);
      router.epoch += 1;
      this.freeRestarts(record.nas.id, router);
      return;
    }
    const key = sessionKey(record);
    this.placed.set(item, { key, epoch: router.epoch });
    router.open.set(router.epoch, (router.open.get(router.epoch) ?? 0) + 1);
    const same = this.byKey.get(key);
    if (same) same.push(item);
    else {
      this.byKey.set(key, new Line(item));
      this.ready.add(key);
    }
  }

  /**
   * The next batch, at most `max` records; a restart stands alone, and between two of them sessions have their turn. Give it back by `release` when
   * it is written or given up.
   */
  take(max: number): T[] {
    const restart = this.readyRestarts.first;
    this.restartWasLast = restart !== undefined && !(this.restartWasLast && this.ready.size > 0);
    if (this.restartWasLast) {
      this.readyRestarts.remove(restart!);
      return [this.begin(restart!)];
    }
    const items: T[] = [];
    for (const key of this.ready) {
      this.ready.delete(key);
      items.push(this.begin(key));
      if (items.length >= max) break;
    }
    return items;
  }

  private begin(key: string): T {
    const item = this.byKey.get(key)!.first!;
    this.arrival.delete(item);
    this.taken.set(item, this.placed.get(item)!);
    return item;
  }

  /** These are no longer under way: what waited for them may go on. */
  release(items: readonly T[]): void {
    for (const item of items) {
      const place = this.taken.get(item);
      if (!place) continue;
      this.taken.delete(item);
      this.forget(item, place);
    }
  }

  /** Removes those that wait and fulfil a condition, oldest first, up to the first that does not. */
  removeWhile(condition: (item: T) => boolean): T[] {
    const removed: T[] = [];
    for (const item of this.arrival) {
      if (!condition(item)) break;
      removed.push(item);
      this.arrival.delete(item);
      const place = this.placed.get(item)!;
      if (item.record.kind === 'restart') this.readyRestarts.remove(place.key);
      this.forget(item, place);
    }
    return removed;
  }

  private forget(item: T, { key, epoch }: { key: string; epoch: number }): void {
    this.placed.delete(item);
    const same = this.byKey.get(key)!;
    same.remove(item);
    if (same.first === undefined) {
      this.byKey.delete(key);
      this.ready.delete(key);
    } else if (!this.taken.has(same.first)) this.ready.add(key);
    const nasId = item.record.nas.id;
    const router = this.routerOf(nasId);
    if (item.record.kind === 'restart') {
      if (router.restarts.get(epoch - 1) === key) router.restarts.delete(epoch - 1);
    } else {
      const left = router.open.get(epoch)! - 1;
      if (left > 0) router.open.set(epoch, left);
      else router.open.delete(epoch);
    }
    this.freeRestarts(nasId, router);
  }

  private freeRestarts(nasId: string, router: RouterState): void {
    for (; router.oldest < router.epoch && !router.open.has(router.oldest); router.oldest += 1) {
      const key = router.restarts.get(router.oldest);
      if (key === undefined) continue;
      router.restarts.delete(router.oldest);
      this.readyRestarts.push(key);
    }
    if (router.open.size === 0 && router.restarts.size === 0) this.routers.delete(nasId);
  }

  private routerOf(nasId: string): RouterState {
    let router = this.routers.get(nasId);
    if (!router) {
      router = { epoch: 0, oldest: 0, open: new Map(), restarts: new Map() };
      this.routers.set(nasId, router);
    }
    return router;
  }
}

/** A queue, as of the packets of one session. They leave from the front, or, behind one under way, from the second place: both cost nothing. */
class Line<T> {
  private readonly items: T[];
  private head = 0;

  constructor(...items: T[]) {
    this.items = items;
  }

  get first(): T | undefined {
    return this.items[this.head];
  }

  push(item: T): void {
    this.items.push(item);
  }

  remove(item: T): void {
    const at = this.items.indexOf(item, this.head);
    if (at === -1) return;
    this.items.copyWithin(this.head + 1, this.head, at);
    this.head += 1;
    if (this.head > 1000 && this.head * 2 > this.items.length) {
      this.items.splice(0, this.head);
      this.head = 0;
    }
  }
}
