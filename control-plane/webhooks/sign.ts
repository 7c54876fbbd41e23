import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** A signing secret as Standard Webhooks write it: `whsec_` and 32 random bytes in base64. */
export function newSigningSecret(): string {
  return PREFIX + randomBytes(32).toString('base64');
}

/**
 * The header webhook-signature: one `v1,` signature for each secret, so that receivers may change over while two are valid.
 * Standard Webhooks, "Signature scheme": HMAC-SHA256 over `id.timestamp.body`, keyed with the bytes behind `whsec_`.
 * @param timestamp seconds since 1970, as in the header webhook-timestamp
 */
export function signatureHeader(secrets: readonly string[], id: string, timestamp: number, body: string): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');
}
