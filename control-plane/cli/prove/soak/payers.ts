import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario, SimulatedDaraja } from '../../../test-kit/daraja';
import type { Dice } from '../dice';
import { scenarioOf } from '../payments/fate';
import type { Product } from '../product';
import type { Resident, Town } from '../town';

/** People who look whether they are online, and pay by M-Pesa when they are not, or now and then before it ends. */
export class Payers {
  private readonly fates = new Map<string, number>();
  private prompted = 0;
  private readonly refused = new Map<string, number>();
  private over = false;
  private readonly work: Promise<unknown>;

  /** `per_s`: people who look, each second. */
  constructor(
    private readonly product: Product,
    private readonly town: Town,
    private readonly daraja: SimulatedDaraja,
    private readonly dice: Dice,
    private readonly per_s: number,
  ) {
    this.work = this.go();
  }

  told(): string {
    const each = (counted: ReadonlyMap<string, number>): string =>
      [...counted].map(([name, n]) => `${name} ${n}×`).join(', ') || 'none';
    return `${this.prompted} prompts (${each(this.fates)}), refused: ${each(this.refused)}`;
  }

  async end(): Promise<void> {
    this.over = true;
    await this.work;
  }

  private async go(): Promise<void> {
    const paying = new Set<Promise<void>>();
    while (!this.over) {
      const resident = this.dice.pick(this.town.residents);
      const fate = scenarioOf(this.dice);
      if (this.isOut(resident) || this.dice.chance(0.1)) {
        const payment = this.pay(resident, fate).finally(() => paying.delete(payment));
        paying.add(payment);
      }
      await sleep(1000 / this.per_s);
    }
    await Promise.all(paying);
  }

  private isOut(resident: Resident): boolean {
    const session = this.town.sessionOf(resident);
    return session === undefined || session.entitlement.addressLists.includes('expired');
  }

  /** Refused is who was prompted within the last minute; a process that was killed gives no answer, and people try again later. */
  private async pay(resident: Resident, { name, scenario }: { name: string; scenario: Scenario }): Promise<void> {
    this.daraja.script(scenario, resident.msisdn);
    const answer = await this.product.api
      .post<{ error?: { code: string } }>('/billing/payments', {
        subscription_id: resident.subscriptionId,
        phone: `+${resident.msisdn}`,
        provider: 'mpesa',
      })
      .catch(() => undefined);
    if (answer?.status !== 201) {
      const why = answer ? (answer.body.error?.code ?? String(answer.status)) : 'no answer';
      this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
      return;
    }
    this.prompted++;
    this.fates.set(name, (this.fates.get(name) ?? 0) + 1);
  }
}
