/**
 * Keeps an answer that many viewers of one company ask for at once. The dashboard of a large company is asked for again every few
 * seconds by every screen on the wall; counting 50,000 sessions for each of them would be the heaviest thing the database does.
 */
const ENTRIES_MAX = 2_000;
const kept = new Map<string, { until: number; value: unknown }>();

/** The kept answer under `key` (name it by company), or a new one from `make`, kept for `ttl_ms`. What throws is not kept. */
export async function remember<T>(key: string, ttl_ms: number, make: () => Promise<T>): Promise<T> {
  const now = performance.now();
  const found = kept.get(key);
  if (found && found.until > now) return found.value as T;
  const value = await make();
  if (kept.size >= ENTRIES_MAX) kept.clear();
  kept.set(key, { until: now + ttl_ms, value });
  return value;
}

/** Drops what is kept: whoever measures wants the price of an answer that nobody asked for lately. */
export function forgetAll(): void {
  kept.clear();
}
