/** Lets a number of tasks run at the same time and the others wait in line, as the PPPoE server does with dials. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  async pass<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      // Whoever waits takes the place over, so that nobody can slip in between.
      if (next === undefined) this.running--;
      else next();
    }
  }
}
