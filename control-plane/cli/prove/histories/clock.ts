import type { Dice } from '../dice';

/** A clock that goes as it goes. `right` and `behind` can be believed; `none` says nothing, `1970` and `ahead` are wrong. */
export type SteadyClock = 'right' | 'behind' | 'none' | '1970' | 'ahead';
/**
 * A clock that changes. `set late`: 1970 after each boot until NTP sets it. `jumps`: an hour ahead or back, and right again. `steps`: small ones, to and
 * fro, each of which can be believed. `gappy`: right, but some packets do not say the time.
 */
export type ChangingClock = 'set late' | 'jumps' | 'steps' | 'gappy';

/** From a moment on, what a clock shows beyond the true time; `none` shows nothing, `1970` counts from there. */
export interface Phase {
  from_ms: number;
  shows: number | 'none' | '1970';
}

/** Behind by more than this, a late packet would leave the ten minutes for which a router's time is believed. */
export const MOST_BEHIND_MS = 110_000;
/** Two lives of one id of a router that repeats no Class are told apart by time alone, which docs/reference/accounting.md does to 5 s. */
const UNTOLD_STEP_MS = 4000;
const HOUR_MS = 3_600_000;

/** A router that never tells a usable time, one that always does, or one of both kinds by turns. */
export type Trust = 'timed' | 'untimed' | 'mixed';

export function trustOf(clock: SteadyClock | ChangingClock): Trust {
  if (clock === 'right' || clock === 'behind' || clock === 'steps') return 'timed';
  return clock === 'none' || clock === '1970' || clock === 'ahead' ? 'untimed' : 'mixed';
}

export function drawClock(dice: Dice): SteadyClock | ChangingClock {
  return dice.chance(0.6)
    ? dice.pick(['right', 'right', 'behind', 'none', '1970', 'ahead'] as const)
    : dice.pick(['set late', 'jumps', 'steps', 'gappy'] as const);
}

/** What a router's clock shows from its first boot until `end_ms`. */
export function drawPhases(
  clock: SteadyClock | ChangingClock,
  o: { boots: readonly number[]; end_ms: number; echoesClass: boolean },
  dice: Dice,
): Phase[] {
  const within = (): number => dice.between(0, Math.max(1, o.end_ms));
  switch (clock) {
    case 'right':
    case 'gappy':
      return [{ from_ms: 0, shows: 0 }];
    case 'behind':
      return [{ from_ms: 0, shows: -dice.between(1, 90) * 1000 }];
    case 'ahead':
      return [{ from_ms: 0, shows: dice.between(60, 86_400) * 1000 }];
    case 'none':
    case '1970':
      return [{ from_ms: 0, shows: clock }];
    case 'set late':
      return o.boots.flatMap((boot_ms): Phase[] => [
        { from_ms: boot_ms, shows: '1970' },
        { from_ms: boot_ms + dice.between(5, 600) * 1000, shows: 0 },
      ]);
    case 'jumps': {
      const [there, back] = [within(), within()].sort((a, b) => a - b) as [number, number];
      const jump = { from_ms: there, shows: dice.pick([HOUR_MS, -HOUR_MS]) };
      return [{ from_ms: 0, shows: 0 }, jump, ...(dice.chance(0.7) ? [{ from_ms: back, shows: 0 }] : [])];
    }
    case 'steps':
      return drawSteps(o.echoesClass ? MOST_BEHIND_MS : UNTOLD_STEP_MS, within, dice);
  }
}

/** Up to four steps between the true time and so much behind it. */
function drawSteps(furthest_ms: number, within: () => number, dice: Dice): Phase[] {
  const seconds = furthest_ms / 1000;
  const moments = Array.from({ length: dice.between(1, 4) }, within).sort((a, b) => a - b);
  return [0, ...moments].map((from_ms) => ({ from_ms, shows: -dice.between(0, seconds) * 1000 }));
}

/** The listener's own clock, beyond the true time: nearly always right; else an hour wrong until it is set, or stepped a little. */
export function drawOurs(end_ms: number, dice: Dice): Phase[] {
  const within = (): number => dice.between(0, Math.max(1, end_ms));
  if (dice.chance(0.5))
    return [
      { from_ms: 0, shows: dice.pick([HOUR_MS, -HOUR_MS]) },
      { from_ms: within(), shows: 0 },
    ];
  const moments = Array.from({ length: dice.between(1, 3) }, within).sort((a, b) => a - b);
  return [0, ...moments].map((from_ms) => ({ from_ms, shows: dice.between(-60, 60) * 1000 }));
}

/** What a clock shows at a moment, as the difference to the true time. */
export function shownAt(phases: readonly Phase[], at_ms: number): number | undefined {
  const phase = phaseAt(phases, at_ms);
  if (phase === undefined || phase.shows === 'none') return undefined;
  return phase.shows === '1970' ? Number.NEGATIVE_INFINITY : phase.shows;
}

/** The Event-Timestamp of what happened `at_ms` after `base_ms`. */
export function stampOf(phases: readonly Phase[], base_ms: number, at_ms: number): number | undefined {
  const phase = phaseAt(phases, at_ms);
  if (phase === undefined || phase.shows === 'none') return undefined;
  if (phase.shows === '1970') return 5 + Math.floor((at_ms - phase.from_ms) / 1000);
  return Math.floor((base_ms + at_ms + phase.shows) / 1000);
}

/** How often a clock changed before `end_ms`. */
export function stepsOf(phases: readonly Phase[], end_ms: number): number {
  let steps = 0;
  for (let i = 1; i < phases.length; i++)
    if (phases[i]!.from_ms < end_ms && phases[i]!.shows !== phases[i - 1]!.shows) steps++;
  return steps;
}

function phaseAt(phases: readonly Phase[], at_ms: number): Phase | undefined {
  return phases.findLast((phase) => phase.from_ms <= at_ms) ?? phases[0];
}
