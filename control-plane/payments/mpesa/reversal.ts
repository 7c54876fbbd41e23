import { textOf, type Called } from '../call';
import type { Account, Refund, Refunded, RefundTold } from '../provider';
import { darajaReverse, darajaStatus } from './daraja';
import { darajaAccount, type MpesaSettings } from './settings';

/** Codes of a result that mean: certainly not reversed. Any other that is not 0 is asked about, and in the end looked at by a person. */
const REFUSED = new Set([
  '1',
  '2',
  '3',
  '4',
  '8',
  '11',
  '21',
  '2001',
  '2006',
  '2028',
  '2040',
  '8006',
  'R000002',
  'SFC_IC0003',
]);
/** It was reversed before: the money has left, whoever sent it. */
const REVERSED = 'R000001';

/** Asks Safaricom to reverse a payment. Its answer is only that it has heard. */
export async function reverse({ settings, baseUrl }: Account<MpesaSettings>, refund: Refund): Promise<Refunded> {
  const called = await darajaReverse(darajaAccount(settings, baseUrl), {
    receipt: refund.receipt,
    amount: Number(refund.amount_cents / 100n),
    resultUrl: refund.resultUrl,
  });
  switch (called.kind) {
    case 'ok': {
      const ref = textOf(called.body['ConversationID']);
      const code = textOf(called.body['ResponseCode']);
      if (code === '0' && ref !== '')
        return { kind: 'pending', ref, ref2: textOf(called.body['OriginatorConversationID']) };
      const text = textOf(called.body['ResponseDescription']);
      return code === '' ? { kind: 'silent', text: 'an answer without a code' } : { kind: 'refused', code, text };
    }
    case 'refused':
      return turnedAway(called);
    case 'unreached':
      return { kind: 'not_sent', text: called.text };
    case 'silent':
      return called;
  }
}

/** Too many at once, or a token that it does not know: nothing was done. */
function turnedAway(called: Extract<Called, { kind: 'refused' }>): Refunded {
  if (/^500\.003\.0[23]$/.test(called.code) || called.status === 429) return { kind: 'not_sent', text: called.text };
  // What came after the gateway with a server's error may have been done.
  if (called.status >= 500) return { kind: 'silent', text: `${called.code} ${called.text}` };
  return { kind: 'refused', code: called.code, text: called.text };
}

/** Asks what became of a reversal; Safaricom tells it by a call. */
export async function askReversal(
  { settings, baseUrl }: Account<MpesaSettings>,
  { ref, resultUrl }: Refund & { ref: string },
): Promise<RefundTold> {
  const called = await darajaStatus(darajaAccount(settings, baseUrl), { conversation: ref, resultUrl });
  if (called.kind !== 'ok') return { kind: 'unknown', text: called.text };
  const asked = textOf(called.body['ConversationID']);
  return asked === '' ? { kind: 'unknown', text: 'an answer without a name' } : { kind: 'asked', ref: asked };
}

/** What Safaricom tells later of something that was ordered. */
export interface Result {
  conversation: string;
  originator: string;
  code: string;
  text: string;
  receipt: string;
  /** A key may come twice: the first counts. */
  fields: Map<string, string>;
}

export function readResult(body: Buffer): Result | undefined {
  const root = parse(body);
  const result = objectOf(root?.['Result']);
  if (!result) return undefined;
  const list = objectOf(result['ResultParameters'])?.['ResultParameter'];
  const fields = new Map<string, string>();
  for (const one of Array.isArray(list) ? list : [list]) {
    const row = objectOf(one);
    const key = row && textOf(row['Key']);
    if (key && !fields.has(key)) fields.set(key, textOf(row['Value']));
  }
  const conversation = textOf(result['ConversationID']);
  if (conversation === '') return undefined;
  return {
    conversation,
    originator: textOf(result['OriginatorConversationID']),
    code: textOf(result['ResultCode']),
    text: textOf(result['ResultDesc']),
    receipt: textOf(result['TransactionID']),
    fields,
  };
}

/** What the result of a reversal means. */
export function readReversal({ code, text, receipt }: Result): RefundTold {
  if (code === '0' || code === REVERSED) return { kind: 'done', ref: receipt };
  if (REFUSED.has(code)) return { kind: 'failed', code, text };
  return { kind: 'unknown', text: `${code} ${text}` };
}

/** What the answer to a question about a reversal means. Only what it says of the transaction counts, and not whether the question went well. */
export function readStatus({ code, text, fields }: Result): RefundTold {
  const status = fields.get('TransactionStatus') ?? '';
  if (code === '0' && status === 'Completed') return { kind: 'done', ref: fields.get('ReceiptNo') ?? '' };
  if (code === '0' && /^(Cancelled|Declined|Expired|Failed)$/.test(status))
    return { kind: 'failed', code: status, text: fields.get('ReasonType') ?? status };
  return { kind: 'unknown', text: status || `${code} ${text}` };
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}
