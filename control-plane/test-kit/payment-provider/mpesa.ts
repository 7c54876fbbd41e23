import { startDaraja, type Push, type SimulatedDaraja } from '../daraja';
import { until } from '../until';
import type { Fault, Rig } from './rig';

const FAULTS = { cut: 'cut', error: 'html', garbage: 'garbage' } as const satisfies Record<Fault, string>;

/** M-Pesa by the simulated Daraja. */
export async function mpesaRig(): Promise<Rig<Push> & { daraja: SimulatedDaraja }> {
  const daraja = await startDaraja();
  let confirmation = '';
  const account = {
    environment: 'sandbox',
    type: 'paybill',
    consumer_key: daraja.options.consumerKey,
    consumer_secret: daraja.options.consumerSecret,
    shortcode: daraja.options.shortcode,
    passkey: daraja.options.passkey,
    // Without it nobody reads the list of payments, every ten minutes, in the middle of a test that pays in silence: who wants the list sets it.
    nominated_phone: '',
  };
  return {
    daraja,
    name: 'mpesa',
    after: { cut: 'unknown', error: 'unknown', garbage: 'unknown' },
    asks: true,
    declined: { code: '1032' },
    baseUrl: () => daraja.baseUrl,
    reach: (baseUrl) => {
      daraja.reach = baseUrl;
    },
    goDown: () => daraja.goDown(),
    comeBack: () => daraja.comeBack(),
    stop: () => daraja.stop(),
    settings: () => account,
    wrongSettings: () => ({ ...account, consumer_secret: 'of-another' }),
    async ready() {
      const registered = await until(
        () => daraja.registered,
        (one) => one !== undefined,
      );
      confirmation = registered?.confirmation ?? '';
    },
    taken: ({ phone }) => daraja.pushes.filter((one) => `+${one.msisdn}` === phone),
    pay: (push) => daraja.pay(push),
    decline: (push) =>
      Object.assign(push, { truth: { kind: 'failed', code: 1032, text: 'Request cancelled by user' } }),
    tell: (push) => daraja.callback(push),
    // The callback of a push names it by Safaricom's name alone; the confirmation has our reference.
    tellByReference: (push) => daraja.post(confirmation, daraja.confirmation(push)),
    forge(push, lie) {
      const truth = { kind: 'paid' as const, receipt: `FORGED${push.msisdn.slice(-6)}`, at: new Date() };
      if (lie === 'order') return daraja.callback({ ...push, truth, merchantId: 'another' });
      if (lie === 'amount') return daraja.callback({ ...push, truth, amount: 1 });
      return daraja.callback({ ...push, truth }, undefined, `http://isp.example/hooks/pay/${'0'.repeat(32)}`);
    },
    beforeAnswer: (work) => daraja.beforeAnswer(work),
    failNext: (fault) => daraja.failNext(FAULTS[fault]),
    hold: (push, times) => daraja.lie(push, ...Array.from({ length: times }, () => 'pending' as const)),
    receipt: (push) => (push.truth.kind === 'paid' ? push.truth.receipt : ''),
  };
}
