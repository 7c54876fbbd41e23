import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

/** Seconds that a signed time may lie from the moment at which a report came. */
const WINDOW_S = 300;

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/**
 * X-Twilio-Signature: HMAC-SHA1 over the whole address and the form's fields, sorted by name, each name followed by its value. Twilio signs the address as it
 * called it, with or without its usual port.
 */
export function verifyTwilio(
  authToken: string,
  url: string,
  form: URLSearchParams,
  signature: string | undefined,
): boolean {
  if (signature === undefined) return false;
  const names = [...new Set(form.keys())].sort();
  const fields = names
    .map((name) =>
      [...new Set(form.getAll(name))]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
  const given = Buffer.from(signature, 'base64');
  return bothPorts(url).some((one) =>
    same(
      createHmac('sha1', authToken)
        .update(one + fields)
        .digest(),
      given,
    ),
  );
}

function bothPorts(text: string): string[] {
  const url = new URL(text);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const rest = `${url.pathname}${url.search}`;
  return [`${url.protocol}//${url.hostname}${rest}`, `${url.protocol}//${url.hostname}:${port}${rest}`];
}

/** SendGrid's signed event webhook: ECDSA P-256 over the time and the body as it came, to its last line break. @param publicKey base64 of the DER key */
export function verifySendgrid(
  publicKey: string,
  headers: Record<string, string>,
  body: Buffer,
  receivedAt: Date,
): boolean {
  const signature = headers['x-twilio-email-event-webhook-signature'];
  const timestamp = headers['x-twilio-email-event-webhook-timestamp'];
  if (signature === undefined || timestamp === undefined || !isNear(timestamp, receivedAt)) return false;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return verify('sha256', Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, 'base64'));
  } catch {
    // No key, or no signature, is in what was given as one.
    return false;
  }
}

/** Resend (Svix, Standard Webhooks): HMAC-SHA256 over id, time and body; several signatures may stand in the header while a secret is changed over. */
export function verifySvix(secret: string, headers: Record<string, string>, body: Buffer, receivedAt: Date): boolean {
  const id = headers['svix-id'];
  const timestamp = headers['svix-timestamp'];
  const signatures = headers['svix-signature'];
  if (id === undefined || timestamp === undefined || signatures === undefined || !isNear(timestamp, receivedAt))
    return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const wanted = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]))
    .digest();
  return signatures
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .some((one) => same(wanted, Buffer.from(one.slice(3), 'base64')));
}

function isNear(timestamp: string, receivedAt: Date): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(Number(timestamp) - receivedAt.getTime() / 1000) <= WINDOW_S;
}
