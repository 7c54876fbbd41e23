import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { Problem } from './problem';

const refusal = (): Problem =>
  new Problem(
    403,
    'cross_site',
    'This form was sent from another site or is too old. Load the page again and repeat what you did.',
  );

/**
 * Refuses a state-changing browser request that another site started: by Sec-Fetch-Site where the browser sends it, by Origin otherwise.
 * Needed even before sign-in, or a stranger could sign somebody in as himself.
 */
export function requireSameOrigin(req: Request, publicUrl: string): void {
  const site = req.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw refusal();
  const origin = req.get('origin');
  if (origin === undefined) return;
  if (origin !== `${req.protocol}://${req.host}` && origin !== new URL(publicUrl).origin) throw refusal();
}

/** The token as a page carries it: under a mask of random bytes that is another one in each answer, so that no two compress alike. */
export function maskCsrfToken(token: string): string {
  const bytes = Buffer.from(token);
  const mask = randomBytes(bytes.length);
  return Buffer.concat([mask, xor(bytes, mask)]).toString('base64url');
}

/** Compares the form's token, with its mask taken off, with the session's, in constant time. */
export function requireCsrfToken(req: Request, expected: string): void {
  const body = req.body as Record<string, unknown> | undefined;
  const given = req.get('x-csrf-token') ?? body?.['_csrf'];
  if (typeof given !== 'string') throw refusal();
  const masked = Buffer.from(given, 'base64url');
  const b = Buffer.from(expected);
  if (masked.length !== 2 * b.length) throw refusal();
  if (!timingSafeEqual(xor(masked.subarray(b.length), masked.subarray(0, b.length)), b)) throw refusal();
}

function xor(bytes: Buffer, mask: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, at) => byte ^ (mask[at] ?? 0)));
}
