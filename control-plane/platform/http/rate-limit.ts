import type { RequestHandler } from 'express';
import { rateLimit, type ClientRateLimitInfo, type Store } from 'express-rate-limit';
import type { Person } from './person';
import { tooMany } from './problem';
import { Share, type TakeTogether } from './shared-bucket';

const WINDOW_MS = 60_000;

interface Minute {
  hits: number;
  /** As the processes have counted together, when that was more. */
  together: number;
  resetTime: Date;
  share: Share;
}

/** A token's requests of this minute, as this process has seen them and as the others have told. */
export class Minutes implements Store {
  private readonly kept = new Map<string, Minute>();

  constructor(
    private readonly perMinute: number,
    private readonly together: TakeTogether | undefined,
    private readonly clock_ms: () => number = Date.now,
  ) {}

  increment(token: string): ClientRateLimitInfo {
    const now = this.clock_ms();
    const known = this.kept.get(token);
    const minute = known ?? { hits: 0, together: 0, resetTime: new Date(0), share: new Share() };
    if (minute.resetTime.getTime() <= now)
      Object.assign(minute, { hits: 0, together: 0, resetTime: new Date(now + WINDOW_MS) });
    if (!known) this.keep(token, minute, now);
    minute.hits += 1;
    minute.together += 1;
    const totalHits = Math.max(minute.hits, minute.together);
    // What is refused takes nothing: who asks on and on is let in again as soon as the others are.
    if (totalHits <= this.perMinute) this.tell(token, minute);
    return { totalHits, resetTime: minute.resetTime };
  }

  private tell(token: string, minute: Minute): void {
    const bucket = { key: `token ${token}`, burst: this.perMinute, perSecond: this.perMinute / 60 };
    const asked = minute.resetTime;
    minute.share.note(this.together, bucket, (left) => {
      // An answer to a question of the minute before is about that one.
      if (minute.resetTime === asked) minute.together = Math.max(minute.together, Math.ceil(this.perMinute - left));
    });
  }

  decrement(token: string): void {
    const minute = this.kept.get(token);
    if (minute) minute.hits -= 1;
  }

  resetKey(token: string): void {
    this.kept.delete(token);
  }

  /** Tokens whose minute is over are forgotten when many have come. */
  private keep(token: string, minute: Minute, now: number): void {
    if (this.kept.size >= 10_000)
      for (const [other, { resetTime }] of this.kept) if (resetTime.getTime() <= now) this.kept.delete(other);
    this.kept.set(token, minute);
  }
}

/** At most `perMinute` requests a minute for one token, over all processes; the answer carries RateLimit-* headers. */
export function limitRequests(perMinute: number, together: TakeTogether | undefined): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    store: new Minutes(perMinute, together),
    keyGenerator: (_req, res) => (res.locals['person'] as Person).tokenHash.toString('base64'),
    validate: { keyGeneratorIpFallback: false },
    handler: (_req, res, next) => next(tooMany(Number(res.getHeader('Retry-After') ?? 60))),
  });
}
