import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Person } from './person';
import { tooMany } from './problem';

/** At most `perMinute` requests a minute for one token; the answer carries RateLimit-* headers. Counted per process. */
export function limitRequests(perMinute: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: (_req, res) => (res.locals['person'] as Person).tokenHash.toString('base64'),
    validate: { keyGeneratorIpFallback: false },
    handler: (_req, res, next) => next(tooMany(Number(res.getHeader('Retry-After') ?? 60))),
  });
}
