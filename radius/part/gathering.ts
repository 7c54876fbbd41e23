/**
 * When a group commit begins its next batch. A statement costs several times what one item in it does: batches that begin the moment the last one
 * ends hold two or three while a server is half busy, and make it wholly busy. So it waits until `enough` have gathered or `wait_ms` have passed since the last
 * batch ended; what comes after a pause goes at once.
 */
export class Gathering {
  private ended_ms = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  /** `again` is called when the wait is over. */
  constructor(
    private readonly o: { enough: number; wait_ms: number },
    private readonly again: () => void,
  ) {}

  /** Whether a batch of those who wait may begin now. If not, ask when more have come; `again` is called in any case. */
  mayBegin(waiting: number): boolean {
    const left_ms = this.ended_ms + this.o.wait_ms - performance.now();
    if (waiting >= this.o.enough || left_ms <= 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
      return true;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.again();
    }, left_ms);
    return false;
  }

  /** A batch has ended: from now on the next one gathers. */
  ended(): void {
    this.ended_ms = performance.now();
  }
}
