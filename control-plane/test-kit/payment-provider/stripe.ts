import { startStripe, type Session, type SimulatedStripe } from '../stripe';
import { until } from '../until';
import type { Rig } from './rig';

/** Stripe, simulated. A session has no phone: it is found by the reference that the payment carries. */
export async function stripeRig(): Promise<Rig<Session> & { stripe: SimulatedStripe }> {
  const stripe = await startStripe();
  const settings = { secret_key: stripe.key };
  return {
    stripe,
    name: 'stripe',
    // Under one idempotency key it may be sent again, and is.
    after: { cut: 'prompted', error: 'prompted', garbage: 'prompted' },
    asks: true,
    declined: { code: 'expired' },
    baseUrl: () => stripe.baseUrl,
    reach: (baseUrl) => {
      stripe.reach = baseUrl;
    },
    goDown: () => stripe.goDown(),
    comeBack: () => stripe.comeBack(),
    stop: () => stripe.stop(),
    settings: () => settings,
    wrongSettings: () => ({ secret_key: 'sk_test_ofSomebodyElse' }),
    async ready() {
      await until(
        () => stripe.endpoints,
        (endpoints) => endpoints.length > 0,
      );
    },
    taken: ({ reference }) => stripe.sessions.filter((one) => one.client_reference_id === reference),
    pay: (session) => stripe.pay(session),
    decline: (session) => stripe.expire(session),
    tell: (session) => stripe.tellSession(session),
    tellByReference: (session) => stripe.tellSession(session),
    forge(session, lie) {
      const forged: Session = { ...session, payment_status: 'paid', status: 'complete', payment_intent: 'pi_forged' };
      if (lie === 'order') return stripe.tellSession({ ...forged, id: 'cs_test_another' });
      if (lie === 'amount') return stripe.tellSession({ ...forged, amount_total: 100 });
      return stripe.tellSession(forged, { to: `http://isp.example/hooks/card/${'0'.repeat(32)}` });
    },
    beforeAnswer: (work) => stripe.beforeAnswer(work),
    failNext: (fault) => stripe.failNext(fault),
    hold: (session, times) => stripe.hold(session, times),
    receipt: (session) => session.payment_intent ?? '',
  };
}
