import { createHash, createHmac } from 'node:crypto';
import type { Called } from '../call';
import { nairobiStamp } from '../nairobi';
import { callWithToken, type TokenDoor } from '../token';
import type { FamilyBankSettings } from './settings';

export const SANDBOX = 'https://sandbox.familybank.co.ke';
const TIMEOUT_MS = 30_000;
const TOKEN_TIMEOUT_MS = 10_000;

export interface BankPush {
  /** 254712345678. */
  msisdn: string;
  /** Whole shillings. */
  amount: number;
  reference: string;
  description: string;
  callbackUrl: string;
  /** Ours, told back in the call. */
  word: string;
  at: Date;
}

/**
 * The word of an order, sent as ThirdPartyTransID and told back: its reference and what nobody but the bank and we can know, because calls are not signed.
 * Derived, so that it is known also where the answer to the prompt never came.
 */
export function orderWord(settings: FamilyBankSettings, tenantId: bigint, accountRef: string): string {
  const mac = createHmac('sha256', settings.client_secret).update(`${tenantId} ${accountRef}`).digest('hex');
  return accountRef + mac.slice(0, MAC_LENGTH).toUpperCase();
}
export const MAC_LENGTH = 16;

/** base64 of shortcode, client and timestamp, in the order that the bank told this account. */
export function bankPassword(settings: FamilyBankSettings, at: Date): { Password: string; Timestamp: string } {
  const Timestamp = nairobiStamp(at);
  const { shortcode, client_id } = settings;
  const names = settings.password_order === 'client_first' ? client_id + shortcode : shortcode + client_id;
  return { Password: Buffer.from(names + Timestamp).toString('base64'), Timestamp };
}

/** Rings the customer's phone by the bank. `ok` means that it is queued, never that anything was paid. */
export function bankPush(settings: FamilyBankSettings, baseUrl: string, push: BankPush): Promise<Called> {
  const mixed = settings.field_names === 'mixed';
  return callWithToken(doorOf(settings, baseUrl), {
    method: 'POST',
    url: `${baseUrl}/api/v1/Mpesa/stkpush`,
    headers: {},
    body: {
      BusinessShortCode: settings.shortcode,
      ...bankPassword(settings, push.at),
      TransactionType: 'CustomerPayBillOnline',
      Amount: push.amount,
      PartyA: push.msisdn,
      PartyB: settings.shortcode,
      PhoneNumber: push.msisdn,
      [mixed ? 'CallBackUrl' : 'CallBackURL']: push.callbackUrl,
      AccountReference: push.reference.slice(0, 12),
      TransactionDesc: push.description.slice(0, 13),
      [mixed ? 'ThirdPartyTransId' : 'ThirdPartyTransID']: push.word,
    },
    timeout_ms: TIMEOUT_MS,
  });
}

function doorOf({ client_id, client_secret, token_url }: FamilyBankSettings, baseUrl: string): TokenDoor {
  const url = token_url || `${baseUrl}/connect/token`;
  const secret = createHash('sha256').update(client_secret).digest('base64url');
  return {
    key: `${url} ${client_id} ${secret}`,
    fetch: {
      method: 'POST',
      url,
      headers: {},
      form: { grant_type: 'client_credentials', client_id, client_secret, scope: 'ESB_REST_API' },
      timeout_ms: TOKEN_TIMEOUT_MS,
    },
    isBadToken: (code) => code === 'http_401' || code === 'invalid_token',
  };
}
