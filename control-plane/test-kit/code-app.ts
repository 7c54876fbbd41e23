import { until } from './until';

/** Waits for a moment from which a code of an app (TOTP, a new one every 30 s) is looked at in the time step in which it was worked out, also on a busy machine. */
export const earlyInAStep = (): Promise<number> =>
  until(
    () => Date.now() % 30_000,
    (at_ms) => at_ms < 25_000,
  );
