import { Webhook } from 'standardwebhooks';
import { startCarrierServer, type CarrierServer, type Reply } from './carrier-server';

/** Simulated Resend: /emails with its idempotency key, and signed webhooks. */
export interface FakeResend extends CarrierServer {
  sent: { id: string; to: string; subject: string; text: string; key: string }[];
  webhookSecret: string;
  refusal(status: number, name: string, message: string): Reply;
  /** Sends one event, signed by the library that receivers use; gives the answer's status. */
  report(address: string, type: string, id: string, o?: { secret?: string }): Promise<number>;
}

export async function startResend(account: { apiKey: string }): Promise<FakeResend> {
  const sent: FakeResend['sent'] = [];
  const webhookSecret = `whsec_${Buffer.alloc(24, 5).toString('base64')}`;
  const refusal = (status: number, name: string, message: string): Reply => ({
    status,
    body: JSON.stringify({ statusCode: status, name, message }),
  });
  const server = await startCarrierServer(({ path, headers, body }) => {
    if (path !== '/emails') return refusal(404, 'not_found', 'The requested endpoint does not exist.');
    if (headers['authorization'] !== `Bearer ${account.apiKey}`)
      return refusal(401, 'invalid_api_key', 'API key is invalid');
    const mail = JSON.parse(body) as { to: string[]; subject: string; text: string };
    const key = headers['idempotency-key'] ?? '';
    const before = sent.find((one) => one.key === key);
    const id = before?.id ?? `re-${sent.length + 1}`;
    if (!before) sent.push({ id, to: mail.to[0] ?? '', subject: mail.subject, text: mail.text, key });
    return { status: 200, body: JSON.stringify({ id }) };
  });
  return {
    ...server,
    sent,
    webhookSecret,
    refusal,
    async report(address, type, id, { secret = webhookSecret } = {}) {
      const body = JSON.stringify({
        type,
        created_at: new Date().toISOString(),
        data: { email_id: id, to: ['someone@example.net'] },
      });
      const at = new Date();
      const signature = new Webhook(secret).sign('msg_1', at, body);
      const answer = await fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'svix-id': 'msg_1',
          'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
          'svix-signature': signature,
        },
        body,
      });
      return answer.status;
    },
  };
}
