import type { RequestHandler } from 'express';
import { isIPv6 } from 'node:net';
import { callerIp } from './parts';
import { tooMany } from './problem';
import { Share, type TakeTogether } from './shared-bucket';

/** What a request of somebody who has not signed in costs us. */
export type Weight = 'file' | 'read' | 'send' | 'costly';

/**
 * How many requests of one source are taken at once, and how many a second after that. Thousands of customers stand behind one address of their provider,
 * so a bucket fills again all the time: in a crowd people are slowed for seconds, and nobody is shut out for minutes.
 */
export const LIMITS: Record<Weight, { burst: number; perSecond: number }> = {
  /** A small file whose name nobody guesses is fetched: by hundreds of routers behind one address, some twenty each. */
  file: { burst: 12_000, perSecond: 200 },
  /** A page is looked at. */
  read: { burst: 1_200, perSecond: 20 },
  /** A form is sent. */
  send: { burst: 300, perSecond: 5 },
  /** A form that makes a company pay for a message, or us work on for long. */
  costly: { burst: 60, perSecond: 0.5 },
};

/** Buckets of a generation; two are kept. A bucket is some hundred bytes. */
const MOST_BUCKETS = 25_000;

interface Bucket {
  left: number;
  at: number;
  share: Share;
}

/** Counts requests per source and per what is asked for: in this process, and together with the others for whoever asks much. */
export class RequestLimits {
  // In generations: when one is full those that nobody has asked for since the last time are forgotten, all at once.
  private young = new Map<string, Bucket>();
  private old = new Map<string, Bucket>();

  /**
   * @param clock_ms a clock that never goes back
   * @param together the buckets that all processes share; left out, this process counts alone
   */
  constructor(
    private readonly clock_ms: () => number = () => performance.now(),
    private readonly together?: TakeTogether,
  ) {}

  /** How many buckets are kept at this moment. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  /**
   * Takes one request of `source` (an address) for `what` out of its bucket.
   * @returns 0 when it may go on, else the whole seconds after which one more is taken
   */
  take(weight: Weight, what: string, source: string): number {
    const { burst, perSecond } = LIMITS[weight];
    const key = `${what} ${sourceOf(source)}`;
    const now = this.clock_ms();
    const held = this.bucket(key, burst, now);
    held.left = Math.min(burst, held.left + ((now - held.at) / 1000) * perSecond);
    held.at = now;
    if (held.left < 1) return Math.max(1, Math.ceil((1 - held.left) / perSecond));
    held.left -= 1;
    held.share.note(this.together, { key, burst, perSecond }, (left) => (held.left = Math.min(held.left, left)));
    return 0;
  }

  private bucket(key: string, burst: number, now: number): Bucket {
    const known = this.young.get(key);
    if (known) return known;
    const bucket = this.old.get(key) ?? { left: burst, at: now, share: new Share() };
    if (this.young.size >= MOST_BUCKETS) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, bucket);
    return bucket;
  }
}

/** One customer has a whole IPv6 /64 and may take any address of it. */
function sourceOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail = ''] = ip.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === '' ? [] : tail.split(':');
  if (ip.includes('::')) while (groups.length + rest.length < 8) groups.push('0');
  return [...groups, ...rest].slice(0, 4).join(':');
}

/** Refuses with 429 and Retry-After whoever asks for `what` faster than its weight allows. Those who are signed in are not counted here. */
export function limitStrangers(limits: RequestLimits, weight: Weight, what: string): RequestHandler {
  return (req, res, next) => {
    const wait_s = res.locals['person'] === undefined ? limits.take(weight, what, callerIp(req)) : 0;
    next(wait_s > 0 ? tooMany(wait_s) : undefined);
  };
}
