import type { Dice } from '../dice';
import {
  drawClock,
  drawOurs,
  drawPhases,
  MOST_BEHIND_MS,
  shownAt,
  trustOf,
  type ChangingClock,
  type Phase,
  type SteadyClock,
} from './clock';
import { deliver } from './delivery';
import { logInAnew, type Relogin } from './relogin';

/** One packet as the router meant it; whether and when it arrives is another matter. */
export interface Report {
  kind: 'start' | 'interim' | 'stop';
  at_ms: number;
  sessionTime_s: number;
  up: bigint;
  down: bigint;
}

/** One life of a session id: what happened, in the router's order. */
export interface Life {
  sid: string;
  /** 16 hex digits as our Class carries them. */
  loginId: string;
  /** From this report on it has another login: somebody logged in anew in the middle of it (802.1X). */
  relogin?: Relogin;
  reports: Report[];
  endedByStop: boolean;
}

/** Accounting-Off of a router that goes down in order, or Accounting-On of one that came up (RFC 2866 section 5.1). */
export interface Restart {
  kind: 'on' | 'off';
  at_ms: number;
}

/** An arrival at the listener: of a report of a life, or of a restart. */
export interface Arrival {
  at_ms: number;
  life: Life | undefined;
  report: Report | undefined;
  restart: Restart | undefined;
  sent_ms: number;
  identifier: number;
  /** Carries an Event-Timestamp, if the router has one. */
  stamped: boolean;
  /** Written at once; kept on disk and written late; or both, as when the database is slow, or gave no sign that it had taken it. */
  via: 'direct' | 'spool' | 'both';
}

/** Everything that one router did and what became of its packets. Times are milliseconds from the beginning of the round. */
export interface History {
  seed: number;
  clock: SteadyClock | ChangingClock;
  /** What the router's clock shows. */
  phases: Phase[];
  /** What the listener's own clock shows while it hears of this router. */
  ours: Phase[];
  /** Sends Gigawords. */
  wide: boolean;
  /** Echoes the Class of its login. */
  echoesClass: boolean;
  /** One in ten goes on for long; a short one finds a mistake just as well, and a million of them are played in minutes. */
  long: boolean;
  lives: Life[];
  restarts: Restart[];
  arrivals: Arrival[];
}

const GIB = 2 ** 30;
/** By a router's own time what goes on is told to 5 s, without a usable one to 15 s (docs/reference/accounting.md); and times are in whole seconds. */
const MEETING_MS = { theirs: 8000, ours: 18_000 };
/** Between two lives of one id: what docs/reference/accounting.md asks for, and a little more. */
const GAP_MS = { timed: 10_000, untimed: 120_000 };

/** Makes a history from its seed: up to three session ids, each used again and again, with reboots in between. */
export function makeHistory(dice: Dice): History {
  const history: History = {
    seed: dice.seed,
    clock: drawClock(dice),
    phases: [],
    ours: [{ from_ms: 0, shows: 0 }],
    wide: dice.chance(0.6),
    echoesClass: dice.chance(0.7),
    long: dice.chance(0.1),
    lives: [],
    restarts: [],
    arrivals: [],
  };
  const { boots, end_ms } = live(history, dice);
  history.phases = drawPhases(history.clock, { boots, end_ms, echoesClass: history.echoesClass }, dice);
  // When our own clock is wrong, only the login still tells what belongs together.
  if (history.echoesClass && dice.chance(0.15)) history.ours = drawOurs(end_ms, dice);
  deliver(history, dice);
  if (history.echoesClass && beginningsMeet(history)) {
    if (history.clock === 'steps') [history.clock, history.phases] = ['right', [{ from_ms: 0, shows: 0 }]];
    history.ours = [{ from_ms: 0, shows: 0 }];
  }
  if (!history.wide && !wrapsAreKnowable(history)) history.wide = true;
  if (history.echoesClass && ourClockIsRight(history))
    for (const life of history.lives)
      if (dice.chance(history.clock === 'steps' ? 0.8 : 0.2)) logInAnew(history, life, dice);
  return history;
}

/** Whether its packets may come to either of two listeners, in any order: what only the order of arrival can tell stays with one of them. */
export function sharedByTwo(history: History): boolean {
  if (history.clock === 'steps' && history.lives.some(({ relogin }) => relogin)) return false;
  return history.wide && history.echoesClass && trustOf(history.clock) === 'timed';
}

export function ourClockIsRight(history: History): boolean {
  return history.ours.every(({ shows }) => shows === 0);
}

function live(history: History, dice: Dice): { boots: number[]; end_ms: number } {
  const sids = Array.from(
    { length: history.long ? dice.between(1, 3) : dice.pick([1, 1, 2]) },
    (_, i) => `81${dice.between(0, 15).toString(16)}0000${i}`,
  );
  const boots: number[] = [];
  let now_ms = 0;
  for (let epochs = dice.between(1, history.long ? 3 : 2); epochs > 0; epochs--) {
    boots.push(now_ms);
    const goesDown = epochs > 1 || dice.chance(0.15);
    const ends = sids.map((sid) => liveOn(history, dice, sid, now_ms, goesDown));
    now_ms = Math.max(...ends);
    if (!goesDown) continue;
    now_ms += gapAtRestart(history);
    // A power cut, or in order.
    if (dice.chance(0.3)) {
      history.restarts.push({ kind: 'off', at_ms: now_ms });
      now_ms += dice.between(20_000, 90_000);
    }
    if (epochs === 1) continue;
    history.restarts.push({ kind: 'on', at_ms: now_ms });
    now_ms += gapAtRestart(history);
  }
  return { boots, end_ms: now_ms };
}

function gap(history: History): number {
  return trustOf(history.clock) === 'timed' ? GAP_MS.timed : GAP_MS.untimed;
}

/** A restart names no login: by time alone it must lie after what it ends and before what follows, however the clock was stepped. */
function gapAtRestart(history: History): number {
  return history.clock === 'steps' ? MOST_BEHIND_MS + GAP_MS.timed : gap(history);
}

/** One to three lives of a session id, one after the other. Gives the end of the last. */
function liveOn(history: History, dice: Dice, sid: string, from_ms: number, restartFollows: boolean): number {
  let now_ms = from_ms;
  const lives = dice.between(1, history.long ? 3 : 2);
  for (let i = 0; i < lives; i++) {
    const start_ms = now_ms + dice.between(0, 60_000);
    const life: Life = {
      sid,
      loginId: dice
        .between(0, 2 ** 30)
        .toString(16)
        .padStart(16, '0'),
      reports: [{ kind: 'start', at_ms: start_ms, sessionTime_s: 0, up: 0n, down: 0n }],
      endedByStop: i < lives - 1 || !restartFollows || dice.chance(0.5),
    };
    const before = history.lives.at(-1);
    // Somebody who does the same every time counts the same every time; only the login tells such lives apart.
    const same = i > 0 && before?.endedByStop && history.echoesClass && dice.chance(0.1);
    now_ms = (same ? repeat(before, life) : grow(history, dice, life, start_ms)) + gap(history);
    history.lives.push(life);
  }
  return now_ms;
}

/** The same interims and the same end as in the life before, that much later. Gives the end. */
function repeat(before: Life, life: Life): number {
  const [first, ...rest] = before.reports;
  const later_ms = life.reports[0]!.at_ms - first!.at_ms;
  for (const report of rest) life.reports.push({ ...report, at_ms: report.at_ms + later_ms });
  return life.reports.at(-1)!.at_ms;
}

/** Interims and the end of a life. */
function grow(history: History, dice: Dice, life: Life, start_ms: number): number {
  let at_ms = start_ms;
  let [up, down] = [0n, 0n];
  const interims = dice.between(0, history.long ? 9 : 4);
  const most = history.wide && dice.chance(0.3) ? 40 * GIB : dice.chance(0.5) ? GIB : 1_000_000;
  for (let i = 0; i <= interims; i++) {
    at_ms += dice.between(1, dice.chance(0.5) ? 60 : 400) * 1000 + dice.between(0, 999);
    up += BigInt(dice.between(1, most >> 3 || most / 8));
    down += BigInt(dice.between(1, most));
    const last = i === interims;
    if (last && !life.endedByStop) break;
    const sessionTime_s = Math.floor((at_ms - start_ms) / 1000);
    life.reports.push({ kind: last ? 'stop' : 'interim', at_ms, sessionTime_s, up, down });
  }
  return at_ms;
}

/**
 * Whether wrong clocks make two lives of one id seem to begin together: then a record of the second one is like one of the first in which somebody logged in
 * anew (docs/reference/accounting.md), until its Start comes. A session's last moment and its time online may have been told by two records.
 */
function beginningsMeet(history: History): boolean {
  if (history.clock !== 'steps' && ourClockIsRight(history)) return false;
  const meet = (shown: (arrival: Arrival) => number, within_ms: number): boolean => {
    const words = new Map<Life, { moment_ms: number; lasted_ms: number }[]>();
    for (const arrival of history.arrivals) {
      const { life, report } = arrival;
      if (!life || !report) continue;
      const told = { moment_ms: shown(arrival), lasted_ms: report.sessionTime_s * 1000 };
      words.set(life, [...(words.get(life) ?? []), told]);
    }
    const begun = [...words].flatMap(([life, told]) =>
      told.flatMap(({ moment_ms }) => told.map(({ lasted_ms }) => ({ life, at_ms: moment_ms - lasted_ms }))),
    );
    return begun.some((one) =>
      begun.some(
        ({ life, at_ms }) => life !== one.life && life.sid === one.life.sid && Math.abs(at_ms - one.at_ms) < within_ms,
      ),
    );
  };
  return (
    meet(({ sent_ms }) => sent_ms + (shownAt(history.phases, sent_ms) ?? Infinity), MEETING_MS.theirs) ||
    (!ourClockIsRight(history) && meet(({ at_ms }) => at_ms + (shownAt(history.ours, at_ms) ?? 0), MEETING_MS.ours))
  );
}

/**
 * A counter of 32 bits tells its wraps only while no more than 3 GiB pass between two records that are written, and the first one comes before the first
 * wrap (docs/reference/accounting.md). What is kept on disk is written at any time after what came before it, so what is written at once must not need it.
 */
function wrapsAreKnowable(history: History): boolean {
  const [atOnce, all] = [new Map<Life, Report>(), new Map<Life, Report>()];
  for (const { life, report, via } of history.arrivals) {
    if (!life || !report || report.kind === 'start') continue;
    for (const [seen, counts] of [
      [atOnce, via !== 'spool'],
      [all, via !== 'direct'],
    ] as const) {
      const before = seen.get(life);
      if (before && before.sessionTime_s >= report.sessionTime_s) continue;
      if (counts && !isKnowable(before, report)) return false;
      if (seen === all || counts) seen.set(life, report);
    }
  }
  return true;
}

function isKnowable(before: Report | undefined, report: Report): boolean {
  return (['up', 'down'] as const).every((way) =>
    before ? report[way] - before[way] <= 3n * BigInt(GIB) : report[way] < 2n ** 32n,
  );
}
