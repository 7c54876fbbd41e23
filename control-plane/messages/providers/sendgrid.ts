import { saidBy, type Attachment, type Carrier, type CarrierTools, type Sent } from './carrier';
import { outcomeOfStatus, postCarrier, type CarrierAnswer } from './post-carrier';

export interface SendgridAccount {
  api_key: string;
  from_email: string;
  from_name?: string | undefined;
}

/** E-mail through SendGrid's v3 interface. */
export function sendgrid(account: SendgridAccount, { urls, timeoutMs }: CarrierTools): Carrier {
  const base = urls.sendgrid ?? 'https://api.sendgrid.com';
  const { api_key, from_email, from_name } = account;
  return async ({ id, to, subject, text, html, files = [] }): Promise<Sent> => {
    const body = {
      personalizations: [{ to: [{ email: to }], custom_args: { lango: id } }],
      from: { email: from_email, ...(from_name ? { name: from_name } : {}) },
      subject: subject ?? '',
      // In this order: text before HTML, or it is refused.
      content: [{ type: 'text/plain', value: text }, ...(html === null ? [] : [{ type: 'text/html', value: html }])],
      ...(files.length === 0 ? {} : { attachments: files.map(attached) }),
      // Their links would lead over their own server.
      tracking_settings: { click_tracking: { enable: false }, open_tracking: { enable: false } },
    };
    const answer = await postCarrier(
      `${base}/v3/mail/send`,
      { authorization: `Bearer ${api_key}`, 'content-type': 'application/json' },
      JSON.stringify(body),
      { timeoutMs },
    );
    if ('kind' in answer) return answer;
    if (answer.status === 202)
      return { kind: 'accepted', ref: answer.headers.get('x-message-id')?.slice(0, 200) ?? null, status: 'processed' };
    return refusal(answer, api_key);
  };
}

const attached = ({ name, type, bytes }: Attachment) => ({
  content: bytes.toString('base64'),
  filename: name,
  type,
  disposition: 'attachment',
});

/** {"errors":[{"message","field","help"}]} */
function refusal(answer: CarrierAnswer, key: string): Sent {
  const errors = answer.json?.['errors'];
  const first = (Array.isArray(errors) ? errors[0] : undefined) as { message?: unknown; field?: unknown } | undefined;
  const said = saidBy(first?.message, [key]);
  const field = typeof first?.field === 'string' ? first.field : '';
  if (answer.status === 403 && (field.startsWith('from') || /sender identity/i.test(said)))
    return { kind: 'again', error: 'sender', detail: said };
  if (answer.status === 400 && /(^|\.)to(\.|$)/.test(field)) return { kind: 'refused', error: 'address', detail: said };
  if (answer.status === 400 && field.startsWith('from')) return { kind: 'again', error: 'sender', detail: said };
  if (answer.status === 413) return { kind: 'refused', error: 'content', detail: said };
  return outcomeOfStatus(answer, said);
}
