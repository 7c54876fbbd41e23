import { saidBy, type Carrier, type CarrierFault, type CarrierTools, type Sent } from './carrier';
import { outcomeOfStatus, postCarrier } from './post-carrier';

export interface TwilioAccount {
  account_sid: string;
  auth_token: string;
  /** One of the two. */
  from?: string | undefined;
  messaging_service_sid?: string | undefined;
}

/** Error codes that say more than their HTTP status (twilio.com/docs/api/errors). */
const CODES: Record<number, [kind: 'refused' | 'again', error: CarrierFault]> = {
  20003: ['again', 'credentials'],
  20429: ['again', 'busy'],
  21211: ['refused', 'address'],
  21214: ['refused', 'address'],
  21217: ['refused', 'address'],
  21408: ['again', 'sender'],
  21610: ['refused', 'blocked'],
  21612: ['again', 'unreachable'],
  21614: ['refused', 'address'],
  21617: ['refused', 'content'],
  21212: ['again', 'sender'],
  21606: ['again', 'sender'],
  21659: ['again', 'sender'],
  30002: ['again', 'balance'],
};

/** SMS through Twilio. Its own package has no option for the address, so the interface is called directly. */
export function twilio(account: TwilioAccount, { urls, reportUrl, timeoutMs }: CarrierTools): Carrier {
  const base = urls.twilio ?? 'https://api.twilio.com';
  const { account_sid, auth_token, from, messaging_service_sid } = account;
  return async ({ to, text }): Promise<Sent> => {
    const form = new URLSearchParams({ To: to, Body: text });
    if (messaging_service_sid) form.set('MessagingServiceSid', messaging_service_sid);
    else if (from) form.set('From', from);
    if (reportUrl !== undefined) form.set('StatusCallback', reportUrl);
    const answer = await postCarrier(
      `${base}/2010-04-01/Accounts/${encodeURIComponent(account_sid)}/Messages.json`,
      {
        authorization: `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      form.toString(),
      { timeoutMs },
    );
    if ('kind' in answer) return answer;
    const { sid, status, num_segments, code, message } = answer.json ?? {};
    if (answer.status === 201 && typeof sid === 'string') {
      const segments = Number(num_segments);
      return {
        kind: 'accepted',
        ref: sid.slice(0, 200),
        status: typeof status === 'string' ? status.slice(0, 60) : 'queued',
        segments: Number.isInteger(segments) && segments > 0 ? segments : undefined,
      };
    }
    const said = saidBy(message, [auth_token]);
    const known = CODES[Number(code)];
    return known
      ? { kind: known[0], error: known[1], detail: said || `code ${Number(code)}` }
      : outcomeOfStatus(answer, said);
  };
}
