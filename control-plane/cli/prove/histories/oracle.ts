import type { History, Life } from './history';

/** What must stand in the database of one life of a session id. */
export interface Expected {
  sid: string;
  up: bigint;
  down: bigint;
  seconds: number;
  stopped: boolean;
}

/**
 * The truth about a history, told from the side of the router: of each life that was heard of at all, the last report
 * that arrived counts, whatever came before, after, twice or not at all. It knows nothing of how Lango decides.
 */
export function expectedOf(history: History): Expected[] {
  const heard = new Map<Life, Expected>();
  for (const { life, report } of history.arrivals) {
    if (!life || !report) continue;
    const soFar = heard.get(life) ?? { sid: life.sid, up: 0n, down: 0n, seconds: 0, stopped: false };
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

/** One line for a person: enough to see what differs. */
export function tell(lives: readonly Expected[]): string {
  return lives
    .map((life) => `${life.up}/${life.down} in ${life.seconds} s${life.stopped ? ' stopped' : ''}`)
    .join(', ');
}
