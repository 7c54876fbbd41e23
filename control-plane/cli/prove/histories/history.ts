import type { Dice } from '../dice';

/**
 * What a router knows of time. `right` and `behind` carry an Event-Timestamp that can be believed; `none` carries none,
 * `1970` and `ahead` one that cannot be.
 */
export type Clock = 'right' | 'behind' | 'none' | '1970' | 'ahead';

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
  reports: Report[];
  endedByStop: boolean;
}

/** An arrival at the listener. `life` is undefined for Accounting-On. */
export interface Arrival {
  at_ms: number;
  life: Life | undefined;
  report: Report | undefined;
  sent_ms: number;
  identifier: number;
}

/** Everything that one router did and what became of its packets. Times are milliseconds from the beginning of the round. */
export interface History {
  seed: number;
  clock: Clock;
  /** Event-Timestamp minus the true time. */
  skew_ms: number;
  /** Sends Gigawords. */
  wide: boolean;
  /** Echoes the Class of its login. */
  echoesClass: boolean;
  /** One in ten goes on for long; a short one finds a mistake just as well, and a million of them are played in minutes. */
  long: boolean;
  lives: Life[];
  arrivals: Arrival[];
}

const GIB = 2 ** 30;
/** A delayed packet of a router with a clock is believed for ten minutes; without one, only the moment of arrival is known. */
const LONGEST_DELAY_MS = { timed: 8 * 60_000, untimed: 20_000 };
/** Between two lives of one id: what docs/reference/accounting.md asks for, and a little more. */
const GAP_MS = { timed: 10_000, untimed: 120_000 };

/** Makes a history from its seed: up to three session ids, each used again and again, with reboots in between. */
export function makeHistory(dice: Dice): History {
  const clock = dice.pick(['right', 'right', 'behind', 'none', '1970', 'ahead'] as const);
  const history: History = {
    seed: dice.seed,
    clock,
    skew_ms: clock === 'behind' ? -dice.between(1, 90) * 1000 : clock === 'ahead' ? dice.between(60, 86_400) * 1000 : 0,
    wide: dice.chance(0.6),
    echoesClass: dice.chance(0.7),
    long: dice.chance(0.1),
    lives: [],
    arrivals: [],
  };
  const most = history.long ? 3 : 2;
  const sids = Array.from(
    { length: history.long ? dice.between(1, 3) : dice.pick([1, 1, 2]) },
    (_, i) => `81${dice.between(0, 15).toString(16)}0000${i}`,
  );
  let epoch_ms = 0;
  for (let epochs = dice.between(1, most); epochs > 0; epochs--) {
    const ends = sids.map((sid) => liveOn(history, dice, sid, epoch_ms, epochs > 1));
    const reboot_ms = Math.max(...ends) + gap(history);
    if (epochs > 1 && dice.chance(0.7)) arrive(history, dice, undefined, undefined, reboot_ms, 0);
    epoch_ms = reboot_ms + gap(history);
  }
  deliver(history, dice);
  if (!history.wide && !wrapsAreKnowable(history)) history.wide = true;
  history.arrivals.sort((a, b) => a.at_ms - b.at_ms);
  return history;
}

export function timed(history: History): boolean {
  return history.clock === 'right' || history.clock === 'behind';
}

function gap(history: History): number {
  return timed(history) ? GAP_MS.timed : GAP_MS.untimed;
}

/** One to three lives of a session id, one after the other. Gives the end of the last. */
function liveOn(history: History, dice: Dice, sid: string, from_ms: number, rebootFollows: boolean): number {
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
      endedByStop: i < lives - 1 || !rebootFollows || dice.chance(0.5),
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

/** Loses, delays and repeats. Some histories go well, some badly. */
function deliver(history: History, dice: Dice): void {
  const loss = dice.pick([0, 0.1, 0.5]);
  const delayed = dice.pick([0, 0.2, 0.6]);
  const repeated = dice.pick([0, 0.2, 0.5]);
  const longest_ms = timed(history) ? LONGEST_DELAY_MS.timed : LONGEST_DELAY_MS.untimed;
  const known = new Set<string>();
  for (const life of history.lives) {
    // Without a Class, a second life whose Start never comes cannot be told from a first one that went on.
    const startCounts = !history.echoesClass && known.has(life.sid);
    known.add(life.sid);
    for (const report of life.reports) {
      const certain = startCounts && report.kind === 'start';
      if (!certain && dice.chance(loss)) continue;
      const delay = (): number => (dice.chance(delayed) ? dice.between(1, longest_ms) : 0);
      const arrival = arrive(history, dice, life, report, report.at_ms, certain ? 0 : delay());
      for (let more = dice.chance(repeated) ? dice.between(1, 2) : 0; more > 0; more--)
        history.arrivals.push({
          ...arrival,
          at_ms: arrival.at_ms + dice.between(0, longest_ms - (arrival.at_ms - arrival.sent_ms)),
        });
    }
  }
}

function arrive(
  history: History,
  dice: Dice,
  life: Life | undefined,
  report: Report | undefined,
  sent_ms: number,
  delay_ms: number,
): Arrival {
  const arrival = { at_ms: sent_ms + delay_ms, life, report, sent_ms, identifier: dice.between(0, 255) };
  history.arrivals.push(arrival);
  return arrival;
}

/**
 * A counter of 32 bits tells its wraps only while no more than 3 GiB pass between two records that arrive, and the first
 * one comes before the first wrap (docs/reference/accounting.md).
 */
function wrapsAreKnowable(history: History): boolean {
  const seen = new Map<Life, Report>();
  const inOrder = [...history.arrivals].sort((a, b) => a.at_ms - b.at_ms);
  for (const { life, report } of inOrder) {
    if (!life || !report || report.kind === 'start') continue;
    const before = seen.get(life);
    if (before && before.sessionTime_s >= report.sessionTime_s) continue;
    for (const direction of ['up', 'down'] as const) {
      if (
        before === undefined ? report[direction] >= 2n ** 32n : report[direction] - before[direction] > 3n * BigInt(GIB)
      )
        return false;
    }
    seen.set(life, report);
  }
  return true;
}
