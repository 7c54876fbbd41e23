const UNITS_S: Record<string, number> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 };

/** Seconds of a RouterOS duration: `1w2d3h4m5s`, older `1d02:03:04`, fractions of a second cut off. Undefined when it is none. */
export function parseDuration(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const clock = /^(?:(\d+)w)?(?:(\d+)d)?(\d+):(\d+):(\d+)(?:\.\d+)?$/.exec(text);
  if (clock) {
    const [weeks, days, hours, minutes, seconds] = clock.slice(1).map((part) => Number(part ?? 0));
    return (weeks ?? 0) * 604_800 + (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  }
  if (!/^(\d+(w|d|h|m|s|ms))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[wdhms])/g)) sum += Number(count) * (UNITS_S[unit ?? ''] ?? 0);
  return sum;
}
