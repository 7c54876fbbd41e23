import { startCarrierServer, type CarrierServer, type Reply } from './carrier-server';

/** Simulated Africa's Talking, version1: takes what a live account with this key would take. */
export interface FakeAfricasTalking extends CarrierServer {
  /** Messages that were taken, oldest first. */
  sent: { id: string; to: string; text: string; from: string | null; username: string }[];
  /** A 201 whose recipient has this status. */
  recipient(statusCode: number, status: string): Reply;
  /** Form body of a delivery report about a message. */
  report(id: string, status: string, failureReason?: string): string;
}

export async function startAfricasTalking(account: { username: string; apiKey: string }): Promise<FakeAfricasTalking> {
  const sent: FakeAfricasTalking['sent'] = [];
  const created = (data: unknown): Reply => ({
    status: 201,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ SMSMessageData: data }),
  });
  const server = await startCarrierServer(({ path, headers, body }) => {
    if (path !== '/version1/messaging') return { status: 404, body: 'The resource could not be found.' };
    const form = new URLSearchParams(body);
    // As it really is: plain text.
    if (headers['apikey'] !== account.apiKey || form.get('username') !== account.username)
      return { status: 401, headers: { 'content-type': 'text/plain' }, body: 'The supplied authentication is invalid' };
    const to = form.get('to') ?? '';
    const text = form.get('message') ?? '';
    const id = `ATXid_${String(sent.length + 1).padStart(6, '0')}`;
    sent.push({ id, to, text, from: form.get('from'), username: account.username });
    return created({
      Message: 'Sent to 1/1 Total Cost: KES 0.8000',
      Recipients: [{ statusCode: 101, number: to, status: 'Success', cost: 'KES 0.8000', messageId: id }],
    });
  });
  return {
    ...server,
    sent,
    recipient: (statusCode, status) =>
      created({
        Message: 'Sent to 0/1 Total Cost: 0',
        Recipients: [{ statusCode, number: '+254700000000', status, cost: '0', messageId: 'None' }],
      }),
    report: (id, status, failureReason) =>
      new URLSearchParams({
        id,
        status,
        phoneNumber: '+254712345678',
        networkCode: '63902',
        ...(failureReason ? { failureReason } : {}),
        retryCount: '0',
      }).toString(),
  };
}
