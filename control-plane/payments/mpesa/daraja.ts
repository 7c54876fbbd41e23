import { createHash } from 'node:crypto';
import type { Called } from '../call';
import { nairobiStamp } from '../nairobi';
import { callWithToken, type TokenDoor } from '../token';

/** What a company's account with Safaricom is called by. */
export interface DarajaAccount {
  baseUrl: string;
  consumerKey: string;
  consumerSecret: string;
  /** Of a till: the number of the store or head office. */
  shortcode: string;
  passkey: string;
  type: 'paybill' | 'till';
  /** Of a till: its own number, which the money goes to. */
  till: string | undefined;
  /** The API user for reversals, and its password as the portal seals it. */
  initiator?: string;
  credential?: string;
}

export interface PushRequest {
  /** 254712345678. */
  msisdn: string;
  /** Whole shillings. */
  amount: number;
  /** At most 12 letters and digits; the customer sees it. */
  reference: string;
  /** At most 13 letters. */
  description: string;
  callbackUrl: string;
  at: Date;
}

export const darajaUrls = {
  sandbox: 'https://sandbox.safaricom.co.ke',
  production: 'https://api.safaricom.co.ke',
} as const;

const TIMEOUT_MS = 20_000;
const TOKEN_TIMEOUT_MS = 10_000;
/** Any of these may mean that the token is not known (any more). */
const BAD_TOKEN = new Set(['404.001.03', '400.003.01', '401.002.01', '401.003.01', 'http_401']);

/** The password and the timestamp inside it: made together, because a pair that does not match is refused as wrong credentials. */
export function darajaPassword(shortcode: string, passkey: string, at: Date): { Password: string; Timestamp: string } {
  const Timestamp = nairobiStamp(at);
  return { Password: Buffer.from(`${shortcode}${passkey}${Timestamp}`).toString('base64'), Timestamp };
}

/** STK Push: rings the customer's phone. `ok` means that it is queued, never that anything was paid. */
export function darajaPush(account: DarajaAccount, request: PushRequest): Promise<Called> {
  const till = account.type === 'till';
  return authorised(account, '/mpesa/stkpush/v1/processrequest', {
    BusinessShortCode: account.shortcode,
    ...darajaPassword(account.shortcode, account.passkey, request.at),
    TransactionType: till ? 'CustomerBuyGoodsOnline' : 'CustomerPayBillOnline',
    Amount: request.amount,
    // Numbers: live accounts were seen to end as unreachable (1037) with texts.
    PartyA: Number(request.msisdn),
    PartyB: Number(till ? (account.till ?? account.shortcode) : account.shortcode),
    PhoneNumber: Number(request.msisdn),
    CallBackURL: request.callbackUrl,
    AccountReference: request.reference.slice(0, 12),
    TransactionDesc: request.description.slice(0, 13),
  });
}

/** Asks what became of a push. It tells neither receipt nor amount. */
export function darajaQuery(account: DarajaAccount, checkoutId: string, at: Date): Promise<Called> {
  return authorised(account, '/mpesa/stkpushquery/v1/query', {
    BusinessShortCode: account.shortcode,
    ...darajaPassword(account.shortcode, account.passkey, at),
    CheckoutRequestID: checkoutId,
  });
}

/** Tells Safaricom where payments made by hand are told. In service this works once; later changes go through their portal. */
export function darajaRegister(
  account: DarajaAccount,
  urls: { confirmation: string; validation: string },
  ifSilent: 'Completed' | 'Cancelled',
): Promise<Called> {
  return authorised(account, '/mpesa/c2b/v2/registerurl', {
    ShortCode: account.shortcode,
    ResponseType: ifSilent,
    ConfirmationURL: urls.confirmation,
    ValidationURL: urls.validation,
  });
}

/** Registers for the list of payments, once. `nominated` is the phone number that Safaricom holds for the shortcode. */
export function darajaPullRegister(account: DarajaAccount, nominated: string, callbackUrl: string): Promise<Called> {
  return authorised(account, '/pulltransactions/v1/register', {
    ShortCode: account.shortcode,
    RequestType: 'Pull',
    NominatedNumber: nominated,
    CallBackURL: callbackUrl,
  });
}

/** Payments made by hand in a span within the last 48 hours, from a row on. */
export function darajaPull(account: DarajaAccount, from: Date, to: Date, offset: number): Promise<Called> {
  return authorised(account, '/pulltransactions/v1/query', {
    ShortCode: account.shortcode,
    StartDate: wallTime(from),
    EndDate: wallTime(to),
    OffSetValue: String(offset),
  });
}

/** Where the outcome of what Safaricom does later is told. */
export interface ResultAddress {
  resultUrl: string;
}

/** Reverses a payment, whole or in part. `ok` means that it is queued; the outcome comes to resultUrl, once, or never. It is never sent again. */
export function darajaReverse(
  account: DarajaAccount,
  { receipt, amount, resultUrl }: ResultAddress & { receipt: string; amount: number },
): Promise<Called> {
  return authorised(account, '/mpesa/reversal/v1/request', {
    ...initiatorOf(account),
    CommandID: 'TransactionReversal',
    TransactionID: receipt,
    Amount: amount,
    ReceiverParty: account.shortcode,
    // Their spelling.
    RecieverIdentifierType: '11',
    ResultURL: resultUrl,
    QueueTimeOutURL: resultUrl,
    Remarks: 'Refund',
    Occasion: '',
  });
}

/** Asks what became of something that was ordered before, by the name that Safaricom gave it. The answer comes to resultUrl. */
export function darajaStatus(
  account: DarajaAccount,
  { conversation, resultUrl }: ResultAddress & { conversation: string },
): Promise<Called> {
  return authorised(account, '/mpesa/transactionstatus/v1/query', {
    ...initiatorOf(account),
    CommandID: 'TransactionStatusQuery',
    OriginalConversationID: conversation,
    PartyA: account.shortcode,
    IdentifierType: '4',
    ResultURL: resultUrl,
    QueueTimeOutURL: resultUrl,
    Remarks: 'Refund',
    Occasion: '',
  });
}

const initiatorOf = ({ initiator = '', credential = '' }: DarajaAccount) => ({
  Initiator: initiator,
  SecurityCredential: credential,
});

function wallTime(at: Date): string {
  return new Date(at.getTime() + 3 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** A call with the account's token; one that is not known any more is fetched anew. */
export function authorised(account: DarajaAccount, path: string, body: unknown): Promise<Called> {
  return callWithToken(doorOf(account), {
    method: 'POST',
    url: account.baseUrl + path,
    headers: {},
    body,
    timeout_ms: TIMEOUT_MS,
  });
}

function doorOf({ baseUrl, consumerKey, consumerSecret }: DarajaAccount): TokenDoor {
  const secret = createHash('sha256').update(consumerSecret).digest('base64url');
  const basic = Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64');
  return {
    key: `${baseUrl} ${consumerKey} ${secret}`,
    fetch: {
      method: 'GET',
      url: `${baseUrl}/oauth/v1/generate?grant_type=client_credentials`,
      headers: { authorization: `Basic ${basic}` },
      timeout_ms: TOKEN_TIMEOUT_MS,
    },
    isBadToken: (code) => BAD_TOKEN.has(code),
  };
}
