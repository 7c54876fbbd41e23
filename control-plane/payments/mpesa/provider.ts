import type { Account, Listed, PaymentProvider, Prompted, Told } from '../provider';
import { centsOf } from '../amount';
import { textOf, type Called } from '../call';
import { darajaPull, darajaPush, darajaQuery, darajaUrls } from './daraja';
import { mayYetSucceed, readOutcome } from './outcome';
import { askReversal, reverse } from './reversal';
import { darajaAccount, mpesaSettings, type MpesaSettings } from './settings';

const PAGES_MAX = 200;

/** M-Pesa by Daraja: STK push and query, and the list of payments made by hand. */
export const mpesa: PaymentProvider<MpesaSettings> = {
  name: 'mpesa',
  currency: 'KES',
  wholeUnits: () => true,
  rings: true,
  repeatable: false,
  mayYetSucceed,
  settings: mpesaSettings,
  secrets: ['consumer_secret', 'passkey', 'security_credential'],
  hook: 'pay',
  baseUrl: ({ environment }) => darajaUrls[environment],
  async prompt({ settings, baseUrl }, order) {
    return promptedOf(
      await darajaPush(darajaAccount(settings, baseUrl), {
        msisdn: order.phone.replace(/^\+/, ''),
        amount: Number(order.amount_cents / 100n),
        reference: order.accountRef,
        description: order.description,
        callbackUrl: order.callbackUrl,
        at: order.at,
      }),
    );
  },
  async ask({ settings, baseUrl }, { ref, at }) {
    return toldOf(await darajaQuery(darajaAccount(settings, baseUrl), ref, at));
  },
  refund: reverse,
  mayRefund: ({ initiator_name, security_credential }) => Boolean(initiator_name && security_credential),
  askRefund: askReversal,
  list: listPayments,
};

function promptedOf(called: Called): Prompted {
  switch (called.kind) {
    case 'ok': {
      const ref = textOf(called.body['CheckoutRequestID']);
      const code = textOf(called.body['ResponseCode']);
      if (code === '0' && ref !== '') return { kind: 'accepted', ref, ref2: textOf(called.body['MerchantRequestID']) };
      const text = textOf(called.body['ResponseDescription']);
      return code === '' ? { kind: 'silent', text: 'an answer without a code' } : { kind: 'refused', code, text };
    }
    case 'refused': {
      // Too many at once: turned away before anything was done.
      if (/^500\.003\.0[23]$/.test(called.code) || called.status === 429)
        return { kind: 'not_sent', text: called.text };
      const account =
        called.code === 'credentials' || /credentials|merchant does not exist|access token/i.test(called.text);
      return { kind: 'refused', code: called.code, text: called.text, account };
    }
    case 'unreached':
      return { kind: 'not_sent', text: called.text };
    case 'silent':
      return called;
  }
}

function toldOf(called: Called): Told {
  switch (called.kind) {
    case 'ok': {
      const code = textOf(called.body['ResultCode']);
      const text = textOf(called.body['ResultDesc']);
      return code === '' ? { kind: 'unknown', text: 'an answer without a code' } : readOutcome(code, text);
    }
    case 'refused':
      if (/being processed|under processing/i.test(called.text)) return { kind: 'pending' };
      return { kind: 'unknown', code: called.code, text: called.text };
    case 'unreached':
    case 'silent':
      return { kind: 'unknown', text: called.text };
  }
}

async function listPayments({ settings, baseUrl }: Account<MpesaSettings>, from: Date, to: Date) {
  const account = darajaAccount(settings, baseUrl);
  const rows: Listed[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const called = await darajaPull(account, from, to, rows.length);
    if (called.kind !== 'ok') return { kind: 'silent' as const, text: called.text };
    const found = pulledRows(called.body['Response']);
    if (found.length === 0) return { kind: 'listed' as const, rows };
    rows.push(...found.map(listedOf));
  }
  return { kind: 'listed' as const, rows };
}

/** Rows come in a list within a list. */
function pulledRows(response: unknown): Record<string, unknown>[] {
  return Array.isArray(response)
    ? response
        .flat(2)
        .filter(
          (row): row is Record<string, unknown> => typeof row === 'object' && row !== null && 'transactionId' in row,
        )
    : [];
}

function listedOf(row: Record<string, unknown>): Listed {
  return {
    receipt: textOf(row['transactionId']),
    amount_cents: centsOf(textOf(row['amount'])) ?? 0n,
    currency: 'KES',
    payer: row['msisdn'],
    payerName: textOf(row['sender']),
    billRef: textOf(row['billreference']),
    at: undefined,
  };
}
