import type { Context } from './context';

/**
 * Keeps an answer that many viewers of one company ask for at once. The dashboard of a large company is asked for again every few
 * seconds by every screen on the wall; counting 50,000 sessions for each of them would be the heaviest thing the database does.
 */
const ENTRIES_MAX = 2_000;
const kept = new Map<string, { until: number; value: Promise<unknown> }>();

/**
 * The kept answer to `what`, or a new one from `make`, kept for `ttl_ms` and shared with whoever asks while it is being made. It is kept for the rows that the
 * asking person sees: a company's, or of it those of one reseller. What throws is not kept, and whoever waited for it makes their own.
 */
export function remember<T>(
  { tenantId, actor }: Pick<Context, 'tenantId' | 'actor'>,
  what: string,
  ttl_ms: number,
  make: () => Promise<T>,
): Promise<T> {
  const key = `${what} ${tenantId} ${actor.reseller ?? ''}`;
  const now = performance.now();
  const found = kept.get(key);
  if (found && found.until > now) return (found.value as Promise<T>).catch(() => make());
  const value = make();
  if (kept.size >= ENTRIES_MAX) kept.clear();
  kept.set(key, { until: now + ttl_ms, value });
  value.catch(() => {
    if (kept.get(key)?.value === value) kept.delete(key);
  });
  return value;
}

/** Drops what is kept: whoever measures wants the price of an answer that nobody asked for lately. */
export function forgetAll(): void {
  kept.clear();
}
