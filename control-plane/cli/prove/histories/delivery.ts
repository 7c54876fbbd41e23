import type { Dice } from '../dice';
import { MOST_BEHIND_MS, shownAt, trustOf } from './clock';
import type { Arrival, History, Life, Report, Restart } from './history';

/** A delayed packet of a router with a clock is believed for ten minutes; without one, only the moment of arrival is known. */
const LONGEST_DELAY_MS = { timed: 8 * 60_000, untimed: 20_000 };

/** What becomes of one packet. */
interface Fate {
  loss: number;
  delayed: number;
  repeated: number;
}

interface Sent {
  life?: Life;
  report?: Report;
  restart?: Restart;
  sent_ms: number;
}

/** Loses, delays and repeats, and lets some wait on our disk. Some histories go well, some badly. */
export function deliver(history: History, dice: Dice): void {
  const fate = {
    loss: dice.pick([0, 0.1, 0.5]),
    delayed: dice.pick([0, 0.2, 0.6]),
    repeated: dice.pick([0, 0.2, 0.5]),
  };
  const certain = new Set<Report>();
  const known = new Set<string>();
  for (const life of history.lives) {
    // Without a Class, a second life whose Start never comes cannot be told from a first one that went on.
    if (!history.echoesClass && known.has(life.sid)) certain.add(life.reports[0]!);
    known.add(life.sid);
    for (const report of life.reports)
      send(
        history,
        dice,
        { life, report, sent_ms: report.at_ms },
        certain.has(report) ? { ...fate, loss: 0, delayed: 0 } : fate,
      );
  }
  for (const restart of history.restarts)
    send(history, dice, { restart, sent_ms: restart.at_ms }, { ...fate, loss: 0.3, repeated: fate.repeated / 4 });
  history.arrivals.sort((a, b) => a.at_ms - b.at_ms);
  if (dice.chance(0.2)) keepSome(history, dice, certain);
}

function send(history: History, dice: Dice, sent: Sent, fate: Fate): void {
  if (dice.chance(fate.loss)) return;
  const stamped = history.clock !== 'gappy' || dice.chance(0.7);
  const longest_ms = longestDelay(history, sent.sent_ms, stamped);
  const delay_ms = dice.chance(fate.delayed) && longest_ms > 0 ? dice.between(1, longest_ms) : 0;
  const arrival: Arrival = {
    at_ms: sent.sent_ms + delay_ms,
    life: sent.life,
    report: sent.report,
    restart: sent.restart,
    sent_ms: sent.sent_ms,
    identifier: dice.between(0, 255),
    stamped,
    via: 'direct',
  };
  history.arrivals.push(arrival);
  for (let more = dice.chance(fate.repeated) ? dice.between(1, 2) : 0; more > 0; more--)
    history.arrivals.push({ ...arrival, at_ms: arrival.at_ms + dice.between(0, longest_ms - delay_ms) });
}

function longestDelay(history: History, sent_ms: number, stamped: boolean): number {
  const shown = stamped ? shownAt(history.phases, sent_ms) : undefined;
  if (shown !== undefined && shown <= 0 && shown >= -MOST_BEHIND_MS) return LONGEST_DELAY_MS.timed;
  // One that tells the time only now and then: what is late without it seems to begin after what is not, and only the login knows better.
  return trustOf(history.clock) === 'mixed' && !history.echoesClass ? 0 : LONGEST_DELAY_MS.untimed;
}

/** Once or twice the database is away or slow: what arrives meanwhile goes to the disk. */
function keepSome(history: History, dice: Dice, certain: ReadonlySet<Report>): void {
  for (let outages = dice.between(1, 2); outages > 0; outages--) {
    const slow = dice.chance(0.3);
    const first = dice.between(0, history.arrivals.length);
    const last = first + dice.between(1, Math.ceil(history.arrivals.length * 0.6));
    for (const arrival of history.arrivals.slice(first, last))
      if (!arrival.report || !certain.has(arrival.report)) arrival.via = slow && dice.chance(0.5) ? 'both' : 'spool';
  }
}
