import { generateKeyPairSync, sign } from 'node:crypto';
import { startCarrierServer, type CarrierServer, type Reply } from './carrier-server';

/** Simulated SendGrid, v3: mail/send and the signed event webhook. */
export interface FakeSendgrid extends CarrierServer {
  sent: { id: string; to: string; subject: string; text: string; from: string }[];
  /** The key that a company enters from its mail settings. */
  publicKey: string;
  refusal(status: number, message: string, field?: string): Reply;
  /** Sends events, as an array, signed; gives the answer's status. */
  report(address: string, events: { event: string; id: string; reason?: string }[]): Promise<number>;
}

interface Sending {
  personalizations: { to: { email: string }[] }[];
  from: { email: string };
  subject: string;
  content: { type: string; value: string }[];
}

export async function startSendgrid(account: { apiKey: string }): Promise<FakeSendgrid> {
  const sent: FakeSendgrid['sent'] = [];
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const refusal = (status: number, message: string, field: string | null = null): Reply => ({
    status,
    body: JSON.stringify({ errors: [{ message, field, help: null }] }),
  });
  const server = await startCarrierServer(({ path, headers, body }) => {
    if (path !== '/v3/mail/send') return refusal(404, 'not found');
    if (headers['authorization'] !== `Bearer ${account.apiKey}`)
      return refusal(401, 'The provided authorization grant is invalid, expired, or revoked');
    const mail = JSON.parse(body) as Sending;
    if (mail.content[0]?.type !== 'text/plain') return refusal(400, 'text/plain must come first', 'content');
    const id = `sg-${sent.length + 1}`;
    const to = mail.personalizations[0]?.to[0]?.email ?? '';
    sent.push({ id, to, subject: mail.subject, text: mail.content[0].value, from: mail.from.email });
    return { status: 202, body: '', headers: { 'x-message-id': id } };
  });
  return {
    ...server,
    sent,
    publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    refusal,
    async report(address, events) {
      const list = events.map(({ event, id, reason }, at) => ({
        email: 'someone@example.net',
        event,
        sg_message_id: `${id}.filter0001.16648.5515E0B88.0`,
        sg_event_id: `event-${at}`,
        timestamp: Math.floor(Date.now() / 1000),
        ...(reason ? { reason } : {}),
      }));
      // With the line break at the end, which is signed too.
      const body = `${JSON.stringify(list)}\r\n`;
      const timestamp = String(Math.floor(Date.now() / 1000));
      const signature = sign('sha256', Buffer.from(timestamp + body), keys.privateKey).toString('base64');
      const answer = await fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-twilio-email-event-webhook-signature': signature,
          'x-twilio-email-event-webhook-timestamp': timestamp,
        },
        body,
      });
      return answer.status;
    },
  };
}
