import type { Incoming } from '../find-owner';
import { readPayer, type Payer } from '../msisdn';
import { textOf } from '../call';
import { momentOfStamp } from '../nairobi';
import { centsOf } from '../amount';

/** What an STK callback says. Amount, receipt and payer only come with a success, in no order that one could rely on. */
export interface StkCallback {
  checkoutId: string;
  merchantId: string;
  code: string;
  text: string;
  receipt: string | undefined;
  amount_cents: bigint | undefined;
  payer: Payer;
}

type Json = Record<string, unknown>;
const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

function parse(body: Buffer): Json {
  try {
    return objectOf(JSON.parse(body.toString('utf8')));
  } catch {
    return {};
  }
}

/** Undefined: it is no callback of a push. */
export function readStkCallback(body: Buffer): StkCallback | undefined {
  const told = objectOf(objectOf(parse(body)['Body'])['stkCallback']);
  const checkoutId = textOf(told['CheckoutRequestID']);
  const code = textOf(told['ResultCode']);
  if (checkoutId === '' || checkoutId.length > 200 || code === '') return undefined;
  const list = objectOf(told['CallbackMetadata'])['Item'];
  const items = new Map(
    (Array.isArray(list) ? list : [])
      .slice(0, 50)
      .map((one) => [textOf(objectOf(one)['Name']), objectOf(one)['Value']]),
  );
  return {
    checkoutId,
    merchantId: textOf(told['MerchantRequestID']),
    code: code.slice(0, 40),
    text: textOf(told['ResultDesc']).slice(0, 300),
    receipt: receiptOf(items.get('MpesaReceiptNumber')),
    amount_cents: centsOf(textOf(items.get('Amount'))),
    payer: readPayer(items.get('PhoneNumber')),
  };
}

const receiptOf = (value: unknown): string | undefined => {
  const text = textOf(value).trim().toUpperCase();
  return /^[A-Z0-9]{6,20}$/.test(text) ? text : undefined;
};

/** A payment made by hand, as it is told before (validation) and after (confirmation). Undefined: it is none. */
export function readC2b(body: Buffer): (Incoming & { shortcode: string }) | undefined {
  const told = parse(body);
  const receipt = receiptOf(told['TransID']);
  const amount_cents = centsOf(textOf(told['TransAmount']));
  if (receipt === undefined || amount_cents === undefined || amount_cents === 0n) return undefined;
  return {
    method: 'mpesa',
    receipt,
    amount_cents,
    currency: 'KES',
    payer: readPayer(told['MSISDN']),
    payerName: [told['FirstName'], told['MiddleName'], told['LastName']].map(textOf).filter(Boolean).join(' '),
    billRef: textOf(told['BillRefNumber']).trim(),
    at: momentOfStamp(textOf(told['TransTime'])),
    shortcode: textOf(told['BusinessShortCode']),
  };
}
