import { seededRandom } from '../../test-kit/mikrotik/random';

/** Everything random of a proof, from its seed. */
export class Dice {
  private readonly next: () => number;

  constructor(readonly seed: number) {
    this.next = seededRandom(seed);
  }

  /** True with this chance from 0 to 1. */
  chance(of: number): boolean {
    return this.next() < of;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(of: readonly T[]): T {
    const one = of[Math.floor(this.next() * of.length)];
    if (one === undefined) throw new RangeError('nothing to pick from');
    return one;
  }

  shuffled<T>(of: readonly T[]): T[] {
    const left = [...of];
    const taken: T[] = [];
    while (left.length > 0) taken.push(...left.splice(Math.floor(this.next() * left.length), 1));
    return taken;
  }

  /** Dice of its own for one part, so that what one part throws does not move another. */
  fork(): Dice {
    return new Dice(Math.floor(this.next() * 2 ** 31));
  }
}
