import { saidBy, type Carrier, type CarrierTools, type Sent } from './carrier';
import { outcomeOfStatus, postCarrier } from './post-carrier';

export interface ResendAccount {
  api_key: string;
  from_email: string;
  from_name?: string | undefined;
}

/** E-mail through Resend. Its idempotency key makes a repetition safe, so that also a call without an answer is simply made again. */
export function resend(account: ResendAccount, { urls, timeoutMs }: CarrierTools): Carrier {
  const base = urls.resend ?? 'https://api.resend.com';
  const { api_key, from_email, from_name } = account;
  // Quotes and brackets would end the name; the address is one by its schema.
  const from = from_name ? `"${from_name.replace(/["\\<>\r\n]/g, ' ')}" <${from_email}>` : from_email;
  return async ({ id, to, subject, text, html, files = [] }): Promise<Sent> => {
    const answer = await postCarrier(
      `${base}/emails`,
      { authorization: `Bearer ${api_key}`, 'content-type': 'application/json', 'idempotency-key': `lango-${id}` },
      JSON.stringify({
        from,
        to: [to],
        subject: subject ?? '',
        text,
        ...(html === null ? {} : { html }),
        ...(files.length === 0
          ? {}
          : { attachments: files.map(({ name, bytes }) => ({ filename: name, content: bytes.toString('base64') })) }),
      }),
      { timeoutMs },
    );
    if ('kind' in answer)
      return answer.kind === 'unknown' ? { kind: 'again', error: answer.error, detail: answer.detail } : answer;
    const { id: ref, name, message } = answer.json ?? {};
    if (answer.status < 300 && typeof ref === 'string')
      return { kind: 'accepted', ref: ref.slice(0, 200), status: 'sent' };
    const detail = saidBy(message, [api_key]) || saidBy(name);
    switch (name) {
      case 'missing_api_key':
      case 'invalid_api_key':
      case 'restricted_api_key':
        return { kind: 'again', error: 'credentials', detail };
      case 'daily_quota_exceeded':
      case 'monthly_quota_exceeded':
        return { kind: 'again', error: 'balance', detail };
      case 'rate_limit_exceeded':
      case 'concurrent_idempotent_requests':
        return { kind: 'again', error: 'busy', detail };
      case 'invalid_from_address':
        return { kind: 'again', error: 'sender', detail };
      case 'validation_error':
        // An unverified domain of the sender is one of these too.
        if (answer.status === 403 || /domain/i.test(detail)) return { kind: 'again', error: 'sender', detail };
        return { kind: 'refused', error: /`to`|recipient/i.test(detail) ? 'address' : 'rejected', detail };
      default:
        return outcomeOfStatus(answer, detail);
    }
  };
}
