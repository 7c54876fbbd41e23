import { setTimeout as sleep } from 'node:timers/promises';
import { holdStill, send, victimsOf } from '../chaos';
import type { Dice } from '../dice';
import type { Product } from '../product';
import type { Town } from '../town';

const kinds = [
  'a router loses power',
  'a router loses power',
  'a line is down',
  'a line is down',
  'Postgres dies',
  'Postgres stands still',
  'FreeRADIUS dies',
] as const;
type Kind = (typeof kinds)[number];

/** What befalls an installation now and then, one after another. In the small size each kind once and short. */
export class Weather {
  private readonly count = new Map<Kind, number>();
  private over = false;
  private readonly work: Promise<void>;

  constructor(
    private readonly product: Product,
    private readonly town: Town,
    private readonly dice: Dice,
    private readonly small: boolean,
  ) {
    this.work = this.go();
  }

  told(): string {
    return [...this.count].map(([kind, n]) => `${kind} ${n}×`).join(', ') || 'nothing yet';
  }

  async end(): Promise<void> {
    this.over = true;
    await this.work;
  }

  private async go(): Promise<void> {
    const all = this.small ? [...new Set(kinds)] : kinds;
    do {
      for (const kind of this.dice.shuffled(all)) {
        await this.pause(this.small ? [300, 600] : [10_000, 30_000]);
        if (this.over && !this.small) return;
        this.count.set(kind, (this.count.get(kind) ?? 0) + 1);
        await this.strike(kind);
      }
    } while (!this.over && !this.small);
  }

  private async strike(kind: Kind): Promise<void> {
    const router = this.dice.pick(this.town.routers);
    switch (kind) {
      case 'a router loses power':
        await router.reboot({ downtime_ms: this.some(5_000, 30_000), accountingOn: this.dice.chance(0.7) });
        return;
      case 'a line is down':
        Object.assign(router.faults, { loss: 1, replyLoss: 1, coa: 'silent' });
        await sleep(this.some(5_000, 60_000));
        Object.assign(router.faults, { loss: 0, replyLoss: 0, coa: 'normal' });
        return;
      case 'Postgres stands still':
        await holdStill(await victimsOf(this.product, 'Postgres'), this.some(3_000, 15_000));
        return;
      case 'Postgres dies':
      case 'FreeRADIUS dies':
        for (const { pid } of await victimsOf(this.product, kind === 'Postgres dies' ? 'Postgres' : 'FreeRADIUS'))
          send(pid, 'SIGKILL');
    }
  }

  /** Milliseconds; a tenth in the small size. */
  private some(least: number, most: number): number {
    return Math.round(this.dice.between(least, most) / (this.small ? 10 : 1));
  }

  private async pause([least, most]: [number, number]): Promise<void> {
    for (const end = Date.now() + this.dice.between(least, most); Date.now() < end; await sleep(100))
      if (this.over && !this.small) return;
  }
}
