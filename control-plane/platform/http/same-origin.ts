import { timingSafeEqual } from 'node:crypto';
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

/** Compares the form's token with the session's, in constant time. */
export function requireCsrfToken(req: Request, expected: string): void {
  const body = req.body as Record<string, unknown> | undefined;
  const given = req.get('x-csrf-token') ?? body?.['_csrf'];
  if (typeof given !== 'string') throw refusal();
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw refusal();
}
