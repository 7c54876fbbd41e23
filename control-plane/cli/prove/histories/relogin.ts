import type { Dice } from '../dice';
import type { Arrival, History, Life, Report } from './history';
import { shownAt } from './clock';

/** Of a session whose last word is younger, what seems to begin with that word is another one's. */
const LEAST_S = 17;
/** So soon after it was sent, a packet says when it happened by its arrival too. */
const PROMPT_MS = 5000;
const WRAP = 2n ** 32n;

/** From this report on a life has another login. */
export interface Relogin {
  from: Report;
  loginId: string;
}

/** The login in the Class of a report. */
export function loginOf({ relogin, loginId }: Life, report: Report): string {
  return relogin && report.at_ms >= relogin.from.at_ms ? relogin.loginId : loginId;
}

/** Somebody logs in anew in the middle of a life, at a moment from which that can be known; not at all if there is none. */
export function logInAnew(history: History, life: Life, dice: Dice): void {
  const loginId = `a${dice
    .between(0, 2 ** 30)
    .toString(16)
    .padStart(15, '0')}`;
  const moments = life.reports
    .slice(1)
    .filter((from) => isKnowable(history, { ...life, relogin: { from, loginId } }, life));
  if (moments.length > 0) life.relogin = { from: dice.chance(0.5) ? moments[0]! : dice.pick(moments), loginId };
}

/**
 * Whether what is said with a second login is told to be of the same life while our clock is right, as docs/reference/accounting.md promises: by when both began, if the router's clock
 * goes as it goes; else by the last word before, which that clock dated the same way. What is accepted once is known whatever clocks do from then on.
 */
function isKnowable(history: History, life: Life, as: Life): boolean {
  if (history.clock === 'right' || history.clock === 'behind') return true;
  return history.clock === 'steps' && goesOn(history, life, as);
}

/** Whether the first word of the second login follows the last of the first one, in time and on time. */
function goesOn(history: History, life: Life, as: Life): boolean {
  const words = history.arrivals.filter((arrival) => arrival.life === as);
  const first = words.findIndex(({ report }) => report && loginOf(life, report) !== life.loginId);
  if (first === -1) return true;
  const [before, next] = [words[first - 1], words[first]!];
  if (!before || words.some(({ via }) => via !== 'direct')) return false;
  const dated = (word: Arrival): number => word.sent_ms + (shownAt(history.phases, word.sent_ms) ?? 0);
  const restarted = history.arrivals.some(
    ({ restart, at_ms }) => restart && at_ms < next.at_ms && at_ms > words[0]!.at_ms,
  );
  return (
    !restarted &&
    [before, next].every(({ at_ms, sent_ms }) => at_ms - sent_ms < PROMPT_MS) &&
    words
      .slice(0, first)
      .every((word) => word.report!.sessionTime_s <= before.report!.sessionTime_s && dated(word) <= dated(before)) &&
    before.report!.sessionTime_s >= LEAST_S &&
    // It goes on with its counters as well, which one of 32 bits that went round does not show.
    (history.wide || (next.report!.up < WRAP && next.report!.down < WRAP)) &&
    next.report!.sessionTime_s >= before.report!.sessionTime_s &&
    shownAt(history.phases, before.sent_ms) === shownAt(history.phases, next.sent_ms)
  );
}
