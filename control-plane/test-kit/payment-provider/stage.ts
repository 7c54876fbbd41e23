import { startTestLango, type TestCompany, type TestLango } from '../lango';
import { makeSubscription, shiftClock, type Json } from '../story';
import { until } from '../until';
import { bookFaults } from '../verify-books';
import type { Rig } from './rig';

let phones = 30_000_000;
export const nextPhone = (): string => `07${(phones += 1)}`;

/** Money of a service: payments settled, cents that came into the books, and how often it was bought. */
export interface Booked {
  settled: number;
  cents: number;
  cycles: number;
}
export const once: Booked = { settled: 1, cents: 10_000, cycles: 1 };
export const nothing: Booked = { settled: 0, cents: 0, cycles: 0 };

/** The whole path from the API to the books, with a simulated provider at its end. */
export interface Stage<O> {
  rig: Rig<O>;
  lango: TestLango;
  /** A new service of KES 100, and an order for it. */
  order: (company?: TestCompany) => Promise<{ sub: Json; phone: string; payment: Json }>;
  /** An order that the provider took. */
  taken: () => Promise<{ sub: Json; phone: string; payment: Json; order: O }>;
  show: (id: string) => Promise<Json>;
  inState: (id: string, ...states: string[]) => Promise<Json>;
  steps: (payment: Json) => string[];
  booked: (sub: Json) => Promise<Booked>;
  /** Moves Lango's clock, and has the queue look at once. */
  later: (shift: string) => Promise<void>;
  /** Every call is worked on. */
  quiet: (timeout_ms?: number) => Promise<unknown>;
  /** What is wrong in the books now, a line for each: the ledger, the invoices, refunds, cheques and the chain of the audit. */
  faults: () => Promise<string[]>;
  stop: () => Promise<void>;
}

/** Opens the stage for a provider; what was started is ended where that fails. */
export async function openStage<O>(rig: Rig<O>): Promise<Stage<O>> {
  const url = rig.name === 'mpesa' ? 'daraja' : rig.name;
  const lango = await startTestLango({
    parts: ['jobs'],
    urls: { [url]: rig.baseUrl() },
    publicUrl: 'http://isp.example',
  }).catch(async (error: unknown) => {
    await rig.stop();
    throw error;
  });
  try {
    rig.reach(lango.baseUrl);
    const saved = await lango.api.put<Json>(`/settings/payments/${rig.name}`, { ...rig.settings(), per_second: 100 });
    if (saved.status !== 200) throw new Error(JSON.stringify(saved.body));
    await rig.ready();
  } catch (error) {
    await lango.stop();
    await rig.stop();
    throw error;
  }
  return stageOf(rig, lango);
}

function stageOf<O>(rig: Rig<O>, lango: TestLango): Stage<O> {
  const show = async (id: string): Promise<Json> => (await lango.api.get<Json>(`/billing/payments/${id}`)).body;
  const order: Stage<O>['order'] = async (company) => {
    const api = company?.api ?? lango.api;
    const sub = await makeSubscription(api);
    const phone = nextPhone();
    const asked = await api.post<Json>('/billing/payments', {
      subscription_id: sub['id'],
      phone,
      provider: rig.name,
    });
    if (asked.status !== 201) throw new Error(JSON.stringify(asked.body));
    return { sub, phone, payment: asked.body };
  };
  return {
    rig,
    lango,
    order,
    show,
    async taken() {
      const made = await order();
      const payment = await until(
        () => show(made.payment['id']),
        (one) => one['state'] === 'prompted',
      );
      const [taken] = rig.taken(payment);
      if (taken === undefined) throw new Error(`the provider took no order for ${JSON.stringify(payment)}`);
      return { ...made, payment, order: taken };
    },
    inState: (id, ...states) =>
      until(
        () => show(id),
        (payment) => states.includes(payment['state']),
      ),
    steps: (payment) => payment['timeline'].map((one: Json) => one['step']),
    async booked(sub) {
      const [row] = await lango.asOwner<Booked>(
        `SELECT (SELECT count(*)::int FROM payment WHERE subscription_id = $1 AND state = 'settled') AS settled,
           (SELECT coalesce(sum(t.amount_cents), 0)::int FROM ledger_transfer t JOIN payment p ON p.id = t.payment_id WHERE p.subscription_id = $1 AND t.kind = 'payment') AS cents,
           (SELECT cycle_no FROM subscription WHERE id = $1) AS cycles`,
        [sub['id']],
      );
      return row!;
    },
    async later(shift) {
      await shiftClock(lango.db, shift);
      await lango.asOwner(`SELECT job_enqueue('payments.work')`);
    },
    quiet: (timeout_ms) =>
      until(
        () => lango.asOwner<{ n: number }>(`SELECT count(*)::int AS n FROM hook_event WHERE state = 'waiting'`),
        ([row]) => row?.n === 0,
        timeout_ms,
      ),
    faults: () => bookFaults(lango.db.ownerUrl),
    async stop() {
      await lango.stop();
      await rig.stop();
    },
  };
}
