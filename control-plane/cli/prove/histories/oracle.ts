import { stampOf } from './clock';
import { ourClockIsRight, sharedByTwo, type Arrival, type History, type Life } from './history';

/** What must stand in the database of one life of a session id. */
export interface Expected {
  sid: string;
  /** Of its Class, if the router repeats it. */
  login: string | null;
  up: bigint;
  down: bigint;
  seconds: number;
  stopped: boolean;
}

/**
 * How a life without a Stop must stand at last. `on`: open, or found silent. `over`: not open, because its id lived again. `down`: not open, because its
 * router said that it restarted; at one of these moments. `open to doubt`: what was heard of it does not tell.
 */
export type Ending = { kind: 'stop' | 'on' | 'over' | 'open to doubt' } | { kind: 'down'; at_ms: readonly number[] };

/**
 * The truth about a history, told from the side of the router: of each life that was heard of at all, the last report
 * that arrived counts, whatever came before, after, twice or not at all, early or late. It knows nothing of how Lango decides.
 */
export function expectedOf(history: History): Expected[] {
  const heard = new Map<Life, Expected>();
  for (const { life, report } of history.arrivals) {
    if (!life || !report) continue;
    const login = history.echoesClass ? life.loginId : null;
    const soFar = heard.get(life) ?? { sid: life.sid, login, up: 0n, down: 0n, seconds: 0, stopped: false };
    heard.set(life, soFar);
    if (report.sessionTime_s > soFar.seconds) {
      soFar.seconds = report.sessionTime_s;
      soFar.up = report.up;
      soFar.down = report.down;
    }
    if (report.kind === 'stop') soFar.stopped = true;
  }
  return history.lives.flatMap((life) => heard.get(life) ?? []);
}

/** How each of those lives ended, in the same order. `base_ms`: when the round began. */
export function endingsOf(history: History, base_ms: number): Ending[] {
  const words = new Map<Life, Arrival[]>();
  for (const arrival of history.arrivals)
    if (arrival.life) words.set(arrival.life, [...(words.get(arrival.life) ?? []), arrival]);
  const lives = history.lives.filter((life) => words.has(life));
  return lives.map((life, i) => {
    const heard = words.get(life)!;
    if (heard.some(({ report }) => report?.kind === 'stop')) return { kind: 'stop' };
    // While a clock is set back, or ours is wrong, the next life may seem to have gone before this one.
    if (history.clock === 'steps' || !ourClockIsRight(history)) return { kind: 'open to doubt' };
    if (lives.slice(i + 1).some(({ sid }) => sid === life.sid)) return { kind: 'over' };
    const restarts = history.arrivals.filter(({ restart }) => restart && restart.at_ms > life.reports[0]!.at_ms);
    if (restarts.length === 0) return { kind: 'on' };
    return restarts.some((restart) => isHeardAfter(history, restart, heard))
      ? { kind: 'down', at_ms: restarts.map((restart) => momentOf(history, restart, base_ms)) }
      : { kind: 'open to doubt' };
  });
}

/** Whether the listener certainly knew the life, all of it, when it heard of the restart: then nothing of it may stay open. */
function isHeardAfter(history: History, restart: Arrival, heard: readonly Arrival[]): boolean {
  if (sharedByTwo(history)) return false;
  return [restart, ...heard].every(({ via }) => via === 'direct') && heard.every(({ at_ms }) => at_ms < restart.at_ms);
}

/** When a restart happened, as far as its router can tell: by its clock if that may be believed, else when it was heard of. */
function momentOf(history: History, { sent_ms, at_ms, stamped }: Arrival, base_ms: number): number {
  const stamp = stamped ? stampOf(history.phases, base_ms, sent_ms) : undefined;
  const behind_ms = stamp === undefined ? undefined : base_ms + at_ms - stamp * 1000;
  return behind_ms !== undefined && behind_ms >= 0 && behind_ms <= 600_000 ? stamp! * 1000 : base_ms + at_ms;
}

/** One line for a person: enough to see what differs. */
export function tell(lives: readonly Expected[]): string {
  return lives.map(tellOne).join(', ');
}

export function tellOne(life: Expected): string {
  return `${life.up}/${life.down} in ${life.seconds} s${life.stopped ? ' stopped' : ''}${life.login === null ? '' : ` of login ${life.login}`}`;
}

export function tellEnding(ending: Ending): string {
  switch (ending.kind) {
    case 'stop':
      return 'the Stop to end it';
    case 'on':
      return 'nobody to end it';
    case 'over':
      return 'it to be over, for its id lived again';
    case 'down':
      return `it to be ended by its router's restart, at ${ending.at_ms.join(' or ')}`;
    case 'open to doubt':
      return 'no Stop to end it';
  }
}
