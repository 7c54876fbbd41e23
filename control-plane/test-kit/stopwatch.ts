import { readFileSync } from 'node:fs';

/** However busy the machine is, no more than this part of the time is taken for waiting. */
const MOST_WAITED = 0.8;

/**
 * Started now; each call gives the milliseconds since then that count against a promise in seconds: those in which nothing on this machine waited for a
 * processor (/proc/pressure/cpu, where there is one), and a fifth of the real ones at least, so that what never comes is noticed on any machine.
 */
export function stopwatch(): () => number {
  const began = { at_ms: performance.now(), waited_ms: waited_ms() };
  return () => {
    const real_ms = performance.now() - began.at_ms;
    return real_ms - Math.min(waited_ms() - began.waited_ms, real_ms * MOST_WAITED);
  };
}

function waited_ms(): number {
  try {
    return Number(/^some .*total=(\d+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}
