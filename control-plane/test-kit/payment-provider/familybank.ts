import { receiptOf, startFamilyBank, type BankPrompt, type SimulatedFamilyBank } from '../familybank';
import type { Fault, Rig } from './rig';

const FAULTS = { cut: 'cut', error: 'error', garbage: 'html' } as const satisfies Record<Fault, string>;

/** Family Bank, simulated, in service: its calls are believed by the word of the order alone. */
export async function familyBankRig(): Promise<Rig<BankPrompt> & { bank: SimulatedFamilyBank }> {
  const bank = await startFamilyBank();
  const account = {
    environment: 'production',
    base_url: 'https://api.bank.example',
    client_id: bank.options.clientId,
    client_secret: bank.options.clientSecret,
    shortcode: bank.options.shortcode,
    password_order: bank.options.passwordOrder,
    field_names: bank.options.fieldNames,
  };
  return {
    bank,
    name: 'familybank',
    after: { cut: 'unknown', error: 'unknown', garbage: 'unknown' },
    asks: false,
    declined: { code: '1032' },
    baseUrl: () => bank.baseUrl,
    reach: (baseUrl) => {
      bank.reach = baseUrl;
    },
    goDown: () => bank.goDown(),
    comeBack: () => bank.comeBack(),
    stop: () => bank.stop(),
    settings: () => account,
    wrongSettings: () => ({ ...account, client_secret: 'of-another' }),
    ready: () => Promise.resolve(),
    taken: ({ phone }) => bank.prompts.filter((one) => `+${one.msisdn}` === phone),
    pay: (prompt) => bank.pay(prompt),
    decline: (prompt) => bank.fail(prompt),
    tell: (prompt) => bank.call(prompt),
    tellByReference: (prompt) => bank.call(prompt),
    forge(prompt, lie) {
      const forged = { ...prompt, truth: { kind: 'paid' as const, receipt: receiptOf() } };
      if (lie === 'order') return bank.call({ ...forged, word: `${prompt.reference}${'F'.repeat(16)}` });
      if (lie === 'amount') return bank.call({ ...forged, amount: 1 });
      return bank.call(forged, undefined, `http://isp.example/hooks/bank/${'0'.repeat(32)}`);
    },
    beforeAnswer: (work) => bank.beforeAnswer(work),
    failNext: (fault) => bank.failNext(FAULTS[fault]),
    hold: () => undefined,
    receipt: (prompt) => (prompt.truth.kind === 'paid' ? prompt.truth.receipt : ''),
  };
}
