import { textOf } from '../call';
import type { Account, Refunded, RefundTold } from '../provider';
import { authorised, darajaStatus } from './daraja';
import { readReversal, type Result } from './reversal';
import { darajaAccount, type MpesaSettings } from './settings';

/** Money to somebody's phone (B2C). */
export interface Payout {
  /** Ours; Safaricom takes one order of a name. */
  originator: string;
  /** +254712345678. */
  phone: string;
  /** Whole shillings. */
  amount: number;
  resultUrl: string;
  remarks?: string;
}

/** Whether the account may pay out: it needs the API user and its sealed password. */
export const mayPayOut = ({ initiator_name, security_credential }: MpesaSettings): boolean =>
  Boolean(initiator_name && security_credential);

/**
 * Orders a payout. `pending` means that Safaricom has heard; the outcome comes to resultUrl, once, or never. An order that it says it has already
 * is `silent` too: it is asked about, and never sent again.
 */
export async function payOut({ settings, baseUrl }: Account<MpesaSettings>, payout: Payout): Promise<Refunded> {
  const account = darajaAccount(settings, baseUrl);
  const called = await authorised(account, '/mpesa/b2c/v3/paymentrequest', {
    OriginatorConversationID: payout.originator,
    InitiatorName: account.initiator ?? '',
    SecurityCredential: account.credential ?? '',
    CommandID: 'BusinessPayment',
    Amount: payout.amount,
    PartyA: account.shortcode,
    PartyB: Number(payout.phone.replace(/^\+/, '')),
    Remarks: payout.remarks ?? 'Commission',
    QueueTimeOutURL: payout.resultUrl,
    ResultURL: payout.resultUrl,
    // Their spelling.
    Occassion: '',
  });
  switch (called.kind) {
    case 'ok': {
      const ref = textOf(called.body['ConversationID']);
      if (textOf(called.body['ResponseCode']) === '0' && ref !== '') return { kind: 'pending', ref };
      return { kind: 'silent', text: textOf(called.body['ResponseDescription']) || 'an answer without a code' };
    }
    case 'refused':
      if (/^500\.003\.0[23]$/.test(called.code) || called.status === 429)
        return { kind: 'not_sent', text: called.text };
      if (called.status >= 500) return { kind: 'silent', text: `${called.code} ${called.text}` };
      return { kind: 'refused', code: called.code, text: called.text };
    case 'unreached':
      return { kind: 'not_sent', text: called.text };
    case 'silent':
      return called;
  }
}

/** Asks what became of a payout, by Safaricom's name for it or else by ours; the answer comes to resultUrl. */
export async function askPayout(
  { settings, baseUrl }: Account<MpesaSettings>,
  { ref, resultUrl }: { ref: string; resultUrl: string },
): Promise<RefundTold> {
  const called = await darajaStatus(darajaAccount(settings, baseUrl), { conversation: ref, resultUrl });
  if (called.kind !== 'ok') return { kind: 'unknown', text: called.text };
  const asked = textOf(called.body['ConversationID']);
  return asked === '' ? { kind: 'unknown', text: 'an answer without a name' } : { kind: 'asked', ref: asked };
}

/** What the result of a payout means: its receipt where it was paid; certain refusals; anything else is asked about. */
export function readPayout(result: Result): RefundTold {
  if (result.code === '0') return { kind: 'done', ref: result.fields.get('TransactionReceipt') ?? result.receipt };
  // Of a reversal R000001 means that it was done; of a payout it means nothing.
  return result.code === 'R000001' ? { kind: 'unknown', text: result.text } : readReversal(result);
}
