/// <reference types="jest" />
import { shiftClock, type Json } from '../story';
import { until } from '../until';
import type { Fault, Lie, Rig } from './rig';
import { nothing, once, openStage, type Stage } from './stage';

/** Something that happens in the field, and what must become of it. The same list for every provider. */
export interface Scenario {
  name: string;
  /** Only where the provider can be asked, or only where it cannot. */
  asks?: boolean;
  run<O>(stage: Stage<O>): Promise<void>;
}

const waits = (payment: Json): boolean => payment['timeline'].some((one: Json) => one['step'] === 'doubted');

async function paysOnce<O>({ inState, booked, quiet }: Stage<O>, payment: Json, sub: Json): Promise<Json> {
  const settled = await inState(payment['id'], 'settled');
  await quiet();
  expect(await booked(sub)).toEqual(once);
  return settled;
}

const forged = (lie: Lie, what: string): Scenario => ({
  name: `a forged call (${what}) gives nothing, and the truth still settles it`,
  async run(stage) {
    const { rig, booked, show, quiet, inState } = stage;
    const { sub, payment, order } = await stage.taken();
    const answer = await rig.forge(order, lie);
    if (lie === 'address') expect(answer.status).toBe(404);
    else if (answer.status < 300) await until(() => show(payment['id']), waits);
    await quiet();
    expect(await booked(sub)).toEqual(nothing);
    expect(await show(payment['id'])).not.toMatchObject({ state: 'settled' });
    await rig.tell(rig.pay(order));
    await inState(payment['id'], 'settled');
    await paysOnce(stage, payment, sub);
  },
});

const faulty = (fault: Fault, what: string): Scenario => ({
  name: `the provider ${what}: it is asked for money at most once, and nothing is booked`,
  async run(stage) {
    const { rig, booked } = stage;
    rig.failNext(fault);
    const { sub, payment } = await stage.order();
    await stage.inState(payment['id'], rig.after[fault]);
    expect(rig.taken(payment).length).toBeLessThanOrEqual(1);
    expect(await booked(sub)).toEqual(nothing);
    const [order] = rig.taken(payment);
    if (order === undefined) return;
    // It was taken all the same: paid by the customer, it counts.
    rig.pay(order);
    await (rig.after[fault] === 'unknown' ? rig.tellByReference(order) : rig.tell(order));
    await paysOnce(stage, payment, sub);
  },
});

export const scenarios: Scenario[] = [
  {
    name: 'paid: settled once, with the receipt and each step in its order',
    async run(stage) {
      const { rig, steps } = stage;
      const { sub, payment, order } = await stage.taken();
      expect(await stage.booked(sub)).toEqual(nothing);
      expect((await rig.tell(rig.pay(order))).status).toBe(200);
      const settled = await paysOnce(stage, payment, sub);
      expect(settled).toMatchObject({ outcome: 'activated', receipt: rig.receipt(order), applied_cents: 10_000 });
      expect(steps(settled).slice(0, 3)).toEqual(['created', 'sent', 'prompted']);
      expect(steps(settled).slice(-3)).toEqual(['credited', 'activated', 'settled']);
      const moments = settled['timeline'].map((one: Json) => Date.parse(one['at']));
      expect(moments).toEqual([...moments].sort((a, b) => a - b));
    },
  },
  {
    name: 'declined: failed with its code, nothing booked; paid in the end, it counts',
    async run(stage) {
      const { rig, inState, booked } = stage;
      const { sub, payment, order } = await stage.taken();
      await rig.tell(rig.decline(order));
      expect(await inState(payment['id'], 'failed')).toMatchObject({ failure: rig.declined });
      expect(await booked(sub)).toEqual(nothing);
      await rig.tell(rig.pay(order));
      await paysOnce(stage, payment, sub);
    },
  },
  {
    name: 'silent for an hour, then told: settled',
    async run(stage) {
      const { rig, later, show } = stage;
      const { sub, payment, order } = await stage.taken();
      await later('1 hour');
      await until(
        () => show(payment['id']),
        (one) => one['timeline'].some(({ step }: Json) => step === 'asked' || step === 'unheard'),
      );
      await rig.tell(rig.pay(order));
      await paysOnce(stage, payment, sub);
    },
  },
  {
    name: 'silent for two days: given up; told after that, it counts',
    async run(stage) {
      const { rig, later, inState } = stage;
      const { sub, payment, order } = await stage.taken();
      await later('54 hours');
      expect(await inState(payment['id'], 'failed')).toMatchObject({ failure: { code: 'no_outcome' } });
      await rig.tell(rig.pay(order));
      await paysOnce(stage, payment, sub);
    },
  },
  {
    name: 'told twice, and a failure after the success: one credit',
    async run(stage) {
      const { rig, quiet, show } = stage;
      const { sub, payment, order } = await stage.taken();
      await rig.tell(rig.pay(order));
      await rig.tell(order);
      await paysOnce(stage, payment, sub);
      await rig.tell(rig.decline({ ...order }));
      await quiet();
      expect(await show(payment['id'])).toMatchObject({ state: 'settled', receipt: rig.receipt(order) });
    },
  },
  {
    name: 'a failure that overtakes the success and many calls at once: one credit',
    async run(stage) {
      const { rig } = stage;
      const { sub, payment, order } = await stage.taken();
      const failed = rig.decline({ ...order });
      rig.pay(order);
      await Promise.all(Array.from({ length: 24 }, (_, n) => rig.tell(n % 5 === 0 ? failed : order)));
      await paysOnce(stage, payment, sub);
    },
  },
  {
    name: 'told before the answer to the order itself: settled',
    async run(stage) {
      const { rig, quiet } = stage;
      rig.beforeAnswer((order) => rig.tell(rig.pay(order)));
      const { sub, payment } = await stage.order();
      await quiet();
      await paysOnce(stage, payment, sub);
    },
  },
  forged('address', 'an address that nobody has'),
  forged('amount', 'another amount'),
  forged('order', 'another order'),
  faulty('error', 'answers with an error of its own'),
  faulty('garbage', 'answers what nobody can read'),
  faulty('cut', 'takes it and breaks off'),
  {
    name: 'asked: not yet, not yet, paid',
    asks: true,
    async run(stage) {
      const { rig, later, show, steps } = stage;
      const { sub, payment, order } = await stage.taken();
      rig.pay(order);
      rig.hold(order, 2);
      for (const shift of ['11 seconds', '21 seconds', '36 seconds']) {
        const asked = steps(await show(payment['id'])).filter((step) => step === 'asked').length;
        await later(shift);
        await until(
          () => show(payment['id']),
          (one) => steps(one).filter((step) => step === 'asked').length > asked,
        );
      }
      await paysOnce(stage, payment, sub);
    },
  },
  {
    name: 'asked while it is down: asked again, and settled when it is back',
    asks: true,
    async run(stage) {
      const { rig, later, show, steps } = stage;
      const { sub, payment, order } = await stage.taken();
      rig.pay(order);
      await rig.goDown();
      try {
        await later('11 seconds');
        await until(
          () => show(payment['id']),
          (one) => steps(one).includes('asked'),
        );
        expect(await show(payment['id'])).not.toMatchObject({ state: 'settled' });
      } finally {
        await rig.comeBack();
      }
      await later('40 seconds');
      await paysOnce(stage, payment, sub);
    },
  },
  {
    name: 'down when it is to be asked for money: handed over once it is back',
    async run(stage) {
      const { rig, later, show, steps } = stage;
      await rig.goDown();
      let made: Awaited<ReturnType<typeof stage.order>>;
      try {
        made = await stage.order();
        await until(
          () => show(made.payment['id']),
          (one) => steps(one).includes('not_sent'),
        );
      } finally {
        await rig.comeBack();
      }
      await later('30 seconds');
      await stage.inState(made.payment['id'], 'prompted');
      const orders = rig.taken(made.payment);
      expect(orders).toHaveLength(1);
      await rig.tell(rig.pay(orders[0]!));
      await paysOnce(stage, made.payment, made.sub);
    },
  },
  {
    name: 'wrong credentials: said at the payment and at the settings, and repaired by right ones',
    async run(stage) {
      const { rig, lango } = stage;
      const other = await lango.addCompany();
      const path = `/settings/payments/${rig.name}`;
      await other.api.put(path, rig.wrongSettings());
      const { payment } = await stage.order(other);
      const seen = await until(
        () => other.api.get<Json>(`/billing/payments/${payment['id']}`),
        ({ body }) => body['state'] === 'failed',
      );
      expect(seen.body).toMatchObject({ failure: { code: 'credentials' } });
      expect((await other.api.get<Json>(path)).body['fault']).toBeTruthy();
      const saved = await other.api.put<Json>(path, rig.settings());
      expect(saved.body).toMatchObject({ configured: true, fault: null });
      const again = await stage.order(other);
      await until(
        () => other.api.get<Json>(`/billing/payments/${again.payment['id']}`),
        ({ body }) => body['state'] === 'prompted',
      );
    },
  },
  {
    name: 'its secrets never come back, and stand sealed',
    async run({ rig, lango }) {
      const seen = await lango.api.get<Json>(`/settings/payments/${rig.name}`);
      const [row] = await lango.asOwner<{ all: string }>(
        `SELECT payment_provider::text AS all FROM payment_provider WHERE tenant_id = $1`,
        [lango.company.tenantId.toString()],
      );
      expect(seen.body['secrets'].length).toBeGreaterThan(0);
      for (const name of seen.body['secrets'] as string[]) {
        const secret = String(rig.settings()[name] ?? '');
        if (secret === '') continue;
        expect(JSON.stringify(seen.body)).not.toContain(secret);
        expect(row!.all).not.toContain(secret);
      }
    },
  },
];

/**
 * A test for each scenario that a provider must pass: those that need it asked where it can be, the others where it cannot. Its file holds nothing else. The
 * stage is opened before the first, its clock set right after each.
 */
export function passesScenarios<O>(rig: () => Promise<Rig<O>>, { asks }: { asks: boolean }): void {
  let stage: Stage<O>;
  beforeAll(async () => {
    stage = await openStage(await rig());
  }, 60_000);
  afterAll(() => stage?.stop());
  afterEach(() => shiftClock(stage.lango.db, '0'));
  const theirs = scenarios.filter((one) => one.asks === undefined || one.asks === asks);
  test.each(theirs.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, scenario) => {
      await scenario.run(stage);
      expect(await stage.faults()).toEqual([]);
    },
    60_000,
  );
}
