import type { Push, Scenario, SimulatedDaraja } from '../daraja';
import { makeSubscription, type Json } from '../story';
import { until } from '../until';
import { mpesaRig } from './mpesa';
import { nextPhone, openStage, type Stage } from './stage';

/** The stage with M-Pesa, for what is M-Pesa's alone. */
export interface MpesaStage extends Stage<Push> {
  daraja: SimulatedDaraja;
  ask: (
    subscriptionId: string,
    phone: string,
    fields?: Json,
  ) => Promise<{ status: number; body: Json; headers: Headers }>;
  service: (id: string) => Promise<Json>;
  pushOf: (payment: Json) => Push;
  /** A pending service of KES 100, and a prompt for it that meets a scenario. */
  prompted: (scenario: Scenario) => Promise<{ sub: Json; phone: string; payment: Json }>;
}

export const msisdnOf = (phone: string): string => `254${phone.slice(1)}`;

export async function openMpesaStage(): Promise<MpesaStage> {
  const { daraja, ...rig } = await mpesaRig();
  const stage = await openStage(rig);
  const { lango, show } = stage;
  const ask: MpesaStage['ask'] = (subscription_id, phone, fields = {}) =>
    lango.api.post<Json>('/billing/payments', { subscription_id, phone, provider: 'mpesa', ...fields });
  return {
    ...stage,
    daraja,
    ask,
    service: async (id) => (await lango.api.get<Json>(`/subscriptions/${id}`)).body,
    pushOf(payment) {
      const push = daraja.pushes.find((one) => one.checkoutId === payment['provider_ref']);
      if (!push) throw new Error(`no prompt for ${JSON.stringify(payment)}`);
      return push;
    },
    async prompted(scenario) {
      const sub = await makeSubscription(lango.api);
      const phone = nextPhone();
      daraja.script(scenario, msisdnOf(phone));
      const answer = await ask(sub['id'], phone);
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      // Answered once it is sent; on a machine that has no time for the queue, before.
      const payment = await until(
        () => show(answer.body['id']),
        (one) => one['state'] !== 'created',
      );
      return { sub, phone, payment };
    },
  };
}
