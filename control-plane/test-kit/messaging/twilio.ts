import { createHmac } from 'node:crypto';
import { startCarrierServer, type CarrierServer, type Reply } from './carrier-server';

/** Simulated Twilio, 2010-04-01: Messages.json and the signed StatusCallback. */
export interface FakeTwilio extends CarrierServer {
  sent: { sid: string; to: string; text: string; from: string | null; callback: string | null }[];
  /** An error as Twilio writes it. */
  refusal(status: number, code: number, message: string): Reply;
  /** Tells the address that came with the message what became of it; gives the answer's status. */
  report(sid: string, status: string, o?: { errorCode?: string; to?: string; token?: string }): Promise<number>;
}

export async function startTwilio(account: { sid: string; token: string }): Promise<FakeTwilio> {
  const sent: FakeTwilio['sent'] = [];
  const refusal = (status: number, code: number, message: string): Reply => ({
    status,
    body: JSON.stringify({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }),
  });
  const basic = `Basic ${Buffer.from(`${account.sid}:${account.token}`).toString('base64')}`;
  const server = await startCarrierServer(({ path, headers, body }) => {
    if (path !== `/2010-04-01/Accounts/${account.sid}/Messages.json`)
      return refusal(404, 20404, 'The requested resource was not found');
    if (headers['authorization'] !== basic) return refusal(401, 20003, 'Authenticate');
    const form = new URLSearchParams(body);
    const sid = `SM${String(sent.length + 1).padStart(32, '0')}`;
    sent.push({
      sid,
      to: form.get('To') ?? '',
      text: form.get('Body') ?? '',
      from: form.get('From') ?? form.get('MessagingServiceSid'),
      callback: form.get('StatusCallback'),
    });
    return {
      status: 201,
      body: JSON.stringify({ sid, status: 'queued', num_segments: '1', price: null, error_code: null }),
    };
  });
  return {
    ...server,
    sent,
    refusal,
    async report(sid, status, { errorCode, to, token = account.token } = {}) {
      const message = sent.find((one) => one.sid === sid);
      const signed = message?.callback ?? '';
      const fields = {
        MessageSid: sid,
        SmsSid: sid,
        MessageStatus: status,
        SmsStatus: status,
        To: message?.to ?? '',
        From: message?.from ?? '',
        AccountSid: account.sid,
        ApiVersion: '2010-04-01',
        ...(errorCode ? { ErrorCode: errorCode } : {}),
      };
      const text = Object.entries(fields)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => name + value)
        .join('');
      const signature = createHmac('sha1', token)
        .update(signed + text)
        .digest('base64');
      // `to`: where the web part really listens, behind the address that the world knows.
      const answer = await fetch(to ?? signed, {
        method: 'POST',
        headers: { 'x-twilio-signature': signature },
        body: new URLSearchParams(fields),
      });
      return answer.status;
    },
  };
}
