import { randomBytes } from 'node:crypto';
import type { SecretBox } from '../platform/crypto';

/** What an access token says of itself; apps may read it, and should read nothing into it that the API does not answer. */
export interface AccessClaims {
  staffId: bigint;
  tenantId: bigint;
  /** Seconds from now. */
  lifetime_s: number;
}

const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * An access token as a JWT (RFC 7519, header type of RFC 9068), signed HS256 with a key of this use alone. Whether it is good is asked of the
 * database at each request, by its SHA-256: signing out, a new password or another role end it at once, which no signature could.
 * Times are the machine's own, as all sign-in is.
 */
export function newAccessToken(secrets: SecretBox, claims: AccessClaims): string {
  const iat = Math.floor(Date.now() / 1000);
  const head = b64({ alg: 'HS256', typ: 'at+jwt' });
  const body = b64({
    iss: 'lango',
    sub: claims.staffId.toString(),
    tenant: claims.tenantId.toString(),
    iat,
    exp: iat + claims.lifetime_s,
    jti: randomBytes(16).toString('base64url'),
  });
  return `${head}.${body}.${secrets.sign('staff.access_token', `${head}.${body}`).toString('base64url')}`;
}
