/** A router's clock is believed this far behind arrival; beyond it, it is wrong (1970 after a power cut) and arrival counts. */
export const BELIEVED_BEHIND_MS = 10 * 60_000;
/** Acct-Delay-Time beyond a day is nonsense. */
const MAX_DELAY_S = 86_400;

export interface EventTime {
  event_ms: number;
  /** Whether it is the router that said so; otherwise it is the moment of arrival. */
  timed: boolean;
}

/**
 * When a record happened: Event-Timestamp (RFC 2869 section 5.3) if it lies in the window before arrival, else arrival less
 * Acct-Delay-Time (RFC 2866 section 5.2). Never after arrival. `event_s` and `delay_s` as received.
 */
export function eventTime(received_ms: number, event_s: number | undefined, delay_s: number | undefined): EventTime {
  const delay_ms = delay_s !== undefined && delay_s <= MAX_DELAY_S ? delay_s * 1000 : 0;
  if (event_s !== undefined) {
    const event_ms = event_s * 1000;
    if (event_ms <= received_ms && event_ms >= received_ms - delay_ms - BELIEVED_BEHIND_MS)
      return { event_ms, timed: true };
  }
  return { event_ms: received_ms - delay_ms, timed: delay_ms > 0 };
}
