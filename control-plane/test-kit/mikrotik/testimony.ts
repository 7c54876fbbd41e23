import type { SimulatedMikrotik } from './router';
import type { Report, Session } from './session';

/** What a router said of one session and what it was told in return. */
interface Said {
  username: string;
  /** Octets of the last report of each kind; reports only grow. */
  sentUp: bigint;
  sentDown: bigint;
  ackedUp: bigint;
  ackedDown: bigint;
  /** The last of it that was acknowledged. */
  acked: Report | undefined;
}

/** What had been acknowledged at a moment, by router and session id. */
export type Mark = ReadonlyMap<string, Readonly<Said>>;

/** Octets that Lango has of one session. */
export interface Stored {
  router: string;
  acctSessionId: string;
  up: bigint;
  down: bigint;
}

export interface Comparison {
  /** A sentence for each session that is not as it must be. */
  differences: string[];
  /** Sessions whose row equals the last report. */
  exact: number;
  bytes: bigint;
}

/**
 * Stands at the routers and writes down what was reported and acknowledged. Whatever was lost on the way, rows must hold
 * at least what was acknowledged and at most what was sent.
 */
export class Testimony {
  private readonly said = new Map<string, Said>();
  acknowledged = 0;
  lost = 0;

  watch(router: SimulatedMikrotik): void {
    router.events.on((event) => {
      if (event.kind !== 'accounting') return;
      if (event.outcome.kind === 'acknowledged') this.acknowledged++;
      else this.lost++;
      if (event.session) this.note(router.identity, event.session);
    });
  }

  get sessions(): number {
    return this.said.size;
  }

  /** To be taken before the rows are read: sessions go on meanwhile, and what is acknowledged later need not be in them. */
  mark(): Mark {
    return new Map([...this.said].map(([key, said]) => [key, { ...said }]));
  }

  /** Compares every session with what is stored: at least what was acknowledged at the mark; several rows of one session id of a router count together. */
  compare(rows: readonly Stored[], mark: Mark): Comparison {
    const known = new Map<string, { up: bigint; down: bigint }>();
    for (const row of rows) {
      const key = `${row.router} ${row.acctSessionId}`;
      const { up, down } = known.get(key) ?? { up: 0n, down: 0n };
      known.set(key, { up: up + row.up, down: down + row.down });
    }
    const found: Comparison = { differences: [], exact: 0, bytes: 0n };
    for (const [key, said] of this.said) {
      const row = known.get(key);
      const before = mark.get(key);
      if (row === undefined) {
        if (before?.acked)
          found.differences.push(
            `session ${key} of ${said.username} was acknowledged (${before.acked.status} of ${new Date(before.acked.at_ms).toISOString()}) and is not in the database`,
          );
        continue;
      }
      const { up, down } = row;
      found.bytes += up + down;
      if (before && (up < before.ackedUp || down < before.ackedDown))
        found.differences.push(
          `session ${key}: ${up}/${down} bytes stored, ${before.ackedUp}/${before.ackedDown} were acknowledged`,
        );
      if (up > said.sentUp || down > said.sentDown)
        found.differences.push(
          `session ${key}: ${up}/${down} bytes stored, only ${said.sentUp}/${said.sentDown} were sent`,
        );
      if (up === said.sentUp && down === said.sentDown) found.exact++;
    }
    for (const key of known.keys())
      if (!this.said.has(key)) found.differences.push(`session ${key} was never reported`);
    return found;
  }

  private note(router: string, session: Session): void {
    const key = `${router} ${session.id}`;
    const said = this.said.get(key) ?? {
      username: session.username,
      sentUp: 0n,
      sentDown: 0n,
      ackedUp: 0n,
      ackedDown: 0n,
      acked: undefined,
    };
    this.said.set(key, said);
    for (const report of session.reports) {
      const { status, counters, acknowledged } = report;
      // A Start carries no counters.
      const { up, down } = status === 'Start' ? { up: 0n, down: 0n } : counters;
      if (up > said.sentUp) said.sentUp = up;
      if (down > said.sentDown) said.sentDown = down;
      if (!acknowledged) continue;
      said.acked = report;
      if (up > said.ackedUp) said.ackedUp = up;
      if (down > said.ackedDown) said.ackedDown = down;
    }
  }
}
