/** A rate of a subscriber in bit/s, from the subscriber's side. 0 is unlimited. */
export interface Rate {
  up_bps: number;
  down_bps: number;
}

/** Mikrotik-Rate-Limit taken apart. Bursts are read but not simulated: a session moves at its max-limit. */
export interface RateLimit extends Rate {
  text: string;
  burst?: Rate;
  threshold?: Rate;
  burstTime_s?: { up: number; down: number };
  priority?: number;
  minimum?: Rate;
}

/**
 * Reads `rx[/tx] [burst [threshold [time [priority [minimum]]]]]`; rx is the subscriber's upload. Undefined for a text
 * that breaks the grammar, so that a wrong value is found in a test and not on a tower.
 */
export function parseRateLimit(text: string): RateLimit | undefined {
  const groups = text.trim().split(/\s+/);
  if (groups.length > 6) return undefined;
  const [max, burst, threshold, time, priority, minimum] = groups;
  const rates = [max, burst, threshold, minimum].map((group) => (group === undefined ? undefined : parseRate(group)));
  const [maxRate, burstRate, thresholdRate, minimumRate] = rates;
  const seconds = time === undefined ? undefined : parsePair(time, /^\d+$/);
  if (maxRate === undefined) return undefined;
  if (burst !== undefined && burstRate === undefined) return undefined;
  if (threshold !== undefined && thresholdRate === undefined) return undefined;
  if (time !== undefined && seconds === undefined) return undefined;
  if (priority !== undefined && !/^[1-8]$/.test(priority)) return undefined;
  if (minimum !== undefined && minimumRate === undefined) return undefined;
  return {
    text,
    ...maxRate,
    ...(burstRate && { burst: burstRate }),
    ...(thresholdRate && { threshold: thresholdRate }),
    ...(seconds && { burstTime_s: { up: Number(seconds[0]), down: Number(seconds[1]) } }),
    ...(priority !== undefined && { priority: Number(priority) }),
    ...(minimumRate && { minimum: minimumRate }),
  };
}

function parseRate(group: string): Rate | undefined {
  const pair = parsePair(group, /^\d+[kM]?$/);
  return pair && { up_bps: bitsPerSecond(pair[0]), down_bps: bitsPerSecond(pair[1]) };
}

/** `a/b`, or `a` standing for both. */
function parsePair(group: string, shape: RegExp): [string, string] | undefined {
  const parts = group.split('/');
  const [rx = '', tx = rx] = parts;
  return parts.length <= 2 && shape.test(rx) && shape.test(tx) ? [rx, tx] : undefined;
}

function bitsPerSecond(number: string): number {
  const unit = number.endsWith('k') ? 1000 : number.endsWith('M') ? 1_000_000 : 1;
  return parseInt(number, 10) * unit;
}
