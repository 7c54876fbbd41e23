import type { Change } from './hub';

/** A page opens its stream moments after it was written. */
const KEPT_MS = 15_000;
const KEPT_MOST = 2_000;

/** The last changes of every company, for pages that were written just before one and listen just after it. */
export class MissedChanges {
  private readonly kept: { at: number; change: Change }[] = [];
  /** What came before this moment is known no more. */
  private knownFrom: number;

  constructor(private readonly now: () => number = Date.now) {
    this.knownFrom = now();
  }

  add(change: Change): void {
    const at = this.now();
    this.kept.push({ at, change });
    while (this.kept.length > KEPT_MOST || (this.kept[0]?.at ?? at) < at - KEPT_MS)
      this.knownFrom = (this.kept.shift()?.at ?? at) + 1;
  }

  /** From now on, after the connection was away. */
  forget(): void {
    this.kept.length = 0;
    this.knownFrom = this.now();
  }

  /** What changed in a company since then, oldest first; undefined when that is not known any more. */
  since(tenant: string, from_ms: number): Change[] | undefined {
    if (from_ms < this.knownFrom) return undefined;
    return this.kept.filter(({ at, change }) => at >= from_ms && change.tenant === tenant).map(({ change }) => change);
  }
}
