import { textOf, type Called } from '../call';
import type { PaymentProvider, Prompted } from '../provider';
import { bankPush, orderWord, SANDBOX } from './client';
import { familyBankSettings, type FamilyBankSettings } from './settings';

/** Prompts by Family Bank. It tells outcomes and payments to its paybill by calls, and cannot be asked. */
export const familyBank: PaymentProvider<FamilyBankSettings> = {
  name: 'familybank',
  currency: 'KES',
  wholeUnits: () => true,
  rings: true,
  repeatable: false,
  mayYetSucceed: () => false,
  settings: familyBankSettings,
  secrets: ['client_secret'],
  hook: 'bank',
  baseUrl: ({ base_url }) => (base_url || SANDBOX).replace(/\/+$/, ''),
  async prompt({ settings, baseUrl, tenantId }, order) {
    return promptedOf(
      await bankPush(settings, baseUrl, {
        msisdn: order.phone.replace(/^\+/, ''),
        amount: Number(order.amount_cents / 100n),
        reference: order.accountRef,
        description: order.description,
        callbackUrl: order.callbackUrl,
        word: orderWord(settings, tenantId, order.accountRef),
        at: order.at,
      }),
    );
  },
  ask: undefined,
  refund: undefined,
  list: undefined,
};

function promptedOf(called: Called): Prompted {
  switch (called.kind) {
    case 'ok': {
      const code = textOf(called.body['ResponseCode']);
      const ref = textOf(called.body['CheckoutRequestID']);
      if (code === '0' && ref !== '') return { kind: 'accepted', ref, ref2: textOf(called.body['MerchantRequestID']) };
      const text = textOf(called.body['ResponseDescription']) || textOf(called.body['errorMessage']);
      return code === '' || code === '0'
        ? { kind: 'silent', text: 'an answer without a name for the prompt' }
        : { kind: 'refused', code, text };
    }
    case 'refused': {
      if (called.status === 429) return { kind: 'not_sent', text: called.text };
      const account = called.code === 'credentials' || called.status === 401 || called.status === 403;
      return { kind: 'refused', code: account ? 'credentials' : called.code, text: called.text, account };
    }
    case 'unreached':
      return { kind: 'not_sent', text: called.text };
    case 'silent':
      return called;
  }
}
