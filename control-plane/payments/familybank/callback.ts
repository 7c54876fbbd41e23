import { centsOf } from '../amount';
import { textOf } from '../call';
import { readPayer, type Payer } from '../msisdn';
import { momentOfStamp } from '../nairobi';
import { MAC_LENGTH } from './client';

/** What the bank says in a call. Two kinds were seen: one like a payment to a paybill, with a receipt, and one like the answer to a prompt, without. */
export interface BankCall {
  /** The order's reference as our word names it, and the secret part of that word. */
  accountRef: string | undefined;
  word: string;
  ref: string;
  ref2: string;
  receipt: string | undefined;
  amount_cents: bigint | undefined;
  /** Empty where there is none. */
  code: string;
  text: string;
  payer: Payer;
  payerName: string;
  billRef: string;
  shortcode: string;
  at: Date | undefined;
}

/** Undefined: it says nothing that could be about money. */
export function readBankCall(body: Buffer): BankCall | undefined {
  const told = parse(body);
  const get = (...names: string[]): string => names.map((name) => textOf(told[name]).trim()).find(Boolean) ?? '';
  const word = get('ThirdPartyTransID', 'ThirdPartyTransId').toUpperCase().slice(0, 100);
  const receipt = get('TransID', 'TransId').toUpperCase();
  const found = {
    accountRef: word.length > MAC_LENGTH ? word.slice(0, -MAC_LENGTH) : undefined,
    word,
    ref: get('CheckoutRequestID').slice(0, 200),
    ref2: get('MerchantRequestID').slice(0, 200),
    receipt: /^[A-Z0-9]{6,20}$/.test(receipt) ? receipt : undefined,
    amount_cents: centsOf(get('TransAmount', 'Amount')),
    code: get('ResultCode', 'ResponseCode').slice(0, 40),
    text: get('ResultDesc', 'ResponseDescription').slice(0, 300),
    payer: readPayer(get('MSISDN', 'PhoneNumber')),
    payerName: [get('FirstName'), get('MiddleName'), get('LastName'), get('KYCInfo')].filter(Boolean).join(' '),
    billRef: get('BillRefNumber'),
    shortcode: get('BusinessShortCode'),
    at: momentOfStamp(get('TransTime')),
  };
  return found.receipt === undefined && found.code === '' ? undefined : found;
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
