/** The router's own time. Only sessions live by it; the waiting for a RADIUS reply is always real time. */
export interface RouterClock {
  /** Milliseconds since 1970. */
  now_ms(): number;
  /** Runs once after a delay in milliseconds; the result cancels it. */
  after(delay_ms: number, run: () => void): () => void;
}

// setTimeout fires at once when the delay does not fit into 31 bits, which a 30-day Session-Timeout does not.
const LONGEST_MS = 2 ** 31 - 1;

/** The time of this machine. */
export const realClock: RouterClock = {
  now_ms: () => Date.now(),
  after(delay_ms, run) {
    let timer: NodeJS.Timeout;
    const wait = (left_ms: number) => {
      timer = setTimeout(
        () => (left_ms > LONGEST_MS ? wait(left_ms - LONGEST_MS) : run()),
        Math.min(left_ms, LONGEST_MS),
      );
    };
    wait(delay_ms);
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until a test moves it. */
export class ManualClock implements RouterClock {
  private timers: { at_ms: number; run: () => void }[] = [];

  constructor(private time_ms = Date.now()) {}

  now_ms(): number {
    return this.time_ms;
  }

  after(delay_ms: number, run: () => void): () => void {
    const timer = { at_ms: this.time_ms + delay_ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Moves on, running what becomes due in its order and at its time. What that sends is still on its way: see Router.idle. */
  advance(by_ms: number): void {
    const end_ms = this.time_ms + by_ms;
    for (;;) {
      const next = this.timers.toSorted((a, b) => a.at_ms - b.at_ms)[0];
      if (next === undefined || next.at_ms > end_ms) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.time_ms = Math.max(this.time_ms, next.at_ms);
      next.run();
    }
    this.time_ms = end_ms;
  }
}
