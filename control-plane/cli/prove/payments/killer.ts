import { setTimeout as sleep } from 'node:timers/promises';
import { send, victimsOf } from '../chaos';
import type { Dice } from '../dice';
import type { Product } from '../product';

const targets = ['the web process', 'the jobs process', 'Postgres'] as const;
type Target = (typeof targets)[number];

/** Kills (-9) web, jobs and Postgres at random while something goes on. Small: each once, spread over the work; else every few seconds. */
export class Killer {
  total = 0;
  private readonly count = new Map<Target, number>();
  private over = false;
  private allowed = 0;
  private readonly work: Promise<void>;

  constructor(
    private readonly product: Product,
    private readonly dice: Dice,
    private readonly small: boolean,
    private readonly progress: (line: string) => void,
  ) {
    this.work = this.go();
  }

  /** From now on so many kills in all may have been. */
  until(kills: number): void {
    this.allowed = kills;
  }

  async end(): Promise<void> {
    this.over = true;
    await this.work;
  }

  told(): string {
    return [...this.count].map(([target, n]) => `${target} ${n}×`).join(', ');
  }

  private async go(): Promise<void> {
    while (!this.over) {
      for (const target of this.dice.shuffled(targets)) {
        while (!this.over && this.allowed <= this.total) await sleep(20);
        if (this.over) return;
        const victims = await victimsOf(this.product, target);
        for (const { pid } of victims) send(pid, 'SIGKILL');
        this.total++;
        this.count.set(target, (this.count.get(target) ?? 0) + 1);
        this.progress(`killed ${target}`);
        if (!this.small) await sleep(this.dice.between(2_000, 15_000));
      }
      // Three kills fall on each other as they like; then everything may come up. A slow machine would never do anything else than start.
      if (!this.small) await this.product.ready().catch(() => this.progress('the product is not up again after 90 s'));
    }
  }
}
